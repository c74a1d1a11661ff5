import logging
import threading
import time

import psycopg2

from odoo import api, models, modules

from ..services.webhook_service import Unsendable, WebhookService

_logger = logging.getLogger(__name__)

LONGEST_RUN = 45    # seconds; Odoo ends a cron that takes too long
LONGEST_SLEEP = 5   # seconds to wait inside a run for the next attempt
LOCK = 0x6F646F6F   # one sender a database

# No older event of the same record waits.
FIRST = """NOT EXISTS (
    SELECT 1 FROM webhook_delivery e WHERE e.state = 'pending' AND e.config_id = d.config_id
       AND e.model = d.model AND e.res_id = d.res_id AND e.id < d.id)"""
NOW = "clock_timestamp() at time zone 'UTC'"  # not this transaction's begin


class WebhookSender(models.Model):
    """Sending what is due, a commit each.

    The database is the queue: each attempt is written down before and after.
    Killed in between, the same event goes out again with the same id and the
    same number. While an event waits, later ones of the same record wait
    behind it; while a receiver cannot be reached, all of its configuration do.
    """

    _inherit = 'webhook.delivery'

    @api.model
    def _cron_send(self):
        """Called by the cron that every commit with events triggers."""
        self._send_due()

    @api.model
    def send_due(self):
        """For a scheduler outside of Odoo, where crons are switched off."""
        self._check_sender()
        return self.sudo()._send_due()

    @api.model
    def _send_due(self, seconds=LONGEST_RUN):
        """Send until nothing is due any more; returns how many attempts."""
        cr = self.env.cr
        self.env.flush_all()
        cr.execute("SELECT pg_try_advisory_lock(%s, 0)", [LOCK])
        if not cr.fetchone()[0]:
            return 0  # another process sends; it looks again before it ends
        service, attempts, end = WebhookService(), 0, time.monotonic() + seconds
        try:
            attempts = self._send_until(service, end)
        finally:
            service.close()
            try:
                cr.execute("SELECT pg_advisory_unlock(%s, 0)", [LOCK])
            except psycopg2.Error:  # the transaction has failed
                cr.rollback()
                cr.execute("SELECT pg_advisory_unlock(%s, 0)", [LOCK])
        return attempts

    @api.model
    def _send_until(self, service, end):
        attempts = 0
        while True:
            row = self._next_due()
            if row and time.monotonic() >= end:
                self._trigger_cron()
                break
            if row:
                attempts += 1
                self._attempt(service, row)
                continue
            wait = self._next_wait()
            if wait is None:
                break
            if wait > LONGEST_SLEEP or time.monotonic() + wait >= end:
                self._trigger_cron(self._at(wait))
                break
            self._commit()
            time.sleep(wait)
        self._commit()
        return attempts

    @api.model
    def _at(self, wait):
        self.env.cr.execute("SELECT %s + make_interval(secs => %%s)" % NOW, [wait])
        return self.env.cr.fetchone()[0].replace(microsecond=0)

    @api.model
    def _open_configs(self):
        """Configurations that may send now, of this database and no copy."""
        self.env.cr.execute("""
            SELECT w.id FROM webhook_config w JOIN webhook_counter c ON c.config_id = w.id
             WHERE w.active AND (c.blocked_until IS NULL OR c.blocked_until <= %s)
               AND w.database_uuid = (SELECT value FROM ir_config_parameter WHERE key = 'database.uuid')""" % NOW)
        return [row[0] for row in self.env.cr.fetchall()]

    @api.model
    def _next_due(self):
        """The oldest event that may go, None if there is none."""
        configs = self._open_configs()
        if not configs:
            return None
        self.env.cr.execute("""
            SELECT d.id FROM webhook_delivery d
             WHERE d.state = 'pending' AND d.config_id = ANY(%%s) AND (d.next_attempt IS NULL OR d.next_attempt <= %s)
               AND %s
             ORDER BY d.id LIMIT 1""" % (NOW, FIRST), [configs])
        found = self.env.cr.fetchone()
        return found[0] if found else None

    @api.model
    def _next_wait(self):
        """Seconds until something is due, None when nothing waits."""
        self.env.cr.execute("""
            SELECT EXTRACT(EPOCH FROM min(GREATEST(d.next_attempt, c.blocked_until)) - clock_timestamp() at time zone 'UTC')
              FROM webhook_delivery d JOIN webhook_config w ON w.id = d.config_id AND w.active
              JOIN webhook_counter c ON c.config_id = w.id
             WHERE d.state = 'pending' AND """ + FIRST + """
               AND w.database_uuid = (SELECT value FROM ir_config_parameter WHERE key = 'database.uuid')""")
        wait = self.env.cr.fetchone()[0]
        return None if wait is None else max(float(wait), 0.05)

    @api.model
    def _attempt(self, service, row):
        """One attempt of one event."""
        cr = self.env.cr
        self._insist(lambda: self._number(row))
        cr.execute("""
            SELECT d.payload, d.message_id, d.sequence, d.attempts, d.event, d.res_id, d.config_id, w.webhook_url, w.api_key, w.signing_secret, w.stream
              FROM webhook_delivery d JOIN webhook_config w ON w.id = d.config_id WHERE d.id = %s""", [row])
        found = cr.fetchone()
        if not found:
            return  # its configuration was deleted meanwhile
        payload, message, sequence, attempts, event, res_id, config, url, key, secret, stream = found
        self._commit()
        answer = self._post(service, url, payload, (message, key, secret, stream, sequence))
        attempts += 1
        delay = None if answer.ok else answer.delay(attempts)
        self._insist(lambda: self._note(row, config, answer, delay))
        what = (event, res_id, sequence, attempts)
        if answer.ok:
            _logger.info("webhook sent: %s, record %s, number %s, attempt %s, %s ms", *what, answer.milliseconds)
        elif delay is not None:
            _logger.warning("webhook not sent: %s, record %s, number %s, attempt %s: %s; again in %s s", *what, answer.reason, delay)
        else:
            _logger.error("webhook failed: %s, record %s, number %s, attempt %s: %s; send it again from the list of deliveries", *what, answer.reason)

    @api.model
    def _post(self, service, url, payload, args):
        """Whatever goes wrong with one event is its failed attempt, and keeps no
        other from being sent."""
        try:
            body = payload.encode()
            return service.post(url, body, service.headers(body, *args))
        except Exception as e:  # pylint: disable=broad-except
            _logger.exception("webhook not sent: it cannot be made")
            return Unsendable(0, type(e).__name__, 0)

    @api.model
    def _number(self, row):
        """Give the event the next number of its configuration, once. It is
        committed with the event before the first attempt, so none is lost."""
        self.env.cr.execute("""
            WITH n AS (
                UPDATE webhook_counter c SET last_sequence = c.last_sequence + 1
                  FROM webhook_delivery d WHERE d.id = %s AND d.sequence = 0 AND c.config_id = d.config_id
             RETURNING c.last_sequence)
            UPDATE webhook_delivery SET sequence = n.last_sequence FROM n WHERE webhook_delivery.id = %s""", [row, row])

    @api.model
    def _note(self, row, config, answer, delay):
        """Write down what came of an attempt."""
        cr = self.env.cr
        if answer.ok:
            cr.execute("""
                UPDATE webhook_delivery SET state = 'sent', attempts = attempts + 1, sent_date = %s, next_attempt = NULL, write_date = %s,
                       last_status = %%s, last_error = NULL, last_answer = NULL, milliseconds = %%s WHERE id = %%s""" % (NOW, NOW),
                [answer.status, answer.milliseconds, row])
            cr.execute("UPDATE webhook_counter SET sent = sent + 1, milliseconds = milliseconds + %s, blocked_until = NULL WHERE config_id = %s",
                       [answer.milliseconds, config])
            return
        cr.execute("""
            UPDATE webhook_delivery SET attempts = attempts + 1, last_status = %s, last_error = %s, last_answer = %s, milliseconds = %s,
                   state = CASE WHEN %s::float IS NULL THEN 'failed' ELSE 'pending' END,
                   next_attempt = clock_timestamp() at time zone 'UTC' + make_interval(secs => %s::float),
                   write_date = clock_timestamp() at time zone 'UTC'
             WHERE id = %s AND state = 'pending'""",
            [answer.status, answer.reason, answer.text if answer.status else None, answer.milliseconds, delay, delay, row])
        cr.execute("""
            UPDATE webhook_counter SET failed = failed + %s,
                   blocked_until = CASE WHEN %s THEN clock_timestamp() at time zone 'UTC' + make_interval(secs => %s::float) END
             WHERE config_id = %s""",
            [int(delay is None), answer.unavailable and delay is not None, delay, config])

    @api.model
    def _insist(self, work):
        """Do it again when somebody changed the row in the meantime."""
        for last in (False, False, True):
            try:
                work()
                return self._commit()
            except psycopg2.errors.SerializationFailure:
                if last:
                    raise
                self.env.cr.rollback()

    @api.model
    def _commit(self):
        """End the transaction; in tests the test does."""
        if getattr(threading.current_thread(), 'testing', False) or getattr(modules.module, 'current_test', None):
            self.env.flush_all()
            return
        self.env.cr.commit()
