package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// Rows that payloads made are adopted when the source becomes refetch.
func TestSwitchingToRefetchAdoptsThePayloadsRows(t *testing.T) {
	b, payloads := newPayloadBench(t)
	odoo := newBench(t, 17)
	school := odoo.sim.Create("res.partner", odoosim.Values{"name": "École", "is_company": true})
	order := odoo.sim.Create("sale.order", odoosim.Values{"partner_id": school, "state": "sale", "order_line": []odoosim.Values{{"name": "Rome", "product_uom_qty": 30.0, "price_unit": 150.0}}})
	invoice := odoo.sim.Create("account.move", odoosim.Values{"partner_id": school, "invoice_line_ids": []odoosim.Values{{"name": "Rome", "quantity": 30.0, "price_unit": 150.0}}})
	b.tell(payloads, "sale.order.created", "sale.order", order, 0, `{"id": 1, "state": "sale", "partner_id": 1, "partner_name": "École", "order_lines": [{"product_name": "Rome", "quantity": 30}]}`)
	b.tell(payloads, "account.move.created", "account.move", invoice, 0, `{"id": 1, "move_type": "out_invoice", "partner_id": 1, "invoice_line_ids": [{"product_name": "Rome", "quantity": 30}]}`)
	lines := b.rows("SELECT id FROM quote_lines UNION ALL SELECT id FROM invoice_lines")

	odoo.db = b.db
	odoo.engine = odoo.engineOn(odoo.client)
	odoo.sync("res.partner", school)
	odoo.sync("sale.order", order)
	odoo.sync("account.move", invoice)
	assert.Equal(t, "École | 1", b.rows("SELECT name, is_company FROM contacts"))
	assert.Equal(t, "Rome | 150.000000", b.rows("SELECT name, price_unit FROM quote_lines"))
	assert.Equal(t, "Rome | 150.000000", b.rows("SELECT name, price_unit FROM invoice_lines"))
	assert.Equal(t, lines, b.rows("SELECT id FROM quote_lines UNION ALL SELECT id FROM invoice_lines"), "the same rows")
	require.Empty(t, b.rows("SELECT entity, field, odoo_value, local_value FROM sync_conflicts WHERE state = 'open'"))
}
