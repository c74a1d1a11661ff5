from odoo.tests.common import TransactionCase

from ..models.webhook_config import MODELS


class WebhookCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["webhook.config"].search([]).write({"active": False})
        cls.configs = cls.env["webhook.config"].create([
            {"name": name, "model": model, "webhook_url": "https://api.example.org/" + model, "api_key": "key-" + model, "company_id": False}
            for model, name in MODELS])
        cls.partner = cls.env["res.partner"].create({"name": "Lycée", "email": "lycee@example.org"})
        cls.product = cls.env["product.product"].create({"name": "Car 50 places", "list_price": 150.0})

    def setUp(self):
        super().setUp()
        self.told()

    def told(self, model=None):
        """The events of what was done since, as (event, id), as a commit would write them."""
        self.env.flush_all()
        self.env.cr.precommit.run()
        found = self.env["webhook.delivery"].search([("id", ">", getattr(self, "seen", 0))], order="id")
        self.seen = max(found.ids + [getattr(self, "seen", 0)])
        self.env.cr._webhook_told = None  # the next ones are another transaction's
        return found.filtered(lambda d: not model or d.model == model)

    def events(self, model=None):
        return [(d.event, d.res_id) for d in self.told(model)]

    def order(self):
        return self.env["sale.order"].create({
            "partner_id": self.partner.id,
            "order_line": [(0, 0, {"product_id": self.product.id, "product_uom_qty": 30, "price_unit": 150.0, "name": "Bus"})]})
