from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import WebhookCase


@tagged('post_install', '-at_install')
class TestCompareAndSet(WebhookCase):

    def version(self, record):
        return record.odoosync_write_date()[0]['write_date']

    def age(self, table, ids):
        """As if another transaction had written."""
        self.env.flush_all()
        self.env.cr.execute('UPDATE "%s" SET write_date = write_date - interval \'1 microsecond\' WHERE id IN %%s' % table, [tuple(ids)])
        self.env.invalidate_all()

    def test_it_writes_what_is_still_as_expected(self):
        self.configure(['res.partner'])
        before = self.version(self.partner)
        self.assertRegex(before, r'^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d')
        self.age('res_partner', self.partner.ids)
        seen = self.version(self.partner)
        self.assertNotEqual(seen, before)
        answer = self.partner.odoosync_write({'city': "there"}, seen)
        self.assertEqual(answer, {'written': True, 'write_date': self.version(self.partner)})
        self.assertEqual(self.partner.city, "there")
        self.assertEqual([e.get('origin') for e in self.told()], ['daemon'])

    def test_a_microsecond_is_enough_to_refuse(self):
        seen = self.version(self.partner)
        self.age('res_partner', self.partner.ids)
        answer = self.partner.odoosync_write({'city': "there"}, seen)
        self.assertEqual(answer, {'written': False, 'write_date': self.version(self.partner)})
        self.assertFalse(self.partner.city)

    def test_a_lines_text_is_part_of_its_orders_version(self):
        order = self.order()
        self.commit()
        seen = self.version(order)
        self.age('sale_order_line', order.order_line.ids)
        self.assertFalse(order.odoosync_write({'client_order_ref': "x"}, seen)['written'])
        self.assertTrue(order.odoosync_write({'client_order_ref': "x"}, self.version(order))['written'])

    def test_a_deleted_record_is_not_written(self):
        partner = self.env['res.partner'].create({'name': "gone"})
        seen = self.version(partner)
        partner.unlink()
        self.assertEqual(partner.odoosync_write({'city': "there"}, seen), {'written': False, 'write_date': False})
        self.assertEqual(partner.odoosync_write_date(), [])

    def test_the_callers_rights_apply(self):
        user = self.clerk()
        order = self.order()
        seen = self.version(order)
        with self.assertRaises(AccessError):
            order.with_user(user).odoosync_write({'client_order_ref': "x"}, seen)
        with self.assertRaises(AccessError):
            order.with_user(user).odoosync_write_date()
