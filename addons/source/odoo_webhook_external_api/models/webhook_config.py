from odoo import _, api, fields, models, tools
from odoo.exceptions import ValidationError

from .webhook_source import KEY

MODELS = [("sale.order", "Sale"), ("account.move", "Invoice"), ("res.partner", "Contact"), ("crm.lead", "Lead")]

# Which of the choices below an event falls under.
CHOICES = {
    "created": "on_created", "updated": "on_updated", "deleted": "on_deleted", "state.changed": "on_state_changed",
    "validated": "on_validated", "cancelled": "on_cancelled", "converted": "on_converted", "won": "on_won",
}


class WebhookConfig(models.Model):
    _name = "webhook.config"
    _description = "Webhook"
    _order = "model, name, id"

    name = fields.Char("Name", required=True)
    model = fields.Selection(MODELS, "Model", required=True)
    webhook_url = fields.Char("Webhook URL", required=True)
    api_key = fields.Char("API Key", groups="base.group_system", copy=False)
    signing_secret = fields.Char(
        "Signing Secret", groups="base.group_system", copy=False,
        help="Signs each delivery, as Standard Webhooks do and with a HMAC in X-Webhook-Signature.")
    active = fields.Boolean("Active", default=True)
    company_id = fields.Many2one("res.company", "Company", default=lambda self: self.env.company, help="Only its records; empty for those of all companies.")
    on_created = fields.Boolean("Created", default=True)
    on_updated = fields.Boolean("Updated", default=True)
    on_deleted = fields.Boolean("Deleted", default=True)
    on_state_changed = fields.Boolean("State Changed", default=True)
    on_validated = fields.Boolean("Validated", default=True)
    on_cancelled = fields.Boolean("Cancelled", default=True)
    on_converted = fields.Boolean("Converted", default=True)
    on_won = fields.Boolean("Won", default=True)
    last_number = fields.Integer("Last Number", readonly=True, copy=False, help="Of the deliveries sent so far, without holes.")
    delivery_ids = fields.One2many("webhook.delivery", "config_id", "Deliveries")
    sent_count = fields.Integer("Sent", compute="_compute_figures")
    failed_count = fields.Integer("Failed", compute="_compute_figures")
    waiting_count = fields.Integer("Waiting", compute="_compute_figures")
    success_rate = fields.Float("Success Rate", compute="_compute_figures", help="Of the deliveries that ended, in percent.")
    mean_time = fields.Float("Processing Time", compute="_compute_figures", help="Mean time of a successful delivery, in milliseconds.")

    def _compute_figures(self):
        self.env.cr.execute(
            "SELECT config_id, count(*) FILTER (WHERE state = 'sent'), count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'pending'),"
            " avg(duration) FILTER (WHERE state = 'sent') FROM webhook_delivery WHERE config_id IN %s GROUP BY config_id", [tuple(self.ids) or (0,)])
        found = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        for config in self:
            sent, failed, waiting, mean = found.get(config.id, (0, 0, 0, None))
            config.sent_count, config.failed_count, config.waiting_count = sent, failed, waiting
            config.success_rate = 100.0 * sent / (sent + failed) if sent + failed else 0.0
            config.mean_time = mean or 0.0

    @api.constrains("webhook_url")
    def _check_url(self):
        for config in self:
            if not (config.webhook_url or "").lower().startswith(("https://", "http://")):
                raise ValidationError(_("The webhook's URL must begin with https:// or http://"))

    @api.model_create_multi
    def create(self, vals_list):
        configs = super().create(vals_list)
        self._forget_listening()
        return configs

    def write(self, vals):
        done = super().write(vals)
        self._forget_listening()
        return done

    def unlink(self):
        done = super().unlink()
        self._forget_listening()
        return done

    @api.model
    def _forget_listening(self):
        registry = self.env.registry
        if hasattr(registry, "clear_cache"):
            registry.clear_cache()
        else:  # Odoo 16
            registry.clear_caches()

    @api.model
    @tools.ormcache()
    def _listening(self):
        """The models that any webhook is sent of."""
        self.env.cr.execute("SELECT DISTINCT model FROM webhook_config WHERE active")
        return frozenset(row[0] for row in self.env.cr.fetchall())

    @api.model
    def _journal(self, model):
        """What this transaction has touched of a model: 'before' by id, 'lines'
        by id, and 'daemon', the ids that only the sync daemon touched. None where
        nobody wants to know."""
        if model not in self._listening() or self.env.context.get("webhook_quiet"):
            return None
        precommit = self.env.cr.precommit
        if KEY not in precommit.data:
            precommit.data[KEY] = {}
            precommit.add(self.sudo()._write_deliveries)
        return precommit.data[KEY].setdefault(model, {"before": {}, "lines": {}, "daemon": set()})

    def _write_deliveries(self):
        """Writes the events of this transaction, in the order in which their
        records were first touched. It runs right before the commit."""
        journals = self.env.cr.precommit.data.pop(KEY, {})
        self.env.flush_all()
        vals_list = []
        for model, journal in journals.items():
            configs = self.sudo().search([("model", "=", model), ("active", "=", True)])
            if configs:
                vals_list += self.env[model].sudo().with_context(active_test=False, webhook_quiet=True)._webhook_deliveries(configs, journal)
        if not vals_list:
            return
        self.env["webhook.delivery"].sudo()._keep(vals_list)
        self.env.flush_all()

    def action_send_test(self):
        """Sends a delivery of an example, and shows the answer."""
        self.ensure_one()
        delivery = self.env["webhook.delivery"].sudo().create({
            "config_id": self.id, "model": self.model, "res_id": 0, "event": self.model + ".test",
            "payload": {"event": self.model + ".test", "timestamp": fields.Datetime.now().strftime("%Y-%m-%dT%H:%M:%SZ"), "data": {"id": 0, "test": True}},
        })
        delivery._send()
        sent = delivery.state == "sent"
        return {
            "type": "ir.actions.client", "tag": "display_notification",
            "params": {
                "type": "success" if sent else "warning", "sticky": not sent,
                "message": _("The receiver accepted it (HTTP %s).") % delivery.response_code if sent else delivery.error,
            },
        }
