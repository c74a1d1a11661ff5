import base64
import binascii
import time
import uuid
from collections import namedtuple

from odoo import _, api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from ..services import webhook_service
from .account_move import CUSTOMER

MODELS = [
    ('sale.order', "Sale"),
    ('account.move', "Invoice"),
    ('res.partner', "Contact"),
    ('crm.lead', "Lead"),
]

Route = namedtuple('Route', 'config company events move_types')


class WebhookConfig(models.Model):
    _name = 'webhook.config'
    _description = 'Webhook'
    _order = 'model, name, id'

    name = fields.Char(string="Name", required=True)
    model = fields.Selection(MODELS, string="Model", required=True)
    webhook_url = fields.Char(string="Webhook URL", required=True, help="For example https://your-api.com/webhooks/odoo/sale-order")
    api_key = fields.Char(string="API Key", groups='base.group_system', copy=False, help="Sent as: Authorization: Bearer <key>")
    signing_secret = fields.Char(
        string="Signing Secret", groups='base.group_system', copy=False,
        help="Signs each event in both ways: Standard Webhooks, and HMAC-SHA256 in X-Webhook-Signature. After whsec_ it is read as base64.")
    active = fields.Boolean(string="Active", default=True)
    company_id = fields.Many2one(
        'res.company', string="Company", help="Only records of this company and those of none. Empty: of all companies.")
    event_ids = fields.Many2many('webhook.event', string="Events", domain="[('model', '=', model)]", help="Empty: all events of the model.")
    invoices = fields.Selection(
        [('customer', "Customer invoices and credit notes"), ('all', "Vendor bills and receipts too")],
        string="Invoices", default='customer', required=True)
    retention_days = fields.Integer(string="Keep Deliveries (Days)", default=30, help="Failed ones are kept three times as long.")
    stream = fields.Char(
        string="Stream", readonly=True, copy=False,
        help="Sent as X-Webhook-Stream beside the number in X-Webhook-Sequence, which has no holes within a stream.")
    database_uuid = fields.Char(string="Database", readonly=True, copy=False)
    copied = fields.Boolean(string="Of Another Database", compute='_compute_copied')
    delivery_ids = fields.One2many('webhook.delivery', 'config_id', string="Deliveries")

    pending_count = fields.Integer(string="Pending", compute='_compute_counts')
    sent_count = fields.Integer(string="Sent", compute='_compute_counts')
    failed_count = fields.Integer(string="Failed", compute='_compute_counts')
    success_rate = fields.Float(string="Success Rate (%)", compute='_compute_counts', digits=(5, 1))
    mean_time = fields.Float(string="Processing Time (ms)", compute='_compute_counts', digits=(10, 0))
    volume_hour = fields.Integer(string="Volume (Last Hour)", compute='_compute_counts')
    volume_day = fields.Integer(string="Volume (Last 24 Hours)", compute='_compute_counts')
    last_sequence = fields.Integer(string="Last Number", compute='_compute_counts')
    blocked_until = fields.Datetime(string="Waiting Until", compute='_compute_counts', help="The receiver could not be reached.")

    def _compute_counts(self):
        self.env.flush_all()
        cr = self.env.cr
        cr.execute("SELECT config_id, last_sequence, sent, failed, milliseconds, blocked_until FROM webhook_counter WHERE config_id = ANY(%s)", [self.ids])
        totals = {row[0]: row[1:] for row in cr.fetchall()}
        cr.execute("""
            SELECT config_id, count(*) FILTER (WHERE state = 'pending'),
                   count(*) FILTER (WHERE state = 'sent' AND sent_date > now() at time zone 'UTC' - interval '1 hour'),
                   count(*) FILTER (WHERE state = 'sent' AND sent_date > now() at time zone 'UTC' - interval '1 day')
              FROM webhook_delivery WHERE config_id = ANY(%s) GROUP BY config_id""", [self.ids])
        rows = {row[0]: row[1:] for row in cr.fetchall()}
        for config in self:
            last, sent, failed, milliseconds, blocked = totals.get(config._origin.id, (0, 0, 0, 0, None))
            config.pending_count, config.volume_hour, config.volume_day = rows.get(config._origin.id, (0, 0, 0))
            config.last_sequence, config.sent_count, config.failed_count = last, sent, failed
            config.success_rate = 100.0 * sent / (sent + failed) if sent + failed else 0.0
            config.mean_time = milliseconds / sent if sent else 0.0
            config.blocked_until = blocked

    @api.depends('database_uuid')
    def _compute_copied(self):
        for config in self:
            config.copied = bool(config.database_uuid) and config.database_uuid != self._database_uuid()

    @api.constrains('webhook_url')
    def _check_webhook_url(self):
        for config in self:
            problem = webhook_service.url_problem(config.webhook_url)
            if problem == 'credentials':
                raise ValidationError(_("The webhook URL must not hold a password: use the API key."))
            if problem:
                raise ValidationError(_("The webhook URL must begin with http:// or https:// and name a host."))

    @api.constrains('signing_secret', 'api_key')
    def _check_secrets(self):
        for config in self.sudo():
            key = config.api_key or ''
            if not key.isascii() or not key.isprintable() or key != key.strip():
                raise ValidationError(_("The API key must be plain ASCII without spaces around it."))
            secret = config.signing_secret or ''
            if secret.startswith('whsec_'):
                try:
                    raw = base64.b64decode(secret[len('whsec_'):], validate=True)
                except binascii.Error:
                    raw = b''
                if not raw:
                    raise ValidationError(_("A signing secret that begins with whsec_ must go on in base64."))
            elif secret and not secret.strip():
                raise ValidationError(_("The signing secret must not be blank."))

    @api.constrains('retention_days')
    def _check_retention_days(self):
        if any(config.retention_days < 1 for config in self):
            raise ValidationError(_("Deliveries are kept for one day at least."))

    @api.constrains('event_ids', 'model')
    def _check_events(self):
        for config in self:
            if any(event.model != config.model for event in config.event_ids):
                raise ValidationError(_("An event that was chosen is not one of the model's."))

    @api.onchange('model')
    def _onchange_model(self):
        self.event_ids = self.event_ids.filtered(lambda event: event.model == self.model)

    @api.model_create_multi
    def create(self, vals_list):
        configs = super().create(vals_list)
        configs.sudo()._begin()
        configs._forget_routes()
        return configs

    def write(self, vals):
        result = super().write(vals)
        if {'webhook_url', 'active'} & set(vals):
            # Whoever sets an address or switches on means this very database.
            self.sudo()._adopt_database()
            self.env.cr.execute("UPDATE webhook_counter SET blocked_until = NULL WHERE config_id = ANY(%s)", [self.ids])
        self._forget_routes()
        return result

    def unlink(self):
        result = super().unlink()
        self._forget_routes()
        return result

    def _begin(self):
        """Give what has none a stream of numbers of its own."""
        self.env['webhook.counter'].create([{'config_id': config.id} for config in self])
        self._adopt_database()

    def _adopt_database(self):
        """Send for this database from here on, under numbers of its own: those of
        the database it was copied from are that one's still."""
        others = self.filtered(lambda c: c.database_uuid != c._database_uuid())
        if not others:
            return
        for config in others:
            config.write({'database_uuid': self._database_uuid(), 'stream': str(uuid.uuid4())})
        self.env.flush_all()
        self.env.cr.execute("UPDATE webhook_counter SET last_sequence = 0 WHERE config_id = ANY(%s)", [others.ids])
        self.env.cr.execute("UPDATE webhook_delivery SET sequence = 0 WHERE config_id = ANY(%s) AND sequence > 0", [others.ids])
        self.env['webhook.delivery'].invalidate_model(['sequence'])

    @api.model
    def _database_uuid(self):
        return self.env['ir.config_parameter'].sudo().get_param('database.uuid')

    @api.model
    def _forget_routes(self):
        registry = self.env.registry
        clear = getattr(registry, 'clear_cache', None) or registry.clear_caches
        clear()
        # Another thread may read the old state until the commit.
        self.env.cr.postcommit.add(clear)

    @api.model
    @tools.ormcache()
    def _routes(self):
        """The active configurations by model: read as superuser, by every hook."""
        cr = self.env.cr
        if not tools.sql.table_exists(cr, 'webhook_config'):
            return {}  # just now installed or uninstalled
        this = self.sudo().with_context(active_test=False)
        this.flush_model()
        routes = {}
        names = {}
        for event in this.env['webhook.event'].search([]):
            names.setdefault(event.model, {})[event.id] = event.name[len(event.model) + 1:]
        for config in this.search([('active', '=', True)], order='id'):
            chosen = config.event_ids or this.env['webhook.event'].browse(names.get(config.model, ()))
            routes.setdefault(config.model, []).append(Route(
                config=config.id,
                company=config.company_id.id or 0,
                events=frozenset(names[config.model][event.id] for event in chosen if event.id in names.get(config.model, ())),
                move_types=CUSTOMER if config.model == 'account.move' and config.invoices == 'customer' else (),
            ))
        return routes

    def action_test(self):
        """Tell the receiver of the newest record, now, and show its answer."""
        self.ensure_one()
        self.env['webhook.delivery']._check_sender()
        model = self.env[self.model].sudo().with_context(active_test=False)
        domain = [('company_id', 'in', [self.company_id.id, False])] if self.company_id else []
        if self.model == 'account.move':
            domain.append(('move_type', 'in', CUSTOMER))
        record = model.search(domain, limit=1, order='id desc')
        if not record:
            raise UserError(_("There is no record of this model yet to send a test of."))
        body = self.env['webhook.delivery']._test_body(record)
        config = self.sudo()
        service = webhook_service.WebhookService()
        try:
            headers = service.headers(body, 'test-%s' % uuid.uuid4(), config.api_key, config.signing_secret, now=time.time())
            answer = service.post(config.webhook_url, body, headers)
        finally:
            service.close()
        if answer.ok:
            message = _("HTTP %(status)s after %(time)s ms: %(answer)s", status=answer.status, time=answer.milliseconds, answer=answer.text)
        elif answer.status:
            message = _("Refused with HTTP %(status)s after %(time)s ms: %(answer)s", status=answer.status, time=answer.milliseconds, answer=answer.text)
        else:
            message = _("No answer after %(time)s ms: %(reason)s", time=answer.milliseconds, reason=answer.text)
        return {
            'type': 'ir.actions.client',
            'tag': 'display_notification',
            'params': {'title': _("Test of %s", self.name), 'message': message, 'type': 'success' if answer.ok else 'danger', 'sticky': True},
        }

    def action_deliveries(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('odoo_webhook_external_api.action_webhook_delivery')
        return dict(action, domain=[('config_id', '=', self.id)], context={'default_config_id': self.id})

    def action_send_now(self):
        """Do not wait for the receiver any longer."""
        self.env['webhook.delivery']._check_sender()
        self.env.cr.execute("UPDATE webhook_counter SET blocked_until = NULL WHERE config_id = ANY(%s)", [self.ids])
        self.env.cr.execute("UPDATE webhook_delivery SET next_attempt = NULL WHERE state = 'pending' AND config_id = ANY(%s)", [self.ids])
        self.env['webhook.delivery'].invalidate_model(['next_attempt'])
        self.env['webhook.delivery']._trigger_cron()
