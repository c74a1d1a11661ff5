from xmlrpc.client import Fault

from odoo.tests import HttpCase, tagged

from .common import Webhooks


@tagged('post_install', '-at_install')
class TestRPC(Webhooks, HttpCase):
    """What the daemon calls, over the wire."""

    def call(self, model, method, *args, **kwargs):
        if not hasattr(self, 'password'):
            user = self.env.ref('base.user_admin')
            self.login, self.password = user.login, 'webhook-test'
            user.password = self.password
            self.env.flush_all()
        db = self.env.cr.dbname
        uid = self.xmlrpc_common.login(db, self.login, self.password)
        return self.xmlrpc_object.execute_kw(db, uid, self.password, model, method, args, kwargs)

    def test_compare_and_set(self):
        partner = self.env['res.partner'].create({'name': "p"})
        self.env.flush_all()
        version = self.call('res.partner', 'odoosync_write_date', [partner.id])[0]
        self.assertEqual(version['id'], partner.id)
        answer = self.call('res.partner', 'odoosync_write', [partner.id], {'city': "there"}, version['write_date'])
        self.assertTrue(answer['written'])
        answer = self.call('res.partner', 'odoosync_write', [partner.id], {'city': "there"}, '2000-01-01 00:00:00.000001')
        self.assertFalse(answer['written'])
        with self.assertRaises(Fault):
            self.call('res.partner', 'odoosync_write', [partner.id], {'nonsense': 1}, answer['write_date'])

    def test_reading_the_deliveries_of_missing_numbers(self):
        config = self.configure(['res.partner'])
        partner = self.env['res.partner'].create({'name': "p"})
        self.commit()
        self.env['webhook.delivery'].search([('res_id', '=', partner.id)]).sequence = 3
        self.env.flush_all()
        found = self.call('webhook.delivery', 'search_read', [('config_id.stream', '=', config.stream), ('sequence', 'in', [3])],
                          fields=['sequence', 'model', 'res_id', 'event', 'state'])
        self.assertEqual([(d['sequence'], d['model'], d['res_id']) for d in found], [(3, 'res.partner', partner.id)])
