from odoo import models

INVOICES = ("out_invoice", "out_refund")
REACHED = {"posted": "validated", "cancel": "cancelled"}


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "webhook.source"]

    _webhook_fields = ("name", "move_type", "state", "partner_id", "amount_total", "amount_untaxed", "amount_tax", "invoice_date", "invoice_date_due", "payment_state")
    _webhook_lines = ("invoice_line_ids", "invoice_line_ids", (
        ("product_id", "product_id"), ("quantity", "quantity"), ("price_unit", "price_unit"), ("price_subtotal", "price_subtotal")))

    def _webhook_told(self, before, after):
        if (after or before)["move_type"] not in INVOICES or after is None:
            return []  # the guide knows no event for a deleted invoice
        reached = REACHED.get(after["state"])
        if before is None:
            return ["created"] + ([reached] if reached else [])
        if reached and before["state"] != after["state"]:
            return [reached]
        return ["updated"]


class AccountMoveLine(models.Model):
    _name = "account.move.line"
    _inherit = ["account.move.line", "webhook.line"]

    _webhook_parent = "move_id"
