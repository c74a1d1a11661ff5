from odoo import fields, models


class WebhookCounter(models.Model):
    """What changes with each attempt of a configuration.

    Apart from the configuration, so that sending and editing it never wait for
    each other.
    """

    _name = 'webhook.counter'
    _description = 'Counter of a configuration'
    _rec_name = 'config_id'

    config_id = fields.Many2one('webhook.config', string="Configuration", required=True, ondelete='cascade', index=True, readonly=True)
    last_sequence = fields.Integer(string="Last Number", default=0, readonly=True)
    sent = fields.Integer(string="Sent", default=0, readonly=True)
    failed = fields.Integer(string="Failed", default=0, readonly=True)
    milliseconds = fields.Float(string="Time of All Sent", default=0, digits=(16, 0), readonly=True)
    blocked_until = fields.Datetime(string="Waiting Until", readonly=True)

    def init(self):
        self.env.cr.execute('CREATE UNIQUE INDEX IF NOT EXISTS webhook_counter_config_unique ON webhook_counter (config_id)')
