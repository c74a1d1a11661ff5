import logging
from unittest.mock import patch

from odoo.tests import tagged

from ..services import wake, webhook_service
from .common import Receiver, WebhookCase

SENDER = 'odoo.addons.odoo_webhook_external_api.models.webhook_sender'
QUICK = (0.05, 0.1, 300, 600)


@tagged('post_install', '-at_install')
class TestDelivery(WebhookCase):

    def setUp(self):
        super().setUp()
        self.receiver = Receiver()
        self.addCleanup(self.receiver.stop)
        self.config = self.configure(['res.partner'], url=self.receiver.url + 'partner', api_key='key', signing_secret='secret')
        delays = patch.object(webhook_service, 'DELAYS', QUICK)
        delays.start()
        self.addCleanup(delays.stop)

    def send(self):
        self.commit()
        attempts = self.env['webhook.delivery']._send_due()
        self.env.invalidate_all()
        return attempts

    def deliveries(self):
        return self.env['webhook.delivery'].search([], order='id')

    def later(self):
        """As if the time of all waiting had passed."""
        self.env.cr.execute("UPDATE webhook_delivery SET next_attempt = NULL")
        self.env.cr.execute("UPDATE webhook_counter SET blocked_until = NULL")

    def test_what_waits_behind_an_older_event_wakes_nobody(self):
        self.partner.city = "there"
        self.receiver.answers = [(500, {}), (500, {}), (500, {})]
        self.send()
        self.partner.city = "farther"
        self.commit()
        self.env.cr.execute("UPDATE webhook_counter SET blocked_until = NULL")
        delivery = self.env['webhook.delivery']
        self.assertEqual((len(self.deliveries()), delivery._next_due()), (2, None))
        self.assertGreater(delivery._next_wait(), 200)

    def test_an_event_that_cannot_be_made_stops_no_other(self):
        other = self.env['res.partner'].create({'name': "other"})
        self.partner.city = "there"
        self.commit()
        mine = self.deliveries().filtered(lambda d: d.res_id == self.partner.id)
        self.env.cr.execute("UPDATE webhook_delivery SET payload = '{' WHERE id = %s", [mine.id])
        self.env.invalidate_all()
        with self.assertLogs(SENDER, logging.ERROR):
            self.send()
        self.assertEqual((mine.state, mine.attempts, mine.last_error), ('pending', 3, 'JSONDecodeError'))
        sent = self.deliveries() - mine
        self.assertEqual((sent.res_id, sent.state), (other.id, 'sent'))

    def test_a_copy_that_is_switched_on_has_a_stream_of_its_own(self):
        self.partner.city = "there"
        self.send()
        original = self.config.stream
        self.env['ir.config_parameter'].sudo().set_param('database.uuid', 'another')
        self.partner.city = "farther"
        self.commit()
        self.assertEqual(self.env['webhook.delivery']._send_due(), 0)
        self.config.active = True
        self.assertNotIn(self.config.stream, (original, False))
        self.send()
        headers = [(h['X-Webhook-Stream'], h['X-Webhook-Sequence']) for h, _body in self.receiver.requests]
        self.assertEqual(headers, [(original, '1'), (self.config.stream, '1')])

    def test_it_is_sent_as_the_guide_wants(self):
        self.partner.city = "there"
        with self.assertLogs(SENDER, logging.INFO) as logs:
            self.send()
        headers, body = self.receiver.requests[0]
        payload = self.receiver.bodies()[0]
        self.assertEqual(set(payload), {'event', 'timestamp', 'data'})
        self.assertEqual((payload['event'], payload['data']['id']), ('res.partner.updated', self.partner.id))
        self.assertEqual(headers['Content-Type'], 'application/json')
        self.assertEqual(headers['Authorization'], 'Bearer key')
        self.assertEqual(headers['X-Webhook-Signature'], webhook_service.guide_signature(payload, 'secret'))
        delivery = self.deliveries()
        self.assertEqual(headers['webhook-id'], delivery.message_id)
        self.assertEqual(headers['webhook-signature'], webhook_service.standard_signature(
            headers['webhook-id'], int(headers['webhook-timestamp']), body, 'secret'))
        self.assertEqual((headers['X-Webhook-Stream'], headers['X-Webhook-Sequence']), (self.config.stream, '1'))
        self.assertEqual((delivery.state, delivery.attempts, delivery.last_status, delivery.sequence), ('sent', 1, 200, 1))
        self.assertEqual((self.config.sent_count, self.config.failed_count, self.config.success_rate, self.config.volume_day), (1, 0, 100.0, 1))
        self.assertTrue(logs.output[0].startswith('INFO'))
        self.assertNotIn("there", ''.join(logs.output))
        self.assertNotIn("École", ''.join(logs.output))

    def test_201_is_success_too(self):
        self.receiver.answers = [201]
        self.partner.city = "there"
        self.send()
        self.assertEqual(self.deliveries().state, 'sent')

    def test_three_attempts_in_one_run_then_later_with_the_same_id_and_number(self):
        self.receiver.answers = [500, 500, 500]
        self.partner.city = "there"
        with self.assertLogs(SENDER, 'WARNING') as logs:
            self.assertEqual(self.send(), 3)
        self.assertEqual([line.split(':')[0] for line in logs.output], ['WARNING'] * 3)
        delivery = self.deliveries()
        self.assertEqual((delivery.state, delivery.attempts, delivery.last_error), ('pending', 3, 'HTTP 500'))
        self.assertTrue(delivery.next_attempt and self.config.blocked_until)
        self.assertEqual(self.send(), 0)
        self.later()
        self.assertEqual(self.send(), 1)
        self.assertEqual(delivery.state, 'sent')
        self.assertEqual(len({(h['webhook-id'], h['X-Webhook-Sequence']) for h, _body in self.receiver.requests}), 1)

    def test_in_the_end_it_has_failed_and_is_sent_again_by_hand(self):
        self.receiver.answers = [500] * 5
        self.partner.city = "there"
        self.send()
        self.later()
        self.send()
        self.later()
        with self.assertLogs(SENDER, 'ERROR'):
            self.send()
        delivery = self.deliveries()
        self.assertEqual((delivery.state, delivery.attempts), ('failed', 5))
        self.assertEqual((self.config.failed_count, self.config.success_rate), (1, 0.0))
        self.assertEqual(self.send(), 0)
        delivery.action_retry()
        self.assertEqual(self.send(), 1)
        self.assertEqual((delivery.state, delivery.sequence), ('sent', 1))

    def test_no_redirect_is_followed(self):
        self.receiver.answers = [(302, {'Location': self.receiver.url})] * 3
        self.partner.city = "there"
        with self.assertLogs(SENDER, 'WARNING'):
            self.send()
        self.assertEqual((len(self.receiver.requests), self.deliveries().last_error), (3, 'HTTP 302'))

    def test_a_refused_event_holds_back_its_own_record_only(self):
        other = self.env['res.partner'].create({'name': "other"})
        self.send()
        self.receiver.requests.clear()
        self.receiver.answers = [422, 200, 422, 422]
        self.partner.city = "one"
        self.commit()
        other.city = "there"
        self.commit()
        self.partner.city = "two"
        with self.assertLogs(SENDER, 'WARNING'):
            self.send()
        self.assertEqual([(b['data']['id'], b['data']['city']) for b in self.receiver.bodies()],
                         [(self.partner.id, "one"), (other.id, "there"), (self.partner.id, "one"), (self.partner.id, "one")])
        self.later()
        self.send()
        self.assertEqual([b['data']['city'] for b in self.receiver.bodies()][4:], ["one", "two"])
        self.assertEqual(set(self.deliveries().mapped('state')), {'sent'})

    def test_a_receiver_that_is_down_gets_everything_in_order_afterwards(self):
        self.config.webhook_url = 'http://127.0.0.1:9/'
        partners = self.env['res.partner'].create([{'name': str(i)} for i in range(5)])
        with self.assertLogs(SENDER, 'WARNING'):
            self.assertEqual(self.send(), 3)
        self.assertEqual(sum(self.deliveries().mapped('attempts')), 3)
        self.config.webhook_url = self.receiver.url
        self.later()
        self.send()
        self.assertEqual([b['data']['id'] for b in self.receiver.bodies()], partners.ids)
        self.assertEqual([h['X-Webhook-Sequence'] for h, _body in self.receiver.requests], ['1', '2', '3', '4', '5'])

    def test_the_receiver_says_how_long_to_wait(self):
        self.receiver.answers = [(503, {'Retry-After': '120'})]
        self.partner.city = "there"
        with self.assertLogs(SENDER, 'WARNING'):
            self.assertEqual(self.send(), 1)
        wait = self.deliveries().next_attempt - self.deliveries().write_date
        self.assertGreater(wait.total_seconds(), 110)

    def test_numbers_have_no_holes_and_belong_to_their_configuration(self):
        second = self.configure(['res.partner'], url=self.receiver.url + 'second')
        self.env['res.partner'].create([{'name': str(i)} for i in range(3)])
        self.commit()
        self.env['webhook.delivery'].search([('config_id', '=', self.config.id)], order='id', limit=1).action_cancel()
        self.send()
        numbers = {c: [d.sequence for d in self.deliveries() if d.config_id == c and d.state == 'sent'] for c in (self.config, second)}
        self.assertEqual(numbers, {self.config: [1, 2], second: [1, 2, 3]})
        self.assertEqual((self.config.last_sequence, second.last_sequence), (2, 3))

    def test_the_commit_triggers_the_cron_once(self):
        cron = self.env.ref('odoo_webhook_external_api.cron_send')
        triggers = self.env['ir.cron.trigger'].search([('cron_id', '=', cron.id)])
        triggers.unlink()
        notified = []
        with patch.object(wake, 'wake', notified.append):
            for city in ("a", "b"):
                with self.env.cr.savepoint():
                    self.partner.city = city
            self.env.flush_all()
            self.env.cr.precommit.run()
            self.env.cr.postcommit.run()
        self.assertEqual(notified, [self.env.cr.dbname])
        self.assertEqual(self.env['ir.cron.trigger'].search_count([('cron_id', '=', cron.id)]), 1)

    def test_now_does_not_wait(self):
        self.receiver.answers = [500] * 3
        self.partner.city = "there"
        with self.assertLogs(SENDER, 'WARNING'):
            self.send()
        self.config.action_send_now()
        self.assertEqual(self.send(), 1)
