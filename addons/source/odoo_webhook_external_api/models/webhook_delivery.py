import json
from datetime import datetime, timedelta

from odoo import _, api, fields, models
from odoo.exceptions import AccessError

from ..services import changes, payloads, snapshots, wake

GC_BATCH = 10000


class WebhookDelivery(models.Model):
    """The outbox: one row is one event for one configuration.

    Rows are written in the transaction that they tell of (services/events.py)
    and sent after its commit (webhook_sender.py). The id is given while the
    record's row is locked by that transaction, so per record it is the order of
    the commits.
    """

    _name = 'webhook.delivery'
    _description = 'Webhook Delivery'
    _order = 'id desc'
    _rec_name = 'event'
    _log_access = True

    config_id = fields.Many2one('webhook.config', string="Configuration", required=True, ondelete='cascade', index=True, readonly=True)
    company_id = fields.Many2one('res.company', string="Company", readonly=True, ondelete='cascade')
    event = fields.Char(string="Event", required=True, readonly=True)
    model = fields.Char(string="Model", required=True, readonly=True)
    res_id = fields.Integer(string="Record", required=True, readonly=True)
    payload = fields.Text(string="Body", readonly=True, groups='base.group_system')
    message_id = fields.Char(string="Message", readonly=True, copy=False, help="Sent as webhook-id: the same at each attempt.")
    merged_into = fields.Integer(string="Merged Into", readonly=True, help="The contact that this one was merged into.")
    origin = fields.Char(string="Origin", readonly=True, help="Who wrote the record, where it was not a person.")
    state = fields.Selection(
        [('pending', "Pending"), ('sent', "Sent"), ('failed', "Failed"), ('cancelled', "Cancelled")],
        string="Status", required=True, default='pending', readonly=True)
    sequence = fields.Integer(string="Number", default=0, readonly=True, help="Given at the first attempt, without holes within the configuration.")
    attempts = fields.Integer(string="Attempts", default=0, readonly=True)
    next_attempt = fields.Datetime(string="Next Attempt", readonly=True)
    sent_date = fields.Datetime(string="Sent On", readonly=True)
    last_status = fields.Integer(string="HTTP Status", readonly=True)
    last_error = fields.Char(string="Error", readonly=True)
    last_answer = fields.Text(string="Answer", readonly=True, groups='base.group_system')
    milliseconds = fields.Integer(string="Processing Time (ms)", readonly=True, **{'group_operator': 'avg'})  # only 16 17
    milliseconds = fields.Integer(string="Processing Time (ms)", readonly=True, aggregator='avg')  # only 18 19

    def init(self):
        cr = self.env.cr
        cr.execute("CREATE INDEX IF NOT EXISTS webhook_delivery_due ON webhook_delivery (config_id, id) WHERE state = 'pending'")
        cr.execute("CREATE INDEX IF NOT EXISTS webhook_delivery_order ON webhook_delivery (config_id, model, res_id, id) WHERE state = 'pending'")
        cr.execute("CREATE UNIQUE INDEX IF NOT EXISTS webhook_delivery_number ON webhook_delivery (config_id, sequence) WHERE sequence > 0")
        cr.execute("CREATE INDEX IF NOT EXISTS webhook_delivery_sent ON webhook_delivery (sent_date) WHERE state = 'sent'")

    @api.model
    def _wake(self, noted):
        """Have the cron run as soon as this transaction is committed.

        What Odoo's _trigger() does, but once a transaction and not once a
        savepoint, and without keeping who saves waiting.
        """
        cr = self.env.cr
        cron = self._cron()
        if not cron:
            return
        if noted.trigger:
            cr.execute("SELECT 1 FROM ir_cron_trigger WHERE id = %s", [noted.trigger])
            if cr.fetchone():
                return  # otherwise a savepoint took it back
        else:
            database = cr.dbname
            cr.postcommit.add(lambda: wake.wake(database))
        cr.execute("INSERT INTO ir_cron_trigger (cron_id, call_at) VALUES (%s, now() at time zone 'UTC') RETURNING id", [cron.id])
        noted.trigger = cr.fetchone()[0]

    @api.model
    def _cron(self):
        return self.env.ref('odoo_webhook_external_api.cron_send', raise_if_not_found=False)

    @api.model
    def _trigger_cron(self, at=None):
        cron = self._cron()
        if cron:
            cron.sudo()._trigger(at)

    @api.model
    def _check_sender(self):
        if not (self.env.su or self.env.user.has_group('base.group_system')):
            raise AccessError(_("Only administrators may send webhooks."))

    def action_retry(self):
        """Send again, from the first attempt on."""
        self._check_sender()
        again = self.sudo().filtered(lambda d: d.state in ('failed', 'cancelled', 'pending'))
        again.write({'state': 'pending', 'attempts': 0, 'next_attempt': False, 'last_error': False})
        if again:
            self.env.cr.execute("UPDATE webhook_counter SET blocked_until = NULL WHERE config_id = ANY(%s)", [again.config_id.ids])
            self._trigger_cron()

    def action_cancel(self):
        """Do not send it any more."""
        self._check_sender()
        self.sudo().filtered(lambda d: d.state == 'pending').write({'state': 'cancelled', 'next_attempt': False})

    def action_open_record(self):
        self.ensure_one()
        return {'type': 'ir.actions.act_window', 'res_model': self.model, 'res_id': self.res_id, 'view_mode': 'form', 'views': [(False, 'form')]}

    @api.model
    def _test_body(self, record):
        """An update of a record that changed nothing, marked as a test."""
        found = snapshots.read(record, record.ids)
        data = payloads.build(record, found, {record.id: changes.Note()})
        return json.dumps({
            'event': '%s.updated' % record._name,
            'timestamp': datetime.utcnow().strftime('%Y-%m-%dT%H:%M:%SZ'),
            'data': data[record.id],
            'test': True,
        }).encode()

    @api.autovacuum
    def _gc_deliveries(self):
        now = datetime.utcnow()
        for config in self.env['webhook.config'].sudo().with_context(active_test=False).search([]):
            for states, days in ((('sent', 'cancelled'), config.retention_days), (('failed',), 3 * config.retention_days)):
                self.env.cr.execute("""
                    DELETE FROM webhook_delivery WHERE id IN (
                        SELECT id FROM webhook_delivery WHERE config_id = %s AND state IN %s AND write_date < %s LIMIT %s)""",
                    [config.id, states, now - timedelta(days=max(days, 1)), GC_BATCH])
        self.invalidate_model()
