import base64
import hashlib
import hmac
import json

from odoo.tests import BaseCase, tagged

from ..services import webhook_service
from ..services.webhook_service import Answer, WebhookService


@tagged('post_install', '-at_install')
class TestService(BaseCase):

    def test_the_guides_signature(self):
        payload = {'event': 'sale.order.updated', 'data': {'partner_name': "École", 'amount_total': 5000.00, 'id': 123}}

        # As the guide prints it.
        text = json.dumps(payload, sort_keys=True)
        expected = hmac.new(b'secret', text.encode(), hashlib.sha256).hexdigest()
        self.assertEqual(webhook_service.guide_signature(payload, 'secret'), expected)
        self.assertIn('5000.0', webhook_service.canonical(payload))
        self.assertIn('\\u00c9', webhook_service.canonical(payload))

    def test_standard_webhooks(self):
        # The example of the specification's own libraries.
        signature = webhook_service.standard_signature(
            'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, b'{"test": 2432232314}', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
        self.assertEqual(signature, 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')

    def test_headers(self):
        body = b'{"event": "x"}'
        headers = WebhookService.headers(body, 'm1', 'key', 'secret', 'stream', 7, now=1000)
        self.assertEqual(headers['Authorization'], 'Bearer key')
        self.assertEqual((headers['webhook-id'], headers['webhook-timestamp']), ('m1', '1000'))
        digest = hmac.new(b'secret', b'm1.1000.' + body, hashlib.sha256).digest()
        self.assertEqual(headers['webhook-signature'], 'v1,' + base64.b64encode(digest).decode())
        self.assertEqual((headers['X-Webhook-Stream'], headers['X-Webhook-Sequence']), ('stream', '7'))
        self.assertNotIn('X-Webhook-Signature', WebhookService.headers(body, 'm1'))
        self.assertNotIn('Authorization', WebhookService.headers(body, 'm1'))

    def test_addresses(self):
        for url in ('https://api.example.com/webhooks/odoo/lead', 'http://127.0.0.1:8080/x'):
            self.assertEqual(webhook_service.url_problem(url), '')
        for url in ('', 'ftp://example.com/', 'file:///etc/passwd', 'https://', 'https:///path', 'javascript:alert(1)',
                    'https://user:password@example.com/', 'https://example.com/a b', 'https://example.com:port/', 'http://[/'):
            self.assertNotEqual(webhook_service.url_problem(url), '', url)

    def test_at_once_then_2_then_4_seconds_then_longer_up_to_hours_then_no_more(self):
        answer = Answer(500, '', 1)
        self.assertEqual([answer.delay(n) for n in (1, 2, 3)], [2, 4, 60])
        delays = [answer.delay(n) for n in range(1, len(webhook_service.DELAYS) + 1)]
        self.assertEqual(delays, sorted(delays))
        self.assertGreaterEqual(delays[-1], 4 * 3600)
        self.assertIsNone(answer.delay(len(delays) + 1))
        self.assertEqual(Answer(503, '', 1, retry_after=120).delay(1), 120)

    def test_what_counts_as_success(self):
        self.assertTrue(Answer(200, '', 1).ok and Answer(201, '', 1).ok)
        for status in (0, 202, 204, 302, 400, 401, 422, 500):
            self.assertFalse(Answer(status, '', 1).ok)
        self.assertTrue(Answer(0, 'timeout', 1).unavailable and Answer(503, '', 1).unavailable and Answer(429, '', 1).unavailable)
        self.assertFalse(Answer(422, '', 1).unavailable or Answer(401, '', 1).unavailable)
