from odoo import models


class CrmLead(models.Model):
    _name = "crm.lead"
    _inherit = ["crm.lead", "webhook.source"]

    _webhook_fields = ("name", "type", "partner_id", "contact_name", "email_from", "phone", "probability", "expected_revenue")
    _webhook_watched = ("active", "stage_id")

    def _webhook_told(self, before, after):
        if after is None:
            return []  # the guide knows no event for a deleted lead
        if before is None:
            return ["created"] + (["won"] if self._webhook_won(after) else [])
        told = []
        if before["type"] == "lead" and after["type"] == "opportunity":
            told.append("converted")
        if self._webhook_won(after) and not self._webhook_won(before):
            told.append("won")
        return told or ["updated"]

    def _webhook_won(self, values):
        """Odoo's won is a won stage with a probability of 100."""
        return bool(values["stage_id"]) and values["probability"] == 100 and self.env["crm.stage"].browse(values["stage_id"]).is_won
