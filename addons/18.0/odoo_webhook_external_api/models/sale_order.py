from odoo import models


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = ["sale.order", "webhook.source"]

    _webhook_fields = ("name", "state", "partner_id", "amount_total", "amount_untaxed", "amount_tax", "date_order", "user_id")
    _webhook_lines = ("order_line", "order_lines", (
        ("product_id", "product_id"), ("product_uom_qty", "quantity"), ("price_unit", "price_unit"), ("price_subtotal", "price_subtotal")))

    def _webhook_told(self, before, after):
        if before is not None and after is not None and before["state"] != after["state"]:
            return ["state.changed"]
        return super()._webhook_told(before, after)


class SaleOrderLine(models.Model):
    _name = "sale.order.line"
    _inherit = ["sale.order.line", "webhook.line"]

    _webhook_parent = "order_id"
