package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Senders that build their payload with Odoo's read() give a many2one as
// [id, name] and a many2many as a list of ids.
func TestAPairIsAReferenceInAPayload(t *testing.T) {
	b, payloads := newPayloadBench(t)
	b.tell(payloads, "sale.order.created", "sale.order", 123, 0, `{"id": 123, "user_id": 12, "order_lines": [{"name": "Rome", "product_id": 1}]}`)
	b.tell(payloads, "sale.order.updated", "sale.order", 123, 1, `{"id": 123, "user_id": [12, "Paul"], "order_lines": [{"name": "Rome", "product_id": [1, "Voyage"]}]}`)
	require.Equal(t, "12 | 1", b.rows("SELECT odoo_user_id, odoo_product_id FROM quotes JOIN quote_lines ON quote_id = quotes.id"))
	b.tell(payloads, "sale.order.updated", "sale.order", 123, 2, `{"id": 123, "partner_id": [45, "École"], "partner_name": "École"}`)
	require.Equal(t, "École", b.rows("SELECT c.name FROM quotes q JOIN contacts c ON c.id = q.contact_id"))
	require.Equal(t, "success | NULL\nsuccess | NULL\nsuccess | NULL", b.rows("SELECT status, error_message FROM webhook_logs ORDER BY id"))
}

func TestAListOfIDsInAPayloadIsUnknownNotAnError(t *testing.T) {
	b, payloads := newPayloadBench(t)
	b.tell(payloads, "crm.lead.created", "crm.lead", 8, 0, `{"id": 8, "name": "Classe verte", "tag_ids": [3, 4]}`)
	require.Equal(t, "success | NULL", b.rows("SELECT status, error_message FROM webhook_logs"))
	require.Equal(t, "Classe verte", b.rows("SELECT name FROM leads"))
}

// A payload that holds the bare ids and the guide's lines has lines.
func TestBareLineIDsDoNotHideTheLines(t *testing.T) {
	b, payloads := newPayloadBench(t)
	b.tell(payloads, "sale.order.created", "sale.order", 123, 0, `{"id": 123, "order_line": [7], "order_lines": [{"id": 7, "name": "Rome"}]}`)
	require.Equal(t, "Rome", b.rows("SELECT name FROM quote_lines"))
}
