from odoo import models

from ..services.snapshots import Lines


class SaleOrder(models.Model):
    _name = 'sale.order'
    _inherit = ['sale.order', 'webhook.source']

    _webhook_fields = (
        'name', 'state', 'partner_id', 'amount_total', 'amount_untaxed', 'amount_tax', 'date_order', 'user_id',
        'client_order_ref', 'locked', 'company_id',
    )
    _webhook_private = ('currency_id',)
    _webhook_names = {
        'partner_name': ('partner_id', 'res.partner', 'name'),
        'currency': ('currency_id', 'res.currency', 'name'),
    }
    _webhook_lines = Lines(
        'order_lines', 'order_line',
        fields={
            'product_id': 'product_id', 'quantity': 'product_uom_qty', 'price_unit': 'price_unit',
            'price_subtotal': 'price_subtotal', 'price_total': 'price_total', 'discount': 'discount',
            'name': 'name', 'display_type': 'display_type', 'is_downpayment': 'is_downpayment',
        },
        names={
            'product_name': ('product_id', 'product.product', 'name'),
            'product_code': ('product_id', 'product.product', 'default_code'),
        },
    )

    def _webhook_specific(self, before, now):
        was = before.get('state') if before else 'draft'
        return ['state.changed'] if now.get('state') != was else []


class SaleOrderLine(models.Model):
    _name = 'sale.order.line'
    _inherit = ['sale.order.line', 'webhook.source.line']
    _webhook_parent = 'order_id'
