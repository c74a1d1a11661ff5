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

    def test_a_token_tells_what_became_of_a_write(self):
        seen = self.version(self.partner)
        self.assertIs(self.partner.odoosync_written('one'), False)
        answer = self.partner.odoosync_write({'city': "there"}, seen, 'one')
        self.assertEqual(self.partner.odoosync_written('one'), answer['write_date'])
        self.age('res_partner', self.partner.ids)  # somebody takes it back
        self.partner.city = "here"
        self.assertEqual(self.partner.odoosync_write({'city': "there"}, seen, 'one'), answer)
        self.assertEqual((self.partner.city, self.partner.odoosync_written('one')), ("here", answer['write_date']))
        self.assertIs(self.partner.odoosync_written('two'), False)
        self.assertIs(self.order().odoosync_written('one'), False)

    def test_a_write_that_is_refused_leaves_no_token(self):
        self.assertFalse(self.partner.odoosync_write({'city': "there"}, 'another', 'one')['written'])
        self.assertIs(self.partner.odoosync_written('one'), False)
        for token in ('', 'x' * 65, 7, False):
            with self.assertRaises(ValueError):
                self.partner.odoosync_write({'city': "there"}, self.version(self.partner), token)

    def test_tokens_are_forgotten_after_days(self):
        self.partner.odoosync_write({'city': "there"}, self.version(self.partner), 'one')
        self.env['webhook.written']._gc_written()
        self.assertTrue(self.partner.odoosync_written('one'))
        self.env.cr.execute("UPDATE webhook_written SET create_date = create_date - interval '30 days 1 minute'")
        self.env['webhook.written']._gc_written()
        self.assertIs(self.partner.odoosync_written('one'), False)

    def test_the_callers_rights_apply(self):
        user = self.clerk()
        order = self.order()
        seen = self.version(order)
        with self.assertRaises(AccessError):
            order.with_user(user).odoosync_write({'client_order_ref': "x"}, seen)
        with self.assertRaises(AccessError):
            order.with_user(user).odoosync_write_date()
        with self.assertRaises(AccessError):
            order.with_user(user).odoosync_written('one')
