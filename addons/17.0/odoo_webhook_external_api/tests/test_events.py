from odoo.tests import tagged

from .common import WebhookCase


@tagged('post_install', '-at_install')
class TestEvents(WebhookCase):

    def setUp(self):
        super().setUp()
        self.configs = self.configure()

    def only(self, event, record):
        found = self.told()
        self.assertEqual([(e['event'], e['data']['id']) for e in found], [(event, record.id)])
        return found[0]['data']

    # Orders

    def test_order_from_its_creation_to_its_end(self):
        order = self.order()
        data = self.only('sale.order.created', order)
        self.assertEqual(
            {k: data[k] for k in ('name', 'state', 'partner_id', 'partner_name', 'amount_total', 'amount_untaxed', 'amount_tax')},
            {'name': order.name, 'state': 'draft', 'partner_id': self.partner.id, 'partner_name': "École Primaire",
             'amount_total': 4500.0, 'amount_untaxed': 4500.0, 'amount_tax': 0.0})
        self.assertRegex(data['date_order'], r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$')
        self.assertNotIn('old_values', data)
        line = data['order_lines'][0]
        self.assertEqual(
            {k: line[k] for k in ('id', 'product_id', 'product_name', 'quantity', 'price_unit', 'price_subtotal')},
            {'id': order.order_line.id, 'product_id': self.product.id, 'product_name': "Voyage Scolaire",
             'quantity': 30.0, 'price_unit': 150.0, 'price_subtotal': 4500.0})

        order.order_line.price_unit = 200
        data = self.only('sale.order.updated', order)
        self.assertEqual(data['amount_total'], 6000.0)
        self.assertEqual(data['old_values']['amount_total'], 4500.0)
        self.assertEqual(data['old_values']['order_lines'][0]['price_unit'], 150.0)

        order.action_confirm()
        data = self.only('sale.order.state.changed', order)
        self.assertEqual((data['state'], data['old_values']['state']), ('sale', 'draft'))

        order._action_cancel()
        self.assertEqual(self.only('sale.order.state.changed', order)['state'], 'cancel')
        order_id = order.id
        order.unlink()
        found = self.told()
        self.assertEqual([(e['event'], e['data']) for e in found], [('sale.order.deleted', {'id': order_id})])

    def test_lines_that_come_go_and_are_renamed(self):
        order = self.order()
        self.told()
        order.order_line.name = "another text"
        self.only('sale.order.updated', order)
        line = self.env['sale.order.line'].create({'order_id': order.id, 'display_type': 'line_note', 'name': "a note"})
        data = self.only('sale.order.updated', order)
        self.assertEqual(len(data['order_lines']), 2)
        self.assertEqual(len(data['old_values']['order_lines']), 1)
        line.unlink()
        self.only('sale.order.updated', order)

    def test_created_and_confirmed_at_once_are_two_kinds(self):
        order = self.order()
        order.action_confirm()
        self.assertEqual(self.names(), [('sale.order.created', order.id), ('sale.order.state.changed', order.id)])

    # Contacts

    def test_contact_from_its_creation_to_its_end(self):
        partner = self.env['res.partner'].create({'name': "Lycée", 'country_id': self.env.ref('base.fr').id})
        data = self.only('res.partner.created', partner)
        self.assertEqual((data['name'], data['country_code'], data['email'], data['is_company']), ("Lycée", 'FR', None, False))
        partner.write({'email': 'lycee@example.com', 'city': "Rome"})
        partner.phone = '+33 1 23 45 67 89'
        partner.country_id = self.env.ref('base.it')
        data = self.only('res.partner.updated', partner)
        self.assertEqual(data['old_values'], {'email': None, 'city': None, 'phone': None, 'country_code': 'FR'})
        partner.active = False
        self.assertIs(self.only('res.partner.updated', partner)['active'], False)
        partner.unlink()
        self.only('res.partner.deleted', partner)

    def test_what_changes_nothing_is_no_event(self):
        self.partner.write({'name': self.partner.name})
        self.partner.write({'comment': "not told"})
        self.partner.write({'city': "there"})
        self.partner.write({'city': False})
        self.assertEqual(self.told(), [])

    def test_created_and_deleted_at_once_is_nothing(self):
        self.env['res.partner'].create({'name': "nobody"}).unlink()
        self.assertEqual(self.told(), [])

    def test_company_values_that_flow_to_contacts(self):
        company = self.env['res.partner'].create({'name': "C", 'is_company': True})
        child = self.env['res.partner'].create({'name': "c", 'parent_id': company.id})
        self.told()
        company.write({'street': "1, rue de la Paix"})
        self.assertIn(('res.partner.updated', child.id), self.names())

    def test_who_edits_a_line_locks_its_order(self):
        order = self.order()
        self.told()

        def place():
            self.env.flush_all()
            self.env.cr.execute("SELECT ctid::text, write_date FROM sale_order WHERE id = %s", [order.id])
            return self.env.cr.fetchone()
        before, written = place()
        order.order_line.name = "another"
        after, unchanged = place()
        self.assertNotEqual(after, before)
        self.assertEqual(unchanged, written)

    def test_a_merge_tells_of_the_survivor_and_of_what_pointed_at_the_others(self):
        twin = self.env['res.partner'].create({'name': "École Primaire"})
        child = self.env['res.partner'].create({'name': "c", 'parent_id': twin.id})
        order, lead = self.order(partner_id=twin.id), self.env['crm.lead'].create({'name': "l", 'partner_id': twin.id})
        self.told()
        self.env['base.partner.merge.automatic.wizard'].create({})._merge([self.partner.id, twin.id], self.partner)
        self.commit()
        merged = self.env['webhook.delivery'].search([('merged_into', '!=', 0)])
        self.assertEqual([(d.event, d.res_id, d.merged_into) for d in merged], [('res.partner.deleted', twin.id, self.partner.id)])
        found = {(e['event'], e['data']['id']): e['data'] for e in self.told()}
        self.assertEqual(found['res.partner.deleted', twin.id], {'id': twin.id, 'merged_into': self.partner.id})
        self.assertEqual(found['sale.order.updated', order.id]['partner_id'], self.partner.id)
        self.assertEqual(found['sale.order.updated', order.id]['old_values'], {'partner_id': twin.id})
        self.assertEqual(found['crm.lead.updated', lead.id]['partner_id'], self.partner.id)
        self.assertEqual(found['res.partner.updated', child.id]['parent_id'], self.partner.id)

    # Leads

    def test_lead_from_its_creation_to_its_win(self):
        lead = self.env['crm.lead'].create({'name': "Séjour", 'type': 'lead', 'email_from': 'a@example.com'})
        data = self.only('crm.lead.created', lead)
        self.assertEqual((data['type'], data['email_from'], data['status'], data['tags']), ('lead', 'a@example.com', 'open', []))
        lead.tag_ids = [(0, 0, {'name': "school"})]
        data = self.only('crm.lead.updated', lead)
        self.assertEqual((data['tags'], data['old_values']['tags']), (["school"], []))
        lead.convert_opportunity(self.partner, [])
        data = self.only('crm.lead.converted', lead)
        self.assertEqual((data['type'], data['old_values']['type'], data['partner_name']), ('opportunity', 'lead', "École Primaire"))
        lead.action_set_won()
        data = self.only('crm.lead.won', lead)
        self.assertEqual((data['status'], data['probability'], data['old_values']['status']), ('won', 100.0, 'open'))

    def test_a_lost_lead_is_updated(self):
        lead = self.env['crm.lead'].create({'name': "Séjour", 'type': 'opportunity'})
        self.told()
        lead.action_set_lost()
        self.assertEqual(self.only('crm.lead.updated', lead)['status'], 'lost')

    def test_a_stage_that_wins_is_a_win_without_a_button(self):
        lead = self.env['crm.lead'].create({'name': "Séjour", 'type': 'opportunity'})
        self.told()
        lead.stage_id = self.env['crm.stage'].search([('is_won', '=', True)], limit=1)
        self.only('crm.lead.won', lead)

    # Transactions

    def test_one_event_whatever_savepoints_there_are(self):
        for city in ("a", "b", "c"):
            with self.env.cr.savepoint():
                self.partner.city = city
        data = self.only('res.partner.updated', self.partner)
        self.assertEqual((data['city'], data['old_values']), ("c", {'city': None}))

    def test_a_savepoint_that_is_rolled_back_tells_nothing(self):
        self.partner.city = "kept"
        try:
            with self.env.cr.savepoint():
                self.partner.city = "lost"
                self.env['res.partner'].create({'name': "lost"})
                self.env.flush_all()
                self.env.cr.precommit.run()
                raise ValueError
        except ValueError:
            self.env.invalidate_all()
        data = self.only('res.partner.updated', self.partner)
        self.assertEqual(data['city'], "kept")

    def test_what_is_changed_back_after_a_savepoint_is_nothing(self):
        with self.env.cr.savepoint():
            self.partner.city = "there"
        self.partner.city = False
        self.assertEqual(self.told(), [])

    def test_a_thousand_at_once_in_order_each_once(self):
        partners = self.env['res.partner'].create([{'name': "p%d" % i} for i in range(1000)])
        self.assertEqual(self.names(), [('res.partner.created', i) for i in partners.ids])

    def test_the_daemons_writes_are_marked(self):
        self.partner.with_context(odoosync_origin='daemon').city = "there"
        found = self.told()
        self.assertEqual([e.get('origin') for e in found], ['daemon'])
        self.partner.with_context(odoosync_origin='daemon').city = "elsewhere"
        self.partner.street = "and a person's"
        self.assertEqual([e.get('origin') for e in self.told()], [None])

    def test_a_body_that_is_too_long_leaves_out_what_makes_it_so(self):
        lead = self.env['crm.lead'].create({'name': "long", 'description': "<p>%s</p>" % ("é" * 200_000)})
        data = self.only('crm.lead.created', lead)
        self.assertNotIn('description', data)
        self.assertEqual(data['name'], "long")

    # Choice

    def test_only_the_chosen_events(self):
        config = self.configs.filtered(lambda c: c.model == 'sale.order')
        config.event_ids = self.env.ref('odoo_webhook_external_api.event_sale_order_state_changed')
        order = self.order()
        order.order_line.price_unit = 1
        self.assertEqual(self.told(), [])
        order.action_confirm()
        self.only('sale.order.state.changed', order)
        config.event_ids = self.env.ref('odoo_webhook_external_api.event_sale_order_updated')
        order._action_cancel()
        self.only('sale.order.updated', order)

    def test_only_its_own_company_and_what_has_none(self):
        other = self.env['res.company'].create({'name': "Other"})
        config = self.configs.filtered(lambda c: c.model == 'res.partner')
        self.told()
        config.company_id = self.env.company
        mine, theirs, shared = self.env['res.partner'].create([
            {'name': "m", 'company_id': self.env.company.id}, {'name': "t", 'company_id': other.id}, {'name': "s"}])
        self.assertEqual(self.names(), [('res.partner.created', mine.id), ('res.partner.created', shared.id)])

    def test_two_configurations_are_told_each(self):
        self.configure(['res.partner'])
        self.partner.city = "there"
        self.assertEqual(len(self.told()), 2)

    def test_inactive_and_removed_ones_are_told_nothing(self):
        config = self.configs.filtered(lambda c: c.model == 'res.partner')
        config.active = False
        self.partner.city = "there"
        self.assertEqual(self.told(), [])
        config.unlink()
        self.partner.city = "elsewhere"
        self.assertEqual(self.told(), [])

    def test_people_without_rights_on_webhooks_are_told_of_too(self):
        user = self.clerk('base.group_partner_manager')
        self.told()
        self.partner.with_user(user).city = "there"
        self.only('res.partner.updated', self.partner)
