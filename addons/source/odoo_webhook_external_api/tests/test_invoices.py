from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.tests import tagged

from .common import Webhooks


@tagged('post_install', '-at_install')
class TestInvoices(Webhooks, AccountTestInvoicingCommon):

    def setUp(self):
        super().setUp()
        self.env['webhook.config'].sudo().with_context(active_test=False).search([]).unlink()
        self.config = self.configure(['account.move'])
        self.told()

    def only(self, event, record):
        found = self.told()
        self.assertEqual([(e['event'], e['data']['id']) for e in found], [(event, record.id)])
        return found[0]['data']

    def test_invoice_from_its_creation_to_its_cancelling(self):
        invoice = self.init_invoice('out_invoice', products=self.product_a)
        data = self.only('account.move.created', invoice)
        self.assertEqual((data['move_type'], data['state'], data['partner_id'], data['partner_name']),
                         ('out_invoice', 'draft', invoice.partner_id.id, invoice.partner_id.name))
        self.assertEqual([(line['product_id'], line['product_name'], line['quantity'], line['price_subtotal']) for line in data['invoice_line_ids']],
                         [(self.product_a.id, self.product_a.name, 1.0, invoice.amount_untaxed)])
        self.assertEqual(data['amount_total'], invoice.amount_total)

        invoice.invoice_line_ids.quantity = 3
        data = self.only('account.move.updated', invoice)
        self.assertEqual(data['amount_untaxed'], invoice.amount_untaxed)
        self.assertIn('amount_total', data['old_values'])

        invoice.action_post()
        data = self.only('account.move.validated', invoice)
        self.assertEqual((data['name'], data['state'], data['old_values']['state']), (invoice.name, 'posted', 'draft'))
        self.assertRegex(data['invoice_date_due'], r'^\d{4}-\d\d-\d\d$')

        # The payment state is recomputed past write().
        self.env['account.payment.register'].with_context(active_model='account.move', active_ids=invoice.ids).create({})._create_payments()
        data = self.only('account.move.updated', invoice)
        self.assertEqual(data['old_values']['payment_state'], 'not_paid')
        self.assertEqual(data['amount_residual'], 0.0)

        invoice.button_draft()
        self.only('account.move.updated', invoice)
        invoice.button_cancel()
        self.only('account.move.cancelled', invoice)

    def test_posting_by_itself_is_validated(self):
        invoice = self.init_invoice('out_invoice', products=self.product_a)
        self.told()
        invoice._post(soft=False)
        self.only('account.move.validated', invoice)

    def test_created_and_posted_at_once(self):
        invoice = self.init_invoice('out_invoice', products=self.product_a, post=True)
        self.assertEqual(self.names(), [('account.move.created', invoice.id), ('account.move.validated', invoice.id)])

    def test_vendor_bills_only_where_they_are_asked_for(self):
        self.init_invoice('in_invoice', products=self.product_a)
        self.assertEqual(self.told(), [])
        self.config.sudo().invoices = 'all'
        bill = self.init_invoice('in_invoice', products=self.product_a)
        self.only('account.move.created', bill)
        self.env['account.move'].create({'move_type': 'entry'})
        self.assertEqual(self.told(), [])
