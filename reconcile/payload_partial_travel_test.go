package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A travel follows from its order: what earlier events told of the order is
// known when a bare change of state confirms it.
func TestABareConfirmationMakesAWholeTravel(t *testing.T) {
	b, payloads := newPayloadBench(t)
	b.tell(payloads, "sale.order.created", "sale.order", 123, 0, `{"id": 123, "name": "S1", "state": "draft", "partner_id": 45, "partner_name": "École", "amount_total": 5000.00}`)
	b.tell(payloads, "sale.order.state.changed", "sale.order", 123, 1, `{"id": 123, "state": "sale"}`)
	require.Equal(t, "S1 | École | 5000.00 | confirmed", b.rows("SELECT t.name, c.name, t.amount_total, t.status FROM travels t LEFT JOIN contacts c ON c.id = t.contact_id"))
}
