from odoo import models


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "webhook.source"]

    _webhook_fields = ("name", "email", "phone", "street", "zip", "city", "vat", "is_company", "parent_id")
    _webhook_watched = ("active", "street2", "state_id", "country_id", "ref", "type", "lang")
