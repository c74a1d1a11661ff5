from odoo.tests import tagged

from .common import WebhookCase


@tagged("post_install", "-at_install")
class TestEvents(WebhookCase):
    def test_contact(self):
        partner = self.env["res.partner"].create({"name": "Mairie"})
        self.assertEqual(self.events(), [("res.partner.created", partner.id)])
        partner.write({"city": "Rennes", "phone": "0299"})
        partner.write({"city": "Nantes"})
        [delivery] = self.told()
        self.assertEqual((delivery.event, delivery.payload["data"]["city"]), ("res.partner.updated", "Nantes"))
        self.assertEqual(delivery.payload["data"]["old_values"], {"city": None, "phone": None})
        partner.write({"city": "Nantes"})
        partner.write({"comment": "nobody is told"})
        self.assertEqual(self.events(), [])
        partner.active = False
        self.assertEqual(self.events(), [("res.partner.updated", partner.id)])
        partner.unlink()
        [delivery] = self.told()
        self.assertEqual((delivery.event, delivery.payload["data"]), ("res.partner.deleted", {"id": partner.id}))

    def test_made_and_deleted_tells_nothing(self):
        self.env["res.partner"].create({"name": "Erreur"}).unlink()
        self.assertEqual(self.events(), [])

    def test_a_thousand_contacts_in_order(self):
        partners = self.env["res.partner"].create([{"name": "Contact %d" % i} for i in range(1000)])
        self.assertEqual(self.events(), [("res.partner.created", i) for i in partners.ids])

    def test_order(self):
        order = self.order()
        [delivery] = self.told("sale.order")
        data = delivery.payload["data"]
        self.assertEqual(delivery.event, "sale.order.created")
        self.assertEqual((data["id"], data["state"], data["partner_id"], data["partner_name"], data["amount_untaxed"]), (order.id, "draft", self.partner.id, "Lycée", 4500.0))
        self.assertEqual([(line["product_id"], line["product_name"], line["quantity"], line["price_unit"], line["price_subtotal"]) for line in data["order_lines"]],
                         [(self.product.id, "Car 50 places", 30.0, 150.0, 4500.0)])
        order.order_line.price_unit = 200.0
        [delivery] = self.told("sale.order")
        self.assertEqual(delivery.event, "sale.order.updated")
        self.assertEqual(delivery.payload["data"]["old_values"]["amount_untaxed"], 4500.0)
        self.assertEqual(delivery.payload["data"]["amount_untaxed"], 6000.0)
        order.action_confirm()
        [delivery] = self.told("sale.order")
        self.assertEqual((delivery.event, delivery.payload["data"]["old_values"]["state"]), ("sale.order.state.changed", "draft"))
        order = self.order()
        self.told()
        order.unlink()
        self.assertEqual(self.events("sale.order"), [("sale.order.deleted", order.id)])

    def test_invoice(self):
        move = self.env["account.move"].create({
            "move_type": "out_invoice", "partner_id": self.partner.id, "invoice_date": "2025-01-22",
            "invoice_line_ids": [(0, 0, {"name": "Voyage", "quantity": 30, "price_unit": 200.0, "tax_ids": [(5, 0, 0)]})]})
        [delivery] = self.told("account.move")
        self.assertEqual((delivery.event, delivery.payload["data"]["amount_total"]), ("account.move.created", 6000.0))
        self.assertEqual([line["price_subtotal"] for line in delivery.payload["data"]["invoice_line_ids"]], [6000.0])
        move.action_post()
        [delivery] = self.told("account.move")
        self.assertEqual((delivery.event, delivery.payload["data"]["state"], delivery.payload["data"]["invoice_date"]), ("account.move.validated", "posted", "2025-01-22"))
        self.env["account.payment.register"].with_context(active_model="account.move", active_ids=move.ids).create({}).action_create_payments()
        events = self.events("account.move")
        self.assertIn(("account.move.updated", move.id), events, "a recomputed payment state is told")
        other = self.env["account.move"].create({"move_type": "out_invoice", "partner_id": self.partner.id})
        self.told()
        other.button_cancel()
        self.assertEqual(self.events("account.move"), [("account.move.cancelled", other.id)])
        self.env["account.move"].create({"move_type": "in_invoice", "partner_id": self.partner.id})
        self.assertEqual(self.events("account.move"), [], "a vendor bill is nobody's business")

    def test_lead(self):
        lead = self.env["crm.lead"].create({"name": "Rome", "type": "lead"})
        self.assertEqual(self.events(), [("crm.lead.created", lead.id)])
        lead.phone = "0299"
        self.assertEqual(self.events(), [("crm.lead.updated", lead.id)])
        lead.convert_opportunity(self.partner)
        self.assertEqual(self.events("crm.lead"), [("crm.lead.converted", lead.id)])
        lead.action_set_won()
        self.assertEqual(self.events("crm.lead"), [("crm.lead.won", lead.id)])

    def test_choices_and_company(self):
        contacts = self.configs.filtered(lambda c: c.model == "res.partner")
        contacts.on_updated = False
        self.partner.city = "Rennes"
        self.assertEqual(self.events(), [])
        contacts.write({"on_updated": True, "company_id": self.env["res.company"].create({"name": "Autre"}).id})
        self.told()
        self.partner.write({"city": "Nantes", "company_id": self.env.company.id})
        self.assertEqual(self.events(), [], "the record is another company's")
        contacts.active = False
        self.partner.city = "Brest"
        self.assertEqual(self.events(), [])

    def test_a_savepoint_that_is_rolled_back_tells_nothing(self):
        self.partner.city = "Rennes"
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.partner.city = "Nantes"
            self.env["res.partner"].create({"name": "Jamais"})
            self.env.flush_all()
            raise ZeroDivisionError
        [delivery] = self.told()
        self.assertEqual((delivery.event, delivery.payload["data"]["city"]), ("res.partner.updated", "Rennes"))

    def test_one_event_of_a_kind_in_a_transaction(self):
        self.partner.city = "Rennes"
        self.env.flush_all()
        self.env.cr.precommit.run()  # as a savepoint does
        self.partner.city = "Nantes"
        [delivery] = self.told()
        self.assertEqual(delivery.payload["data"]["city"], "Nantes")
        self.assertEqual(delivery.payload["data"]["old_values"], {"city": None})

    def test_the_daemons_own_writes_are_marked(self):
        self.partner.with_context(odoosync_origin="daemon").city = "Rennes"
        self.assertEqual(self.told().mapped("origin"), ["odoosync"])
        self.partner.with_context(odoosync_origin="daemon").city = "Nantes"
        self.partner.city = "Brest"
        self.assertEqual(self.told().mapped("origin"), [False])
