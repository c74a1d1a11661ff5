package reconcile_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// The guide's own sender posts from inside write: the record is read before the
// edit is committed, and must be looked at again.
func TestAnUpdateToldBeforeItsCommitIsLookedAtAgain(t *testing.T) {
	b := newBench(t, 17)
	order := b.sim.Create("sale.order", odoosim.Values{"client_order_ref": "PO 1"})
	b.sync("sale.order", order)
	b.hint("sale.order.updated", "sale.order", order)
	b.work(b.engine, b.clock)
	b.sim.Write("sale.order", order, odoosim.Values{"client_order_ref": "PO 2"})
	b.clock.Advance(time.Minute)
	b.work(b.engine, b.clock)
	require.Equal(t, "PO 2", b.rows("SELECT client_ref FROM quotes"))
}
