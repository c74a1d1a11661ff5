"""What happens when the module goes."""

import logging

from odoo import SUPERUSER_ID, api

from .services import changes

_logger = logging.getLogger(__name__)


def uninstall_hook(*args):
    """Say what will never be sent, and leave no trigger behind.

    Odoo 16 calls it with a cursor and the registry, later ones with an env.
    """
    env = args[0] if len(args) == 1 else api.Environment(args[0], SUPERUSER_ID, {})
    env.cr.execute("SELECT count(*) FROM webhook_delivery WHERE state = 'pending'")
    pending = env.cr.fetchone()[0]
    if pending:
        _logger.warning("webhooks: uninstalled with %d events that were not sent; a full resync of the receiver finds them", pending)
    cron = env.ref('odoo_webhook_external_api.cron_send', raise_if_not_found=False)
    if cron:
        env.cr.execute("DELETE FROM ir_cron_trigger WHERE cron_id = %s", [cron.id])
    changes.forget(env.cr)
