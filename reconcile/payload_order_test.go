package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A deletion that arrives before the creation it follows is final all the same.
func TestALateCreationDoesNotUndoADeletion(t *testing.T) {
	b, payloads := newPayloadBench(t)
	b.tell(payloads, "res.partner.deleted", "res.partner", 1, 10, `{"id": 1}`)
	b.tell(payloads, "res.partner.created", "res.partner", 1, 5, `{"id": 1, "name": "École"}`)
	require.Equal(t, "0", b.rows("SELECT COUNT(*) FROM contacts WHERE deleted_at IS NULL"))
}

// A confirmation that arrives after the cancellation it preceded confirms nothing.
func TestALateConfirmationMakesNoTravel(t *testing.T) {
	b, payloads := newPayloadBench(t)
	b.tell(payloads, "sale.order.state.changed", "sale.order", 123, 10, `{"id": 123, "name": "S1", "state": "cancel"}`)
	b.tell(payloads, "sale.order.state.changed", "sale.order", 123, 5, `{"id": 123, "name": "S1", "state": "sale"}`)
	require.Equal(t, "cancel", b.rows("SELECT state FROM quotes"))
	require.Empty(t, b.rows("SELECT status FROM travels WHERE status <> 'cancelled'"))
}

// A deletion older than an edit is no deletion, for the travel as for its quote.
func TestALateDeletionSparesTheTravelToo(t *testing.T) {
	b, payloads := newPayloadBench(t)
	b.tell(payloads, "sale.order.created", "sale.order", 123, 0, `{"id": 123, "name": "S1", "state": "sale"}`)
	b.tell(payloads, "sale.order.updated", "sale.order", 123, 11, `{"id": 123, "client_order_ref": "PO 7"}`)
	b.tell(payloads, "sale.order.deleted", "sale.order", 123, 10, `{"id": 123}`)
	require.Equal(t, "0 | confirmed", b.rows("SELECT q.deleted_at IS NOT NULL, t.status FROM quotes q JOIN travels t ON t.quote_id = q.id"))
}

// A newer event revives the travel with its quote.
func TestANewerEventRevivesTheTravelToo(t *testing.T) {
	b, payloads := newPayloadBench(t)
	b.tell(payloads, "sale.order.created", "sale.order", 123, 0, `{"id": 123, "name": "S1", "state": "sale"}`)
	b.tell(payloads, "sale.order.deleted", "sale.order", 123, 10, `{"id": 123}`)
	b.tell(payloads, "sale.order.updated", "sale.order", 123, 11, `{"id": 123, "name": "S1", "state": "sale"}`)
	require.Equal(t, "0 | confirmed", b.rows("SELECT q.deleted_at IS NOT NULL, t.status FROM quotes q JOIN travels t ON t.quote_id = q.id"))
}
