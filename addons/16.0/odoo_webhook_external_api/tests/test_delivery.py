import base64
import hashlib
import hmac
import json
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tests.common import new_test_user

from ..models import webhook_delivery
from ..services import webhook_service
from .common import WebhookCase


@tagged("post_install", "-at_install")
class TestDelivery(WebhookCase):
    def setUp(self):
        super().setUp()
        self.answers, self.posts = [], []

        def post(url, body, headers):
            self.posts.append((url, json.loads(body), headers))
            return self.answers.pop(0) if self.answers else (200, None)

        for target, replacement in ((webhook_service, post),):
            patcher = patch.object(target, "post", replacement)
            patcher.start()
            self.addCleanup(patcher.stop)
        patcher = patch.object(type(self.env["webhook.delivery"]), "_commit", lambda model: model.env.flush_all())
        patcher.start()
        self.addCleanup(patcher.stop)
        patcher = patch.object(webhook_delivery.time, "sleep", lambda seconds: self.pass_time())
        patcher.start()
        self.addCleanup(patcher.stop)
        self.env["webhook.delivery"].search([]).write({"state": "sent"})

    def pass_time(self):
        self.env["webhook.delivery"].search([("state", "=", "pending")]).write({"next_attempt": fields.Datetime.now() - timedelta(seconds=1)})
        self.env.flush_all()

    def run_cron(self):
        self.env["webhook.delivery"]._cron_send()

    def test_sent_with_key_and_number(self):
        self.partner.city = "Rennes"
        first = self.told()
        self.partner.city = "Nantes"
        second = self.told()
        self.run_cron()
        self.assertEqual([p[1]["data"]["city"] for p in self.posts], ["Rennes", "Nantes"])
        self.assertEqual(self.posts[0][0], "https://api.example.org/res.partner")
        self.assertEqual(self.posts[0][2]["Authorization"], "Bearer key-res.partner")
        self.assertEqual((first + second).mapped("state"), ["sent", "sent"])
        self.assertEqual(second.number, first.number + 1)
        self.assertEqual(self.posts[1][2]["X-Webhook-Sequence"], str(second.number))
        self.assertEqual(second.config_id.sent_count >= 2, True)

    def test_the_guides_three_attempts_then_slower(self):
        self.answers = [(503, "no")] * 4
        self.partner.city = "Rennes"
        delivery = self.told()
        with patch.object(webhook_delivery, "RUN", 60):
            sleeps = []
            with patch.object(webhook_delivery.time, "sleep", lambda s: (sleeps.append(s), self.pass_time())):
                self.run_cron()
        self.assertEqual((delivery.attempts, delivery.state), (3, "pending"))
        self.assertEqual(len(sleeps), 2, "after 2 and after 4 seconds, in the same run")
        self.assertGreater(delivery.next_attempt, fields.Datetime.now() + timedelta(seconds=30))

    def test_given_up_and_sent_again_by_a_person(self):
        self.partner.city = "Rennes"
        delivery = self.told()
        delivery.attempts = len(webhook_delivery.PAUSES)
        self.env.flush_all()
        self.answers = [(500, "The receiver answered HTTP 500: oops")]
        self.run_cron()
        self.assertEqual((delivery.state, delivery.error), ("failed", "The receiver answered HTTP 500: oops"))
        delivery.action_retry()
        self.env.flush_all()
        self.run_cron()
        self.assertEqual((delivery.state, delivery.attempts), ("sent", 1))

    def test_each_records_order_holds(self):
        other = self.env["res.partner"].create({"name": "Autre"})
        self.told()
        self.env["webhook.delivery"].search([]).write({"state": "sent"})
        self.partner.city = "un"
        self.told()
        self.partner.city = "deux"
        self.told()
        other.city = "ailleurs"
        self.told()
        self.answers = [(503, "no")] * 3
        with patch.object(webhook_delivery.time, "sleep", lambda s: None), patch.object(webhook_delivery, "RUN", 1):
            self.run_cron()
        cities = [p[1]["data"]["city"] for p in self.posts]
        self.assertEqual(cities[:2], ["un", "ailleurs"], "the second of a record waits for the first, and others do not")

    def test_signed_both_ways(self):
        config = self.configs.filtered(lambda c: c.model == "res.partner")
        config.signing_secret = "whsec_" + base64.b64encode(b"secret").decode()
        self.partner.write({"city": "Évreux"})
        self.told()
        self.run_cron()
        _url, payload, headers = self.posts[-1]
        body = json.dumps(payload, ensure_ascii=False).encode()
        signed = ("%s.%s." % (headers["webhook-id"], headers["webhook-timestamp"])).encode() + body
        self.assertEqual(headers["webhook-signature"], "v1," + base64.b64encode(hmac.new(b"secret", signed, hashlib.sha256).digest()).decode())
        guide = hmac.new(config.signing_secret.encode(), json.dumps(payload, sort_keys=True).encode(), hashlib.sha256).hexdigest()
        self.assertEqual(headers["X-Webhook-Signature"], guide)

    def test_a_test_shows_the_answer(self):
        config = self.configs[0]
        self.answers = [(401, "The receiver answered HTTP 401: no or wrong key")]
        self.assertIn("401", config.action_send_test()["params"]["message"])
        self.assertEqual(config.action_send_test()["params"]["type"], "success")

    def test_only_http(self):
        for url in ("ftp://example.org", "file:///etc/passwd", "javascript:alert(1)"):
            with self.assertRaises(ValidationError):
                self.configs[0].webhook_url = url

    def test_keys_are_the_administrators(self):
        user = new_test_user(self.env, "vendeuse", groups="base.group_user,sales_team.group_sale_salesman_all_leads")
        with self.assertRaises(AccessError):
            self.configs[0].with_user(user).read(["api_key"])
        self.told()
        self.partner.with_user(user).city = "Rennes"
        self.assertEqual(self.events(), [("res.partner.updated", self.partner.id)], "whoever changes it, it is told")
