from odoo import models

from ..services.snapshots import Lines

CUSTOMER = ('out_invoice', 'out_refund')
INVOICES = CUSTOMER + ('out_receipt', 'in_invoice', 'in_refund', 'in_receipt')


class AccountMove(models.Model):
    _name = 'account.move'
    _inherit = ['account.move', 'webhook.source']

    _webhook_fields = (
        'name', 'move_type', 'state', 'payment_state', 'partner_id', 'amount_total', 'amount_untaxed', 'amount_tax',
        'amount_total_signed', 'amount_residual', 'invoice_date', 'invoice_date_due', 'ref', 'payment_reference',
        'invoice_origin', 'reversed_entry_id', 'company_id',
    )
    _webhook_private = ('currency_id', 'journal_id', 'invoice_payment_term_id')
    _webhook_names = {
        'partner_name': ('partner_id', 'res.partner', 'name'),
        'currency': ('currency_id', 'res.currency', 'name'),
        'journal': ('journal_id', 'account.journal', 'code'),
        'payment_term': ('invoice_payment_term_id', 'account.payment.term', 'name'),
    }
    _webhook_lines = Lines(
        'invoice_line_ids', 'invoice_line_ids',
        fields={
            'product_id': 'product_id', 'quantity': 'quantity', 'price_unit': 'price_unit',
            'price_subtotal': 'price_subtotal', 'price_total': 'price_total', 'discount': 'discount',
            'name': 'name', 'display_type': 'display_type',
        },
        names={
            'product_name': ('product_id', 'product.product', 'name'),
            'product_code': ('product_id', 'product.product', 'default_code'),
        },
        technical=('tax', 'payment_term', 'rounding', 'cogs', 'epd', 'discount', 'non_deductible_tax',
                   'non_deductible_product', 'non_deductible_product_total'),
    )
    _webhook_deleted = False  # the guide has no event for it

    def _webhook_concerns(self, snapshot):
        return snapshot.get('move_type') in INVOICES

    def _webhook_specific(self, before, now):
        was = before.get('state') if before else 'draft'
        state = now.get('state')
        if state == was:
            return []
        return {'posted': ['validated'], 'cancel': ['cancelled']}.get(state, [])


class AccountMoveLine(models.Model):
    _name = 'account.move.line'
    _inherit = ['account.move.line', 'webhook.source.line']
    _webhook_parent = 'move_id'
