import importlib.util
import os
from datetime import datetime, timedelta

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .. import hooks
from .common import Receiver, WebhookCase

MODULE = 'odoo_webhook_external_api'


@tagged('post_install', '-at_install')
class TestConfig(WebhookCase):

    def test_only_http_addresses(self):
        for url in ('ftp://example.com/', 'file:///etc/passwd', 'https://user:password@example.com/', 'nonsense'):
            with self.assertRaises(ValidationError):
                self.configure(['res.partner'], url=url)

    def test_secrets_that_cannot_be_sent(self):
        for values in ({'signing_secret': 'whsec_!'}, {'signing_secret': 'whsec_'}, {'api_key': 'clé'}, {'api_key': 'a\nb'}):
            with self.assertRaises(ValidationError):
                self.configure(['res.partner'], **values)

    def test_an_event_of_another_model(self):
        with self.assertRaises(ValidationError):
            self.configure(['res.partner'], event_ids=[(4, self.env.ref(MODULE + '.event_crm_lead_won').id)])

    def test_fifteen_events(self):
        self.assertEqual(self.env['webhook.event'].search_count([]), 15)

    def test_people_see_nothing_readers_no_keys_administrators_all(self):
        config = self.configure(['res.partner'], api_key='k', signing_secret='s')
        self.partner.city = "there"
        self.commit()
        delivery = self.env['webhook.delivery'].search([])
        clerk = self.clerk('base.group_partner_manager')
        for record in (config, delivery, config.event_ids):
            with self.assertRaises(AccessError):
                record.with_user(clerk).search([])
        groups = 'group_ids' if 'group_ids' in clerk._fields else 'groups_id'
        clerk.write({groups: [(4, self.env.ref(MODULE + '.group_webhook_reader').id)]})
        self.env.invalidate_all()
        self.assertEqual(config.with_user(clerk).read(['name', 'webhook_url', 'last_sequence'])[0]['name'], 'res.partner')
        self.assertEqual(delivery.with_user(clerk).read(['sequence', 'res_id', 'state'])[0]['res_id'], self.partner.id)
        for records, name in ((config, 'api_key'), (config, 'signing_secret'), (delivery, 'payload'), (delivery, 'last_answer')):
            with self.assertRaises(AccessError):
                records.with_user(clerk).read([name])
        for work in (lambda: config.with_user(clerk).write({'name': 'x'}), lambda: delivery.with_user(clerk).action_retry(),
                     lambda: config.with_user(clerk).action_test(), lambda: self.env['webhook.delivery'].with_user(clerk).send_due()):
            with self.assertRaises(AccessError):
                work()
        admin = self.env.ref('base.user_admin')
        self.assertEqual(config.with_user(admin).read(['api_key'])[0]['api_key'], 'k')

    def test_rules_by_company(self):
        other = self.env['res.company'].create({'name': "Other"})
        clerk = self.clerk(MODULE + '.group_webhook_reader')
        theirs = self.configure(['res.partner'], company_id=other.id)
        ours = self.configure(['res.partner'])
        self.env['res.partner'].create({'name': "t", 'company_id': other.id})
        mine = self.env['res.partner'].create({'name': "m"})
        self.commit()
        self.assertEqual(self.env['webhook.config'].with_user(clerk).search([]), ours)
        self.assertNotIn(theirs, self.env['webhook.config'].with_user(clerk).search([]))
        found = self.env['webhook.delivery'].with_user(clerk).search([])
        self.assertEqual(found.mapped(lambda d: (d.config_id, d.res_id)), [(ours, mine.id)])

    def test_each_has_a_stream_of_its_own_copies_too(self):
        config = self.configure(['res.partner'], api_key='k')
        copy = config.copy()
        self.assertTrue(config.stream and copy.stream and config.stream != copy.stream)
        self.assertFalse(copy.api_key)
        self.assertEqual(self.env['webhook.counter'].search_count([('config_id', 'in', (config + copy).ids)]), 2)

    def test_configurations_from_before_1_0(self):
        configs = self.configure(['res.partner', 'crm.lead'])
        self.env.cr.execute("UPDATE webhook_config SET stream = NULL, database_uuid = NULL")
        self.env.cr.execute("DELETE FROM webhook_counter")
        path = os.path.join(os.path.dirname(hooks.__file__), 'migrations', '1.0.0', 'post-streams.py')
        spec = importlib.util.spec_from_file_location('post_streams', path)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        script.migrate(self.env.cr, '0.1')
        self.env.invalidate_all()
        self.assertEqual(len(set(configs.mapped('stream')) - {False}), 2)
        self.assertTrue(all(configs.mapped('database_uuid')))
        self.assertEqual(self.env['webhook.counter'].search_count([]), 2)

    def test_a_test_shows_the_answer(self):
        receiver = Receiver()
        self.addCleanup(receiver.stop)
        config = self.configure(['res.partner'], url=receiver.url + 'partner', api_key='k')
        shown = config.action_test()['params']
        self.assertEqual(shown['type'], 'success')
        self.assertIn('"status": "success"', shown['message'])
        headers, _body = receiver.requests[0]
        body = receiver.bodies()[0]
        self.assertEqual((body['event'], body['test']), ('res.partner.updated', True))
        self.assertEqual(headers['Authorization'], 'Bearer k')
        self.assertIsNone(headers['X-Webhook-Sequence'])
        receiver.answers = [401]
        shown = config.action_test()['params']
        self.assertEqual(shown['type'], 'danger')
        self.assertIn('401', shown['message'])

    def test_a_neutralized_copy_sends_nothing(self):
        receiver = Receiver()
        self.addCleanup(receiver.stop)
        config = self.configure(['res.partner'], url=receiver.url, api_key='k', signing_secret='s')
        self.partner.city = "there"
        self.commit()
        with open(os.path.join(os.path.dirname(hooks.__file__), 'data', 'neutralize.sql'), encoding='utf-8') as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        config._forget_routes()
        self.env['webhook.delivery']._send_due()
        self.partner.city = "elsewhere"
        self.commit()
        self.assertEqual(self.env['webhook.delivery'].search([]).mapped('state'), ['cancelled'])
        self.assertFalse(receiver.requests or config.active or config.api_key or config.signing_secret)
        self.assertNotIn('127.0.0.1', config.webhook_url)

    def test_a_duplicated_database_sends_nothing(self):
        receiver = Receiver()
        self.addCleanup(receiver.stop)
        config = self.configure(['res.partner'], url=receiver.url)
        self.partner.city = "there"
        self.commit()
        self.env['ir.config_parameter'].set_param('database.uuid', 'of-the-duplicate')
        self.env['webhook.delivery']._send_due()
        self.assertFalse(receiver.requests)
        config.invalidate_recordset()
        self.assertTrue(config.copied)
        config.webhook_url = receiver.url  # somebody means it
        self.env['webhook.delivery']._send_due()
        self.assertEqual(len(receiver.requests), 1)

    def test_old_deliveries_go(self):
        config = self.configure(['res.partner'], retention_days=10)
        partners = self.env['res.partner'].create([{'name': str(i)} for i in range(5)])
        self.commit()
        deliveries = self.env['webhook.delivery'].search([], order='id')
        self.assertEqual(len(deliveries), len(partners))
        for delivery, (state, days) in zip(deliveries, [('sent', 9), ('sent', 11), ('failed', 11), ('failed', 31), ('pending', 99)]):
            self.env.cr.execute("UPDATE webhook_delivery SET state = %s, write_date = %s WHERE id = %s",
                                [state, datetime.utcnow() - timedelta(days=days), delivery.id])
        self.env.invalidate_all()
        deliveries._gc_deliveries()
        self.assertEqual(deliveries.exists(), deliveries[0] + deliveries[2] + deliveries[4])
        self.assertEqual(config.pending_count, 1)

    def test_uninstalling_says_what_was_not_sent(self):
        self.configure(['res.partner'])
        self.partner.city = "there"
        self.commit()
        with self.assertLogs(hooks.__name__, 'WARNING') as logs:
            hooks.uninstall_hook(self.env)
        self.assertIn('1 events', logs.output[0])
        cron = self.env.ref(MODULE + '.cron_send')
        self.assertFalse(self.env['ir.cron.trigger'].search([('cron_id', '=', cron.id)]))

    @mute_logger('odoo.addons.base.models.ir_module')
    def test_french(self):
        self.env['res.lang']._activate_lang('fr_FR')
        self.env['ir.module.module'].search([('name', '=', MODULE)])._update_translations(['fr_FR'])
        config = self.env['webhook.config'].with_context(lang='fr_FR')
        labels = config.fields_get()
        self.assertEqual(
            [labels[f]['string'] for f in ('name', 'model', 'webhook_url', 'api_key', 'active', 'success_rate', 'mean_time')],
            ["Nom", "Modèle", "URL du Webhook", "Clé API", "Actif", "Taux de succès (%)", "Temps de traitement (ms)"])
        self.assertEqual([label for _value, label in labels['model']['selection']], ["Vente", "Facture", "Contact", "Lead"])
        self.assertIn("Volume", labels['volume_day']['string'])
        menu = self.env.ref(MODULE + '.menu_webhook')
        self.assertEqual((menu.name, menu.parent_id), ("Webhooks", self.env.ref('base.menu_administration')))
