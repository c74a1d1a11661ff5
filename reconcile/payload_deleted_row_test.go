package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A row that was deleted here, though only Odoo may, comes back whole: the next
// event tells a part of it, the earlier ones have told the rest.
func TestARowDeletedHereComesBackWhole(t *testing.T) {
	b, payloads := newPayloadBench(t)
	b.tell(payloads, "sale.order.created", "sale.order", 123, 0, `{"id": 123, "name": "S1", "state": "sale", "amount_total": 10.00,
		"order_lines": [{"product_name": "Rome", "quantity": 30}]}`)
	b.exec("DELETE FROM travels")
	b.exec("DELETE FROM quote_lines")
	b.exec("DELETE FROM quotes")
	b.tell(payloads, "sale.order.updated", "sale.order", 123, 1, `{"id": 123, "client_order_ref": "PO 7"}`)
	require.Equal(t, "S1 | sale | 10.00 | PO 7", b.rows("SELECT name, state, amount_total, client_ref FROM quotes"))
	require.Equal(t, "Rome | 30.000000", b.rows("SELECT product_name, quantity FROM quote_lines"))
	b.tell(payloads, "sale.order.updated", "sale.order", 123, 2, `{"id": 123, "state": "sale"}`)
	require.Equal(t, "S1 | 10.00 | confirmed", b.rows("SELECT name, amount_total, status FROM travels"))
}
