from odoo import fields, models


class WebhookEvent(models.Model):
    _name = 'webhook.event'
    _description = 'Kind of event'
    _order = 'model, id'

    name = fields.Char(string="Event", required=True, readonly=True)  # the guide's name of it
    model = fields.Char(string="Model", required=True, readonly=True)
