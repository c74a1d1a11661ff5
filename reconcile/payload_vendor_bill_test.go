package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What an event has placed outside the mapping stays outside until an event
// says otherwise: a vendor bill's partial update makes no customer invoice.
func TestAVendorBillsUpdateMakesNoInvoice(t *testing.T) {
	b, payloads := newPayloadBench(t)
	b.tell(payloads, "account.move.created", "account.move", 9, 0, `{"id": 9, "move_type": "in_invoice", "state": "draft"}`)
	b.tell(payloads, "account.move.updated", "account.move", 9, 1, `{"id": 9, "amount_total": 1200.00}`)
	require.Empty(t, b.rows("SELECT odoo_id, move_type, amount_total FROM invoices"))
}

// The same for an invoice that became a vendor bill: its row stays as it was.
func TestAnInvoiceThatLeftIsLeftAlone(t *testing.T) {
	b, payloads := newPayloadBench(t)
	b.tell(payloads, "account.move.created", "account.move", 9, 0, `{"id": 9, "move_type": "out_invoice", "amount_total": 10.00}`)
	b.tell(payloads, "account.move.updated", "account.move", 9, 1, `{"id": 9, "move_type": "in_invoice", "amount_total": 20.00}`)
	b.tell(payloads, "account.move.updated", "account.move", 9, 2, `{"id": 9, "amount_total": 30.00}`)
	require.Equal(t, "10.00 | left", b.rows("SELECT amount_total, l.state FROM invoices JOIN sync_links l ON l.entity = 'invoices'"))
}

// A value that is refused meanwhile does not bring it inside.
func TestAVendorBillStaysOutsideAfterARefusal(t *testing.T) {
	b, payloads := newPayloadBench(t)
	b.tell(payloads, "account.move.created", "account.move", 9, 0, `{"id": 9, "move_type": "in_invoice", "state": "draft"}`)
	b.tell(payloads, "account.move.updated", "account.move", 9, 1, `{"id": 9, "amount_total": "a lot"}`)
	b.tell(payloads, "account.move.updated", "account.move", 9, 2, `{"id": 9, "amount_total": 1200.00}`)
	require.Empty(t, b.rows("SELECT odoo_id, move_type, amount_total FROM invoices"))
}
