"""Waking Odoo's crons after a commit, beside it.

Odoo tells its crons over a connection to the database postgres, which it opens
anew each time. That may take longer than all else that is done for an event,
so a thread does it: at once, and then once for all commits of the next moment.
If the process dies before, the trigger in the database is found within a minute.
"""

import logging
import threading
import time

from odoo import sql_db
from odoo.addons.base.models.ir_cron import ODOO_NOTIFY_FUNCTION

_logger = logging.getLogger(__name__)

PAUSE = 0.05  # seconds after each time

_lock = threading.Lock()
_waiting = set()  # databases whose crons are to be told
_threads = []     # the one that tells them, while it does


def wake(database):
    """Have the crons of the database look for work."""
    with _lock:
        _waiting.add(database)
        if not any(thread.is_alive() for thread in _threads):
            _threads[:] = [threading.Thread(target=_tell, name='odoo_webhook_external_api.wake', daemon=True)]
            _threads[0].start()


def _tell():
    while True:
        with _lock:
            databases = sorted(_waiting)
            _waiting.clear()
            if not databases:
                _threads.clear()
                return
        try:
            _notify(databases)
        except Exception as e:  # pylint: disable=broad-except
            _logger.warning("webhooks: the crons could not be told (%s); they look by themselves within a minute", type(e).__name__)
        time.sleep(PAUSE)


def _notify(databases):
    function = '"%s"' % (ODOO_NOTIFY_FUNCTION or 'pg_notify').replace('"', '""')
    with sql_db.db_connect('postgres').cursor() as cr:
        for database in databases:
            cr.execute("SELECT %s('cron_trigger', %%s)" % function, [database])
