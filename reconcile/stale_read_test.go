package reconcile_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
)

// A line's name does not move its order's write_date. An older read must not
// win over a younger one that found the row as it should be.
func TestAnOlderReadDoesNotWinOverAYoungerOne(t *testing.T) {
	b := newBench(t, 17)
	order := b.sim.Create("sale.order", odoosim.Values{"order_line": []odoosim.Values{{"name": "Rome"}}})
	line := b.sim.IDs("sale.order.line")[0]
	long := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	b.sim.Raw("sale.order", order, odoosim.Values{"write_date": long})
	b.sync("sale.order", order)

	b.sim.Raw("sale.order.line", line, odoosim.Values{"name": "Milan"})
	reader := &betweenRead{Reader: b.client, model: "sale.order.line", then: func() {
		b.sim.Raw("sale.order.line", line, odoosim.Values{"name": "Rome"})
		require.Equal(t, map[int64]reconcile.Outcome{order: reconcile.Merged}, b.sync("sale.order", order))
	}}
	b.syncOn(b.engineOn(reader), "sale.order", order)
	require.Equal(t, "Rome", b.rows("SELECT name FROM quote_lines"))
}
