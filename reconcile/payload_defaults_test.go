package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A stub's columns that nobody has told of hold their defaults, which are
// nobody's edit: the first event that tells replaces them.
func TestAColumnsDefaultIsNobodysEdit(t *testing.T) {
	b, payloads := newPayloadBench(t)
	b.tell(payloads, "sale.order.created", "sale.order", 123, 0, `{"id": 123, "state": "draft", "partner_id": 45, "partner_name": "École"}`)
	b.tell(payloads, "res.partner.updated", "res.partner", 45, 1, `{"id": 45, "name": "École", "is_company": true, "active": false}`)
	require.Equal(t, "1 | 0", b.rows("SELECT is_company, active FROM contacts"))
	require.Empty(t, b.rows("SELECT field, odoo_value, local_value, state FROM sync_conflicts"))

	b.tell(payloads, "crm.lead.created", "crm.lead", 8, 0, `{"id": 8, "name": "Classe verte"}`)
	b.tell(payloads, "crm.lead.won", "crm.lead", 8, 1, `{"id": 8, "status": "won"}`)
	require.Equal(t, "won", b.rows("SELECT status FROM leads"))

	b.tell(payloads, "account.move.created", "account.move", 9, 0, `{"id": 9, "state": "draft"}`)
	b.tell(payloads, "account.move.updated", "account.move", 9, 1, `{"id": 9, "move_type": "out_refund"}`)
	require.Equal(t, "out_refund", b.rows("SELECT move_type FROM invoices"))
}
