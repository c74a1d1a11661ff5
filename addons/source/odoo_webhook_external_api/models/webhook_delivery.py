import logging
import time
import uuid
from datetime import timedelta

from odoo import api, fields, models

from ..services import webhook_service
from .webhook_config import CHOICES

_logger = logging.getLogger(__name__)

# Seconds until the next attempt, after each that failed: the guide's three at
# once, after 2 and after 4 seconds, then slower and slower for two days.
PAUSES = (2, 4, 60, 300, 900, 3600) + (4 * 3600,) * 12
RUN = 240  # seconds a run of the cron may take before it asks for the next one
KEPT = 30  # days that sent deliveries are kept


class WebhookDelivery(models.Model):
    _name = "webhook.delivery"
    _description = "Webhook Delivery"
    _order = "id desc"
    _rec_name = "event"

    config_id = fields.Many2one("webhook.config", "Webhook", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="config_id.company_id", store=True)
    event = fields.Char("Event", required=True, index=True)
    model = fields.Char("Model", required=True)
    res_id = fields.Integer("Record")
    payload = fields.Json("Payload", groups="base.group_system")
    origin = fields.Char("Origin", help="odoosync: the sync daemon made this change itself.")
    state = fields.Selection([("pending", "Waiting"), ("sent", "Sent"), ("failed", "Failed")], "State", default="pending", required=True, index=True)
    delivery_id = fields.Char("Delivery", required=True, default=lambda self: "msg_" + uuid.uuid4().hex, copy=False)
    number = fields.Integer("Number", copy=False)
    attempts = fields.Integer("Attempts")
    next_attempt = fields.Datetime("Next Attempt", default=fields.Datetime.now, index=True)
    sent_at = fields.Datetime("Sent At")
    response_code = fields.Integer("HTTP Status")
    duration = fields.Float("Duration (ms)")
    error = fields.Char("Error")

    @api.model
    def _keep(self, vals_list):
        """Writes deliveries, and has them sent once the transaction is committed.

        The events of a record are told once a transaction: where it is flushed
        several times (a savepoint does that), the later state replaces the
        earlier one of the same event, and keeps its old values.
        """
        told = self._told_so_far()
        fresh, keys = [], []
        for vals in vals_list:
            key = (vals["config_id"], vals["model"], vals["res_id"], vals["event"])
            earlier = self.browse(told.get(key)).exists()
            if earlier and earlier.state == "pending" and not earlier.number:
                old = dict(vals["payload"]["data"].get("old_values") or {}, **(earlier.payload["data"].get("old_values") or {}))
                payload = vals["payload"]
                if old:
                    payload["data"]["old_values"] = old
                earlier.payload = payload
                continue
            fresh.append(vals)
            keys.append(key)
        for key, delivery in zip(keys, self.create(fresh)):
            told[key] = delivery.id
        self.env.ref("odoo_webhook_external_api.ir_cron_send")._trigger()

    def _told_so_far(self):
        """The deliveries that this transaction has written, by what they tell."""
        cr = self.env.cr
        if getattr(cr, "_webhook_told", None) is None:
            cr._webhook_told = {}
            forget = lambda: setattr(cr, "_webhook_told", None)  # noqa: E731
            cr.postcommit.add(forget)
            cr.postrollback.add(forget)
        return cr._webhook_told

    @api.model
    def _cron_send(self):
        """Sends what is due, oldest first and each record's in order, a commit
        each; goes on until nothing is due that will not wait long."""
        until = time.monotonic() + RUN
        while time.monotonic() < until:
            delivery = self._next_due()
            if delivery:
                delivery._send()
                self._commit()
                continue
            soon = self._soon()
            self._commit()
            if soon is None:
                break
            time.sleep(soon)
        else:
            self.env.ref("odoo_webhook_external_api.ir_cron_send")._trigger()
        self._forget_old()

    @api.model
    def _next_due(self):
        # No earlier delivery of the same record may still be waiting.
        self.env.cr.execute(
            "SELECT d.id FROM webhook_delivery d JOIN webhook_config c ON c.id = d.config_id AND c.active WHERE d.state = 'pending' AND d.next_attempt <= %s"
            " AND NOT EXISTS (SELECT 1 FROM webhook_delivery e WHERE e.config_id = d.config_id AND e.model = d.model AND e.res_id = d.res_id AND e.state = 'pending' AND e.id < d.id)"
            " ORDER BY d.id LIMIT 1 FOR UPDATE OF d SKIP LOCKED", [fields.Datetime.now()])
        row = self.env.cr.fetchone()
        return self.browse(row[0]) if row else self

    @api.model
    def _soon(self):
        """The seconds until the next attempt, where that is within the run's quick ones."""
        self.env.cr.execute("SELECT min(d.next_attempt) FROM webhook_delivery d JOIN webhook_config c ON c.id = d.config_id AND c.active WHERE d.state = 'pending'")
        at = self.env.cr.fetchone()[0]
        if at is None:
            return None
        wait = (at - fields.Datetime.now()).total_seconds()
        return max(0.2, wait) if wait <= PAUSES[1] else None

    @api.model
    def _commit(self):
        self.env.cr.commit()

    def _send(self):
        """Sends one delivery and notes what came of it."""
        self.ensure_one()
        config = self.config_id.sudo()
        if not self.number:
            # The row lock makes the numbers follow each other without a hole: one
            # that is given is committed before it is sent.
            self.env.cr.execute("UPDATE webhook_config SET last_number = COALESCE(last_number, 0) + 1 WHERE id = %s RETURNING last_number", [config.id])
            self.number = self.env.cr.fetchone()[0]
            config.invalidate_recordset(["last_number"])
            self._commit()
        payload = self.payload
        body = webhook_service.body_of(payload)
        headers = webhook_service.headers_of(payload, body, config.api_key, config.signing_secret, self.delivery_id, self.number)
        if self.origin:
            headers["X-Webhook-Origin"] = self.origin
        begin = time.monotonic()
        code, error = webhook_service.post(config.webhook_url, body, headers)
        self._note(code, error, (time.monotonic() - begin) * 1000)

    def _note(self, code, error, duration):
        attempts = self.attempts + 1
        vals = {"attempts": attempts, "response_code": code or 0, "duration": duration, "error": error}
        what = "webhook %s %s of %s %d (delivery %s)" % (self.number, self.event, self.model, self.res_id, self.delivery_id)
        if not error:
            vals.update(state="sent", sent_at=fields.Datetime.now())
            _logger.info("%s was accepted after %d ms", what, duration)
        elif attempts > len(PAUSES):
            vals["state"] = "failed"
            _logger.error("%s failed for good after %d attempts: %s", what, attempts, error)
        else:
            vals["next_attempt"] = fields.Datetime.now() + timedelta(seconds=PAUSES[attempts - 1])
            _logger.warning("%s failed and is tried again in %d s: %s", what, PAUSES[attempts - 1], error)
        self.write(vals)

    def action_retry(self):
        """Has deliveries sent again, from the first attempt on."""
        self.sudo().filtered(lambda d: d.state != "sent").write({"state": "pending", "attempts": 0, "next_attempt": fields.Datetime.now(), "error": False})
        self.env.ref("odoo_webhook_external_api.ir_cron_send").sudo()._trigger()

    @api.model
    def _forget_old(self):
        before = fields.Datetime.now() - timedelta(days=KEPT)
        self.env.cr.execute("DELETE FROM webhook_delivery WHERE id IN (SELECT id FROM webhook_delivery WHERE state = 'sent' AND sent_at < %s LIMIT 5000)", [before])
        self._commit()


class WebhookSource(models.AbstractModel):
    _inherit = "webhook.source"

    def _webhook_deliveries(self, configs, journal):
        """The deliveries of what a transaction changed of this model."""
        before, lines = journal["before"], journal["lines"]
        after = self._webhook_read(list(before)) if before else {}
        changed = self._webhook_read_lines([i for i in lines if i in after]) if lines else {}
        vals_list = []
        for i, was in before.items():
            now = after.get(i)
            if was is None and now is None:
                continue  # made and deleted again
            if was == now and lines.get(i) == changed.get(i):
                continue
            record = self.browse(i)
            for told in record._webhook_told(was, now):
                vals_list += record._webhook_vals(configs, told, was, now, i in journal["daemon"])
        return vals_list

    def _webhook_vals(self, configs, told, was, now, daemon):
        event = "%s.%s" % (self._name, told)
        company = self.company_id if now is not None and "company_id" in self._fields else self.env["res.company"]
        vals_list = []
        for config in configs:
            if not config[CHOICES[told]] or (company and config.company_id and config.company_id != company):
                continue
            record = self.with_company(company or config.company_id or self.env.company)
            data = record._webhook_data() if now is not None else {"id": self.id}
            old = {n: self._webhook_old(n, was[n]) for n in self._webhook_fields if was and now and n in was and was[n] != now[n]}
            if old:
                data["old_values"] = old
            vals_list.append({
                "config_id": config.id, "model": self._name, "res_id": self.id, "event": event, "origin": "odoosync" if daemon else False,
                "payload": {"event": event, "timestamp": fields.Datetime.now().strftime("%Y-%m-%dT%H:%M:%SZ"), "data": data},
            })
        return vals_list

    def _webhook_old(self, name, value):
        """A value that the database had, as JSON has it."""
        if self._fields[name].type == "many2one":
            return value or None
        if self._fields[name].type in ("float", "monetary"):
            return float(value or 0)
        return self._webhook_json(name, value)
