package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile/sweep"
)

// Lines that were moved to another order before theirs was deleted (orders that
// are merged) arrive there, although the deleted order's row had them.
func TestLinesOfADeletedOrderArriveInAnother(t *testing.T) {
	b := newBench(t, 17)
	b.partners(3)
	from := b.sim.Create("sale.order", odoosim.Values{"partner_id": int64(2), "order_line": []odoosim.Values{{"name": "Bus", "price_unit": 10.0}}})
	into := b.sim.Create("sale.order", odoosim.Values{"partner_id": int64(2)})
	line := b.sim.Get("sale.order", from)["order_line"].([]int64)[0]
	b.imported()
	b.sim.Write("sale.order.line", line, odoosim.Values{"order_id": into})
	b.sim.Unlink("sale.order", from)
	require.Equal(t, []int64{line}, b.sim.Get("sale.order", into)["order_line"])
	b.sync("sale.order", from) // the webhook of the deletion came first
	b.clock.Advance(time.Hour)
	counts := b.sweep(sweep.SweepOptions{Depth: sweep.Lists})
	assert.Zero(t, counts["quotes.waiting"]+counts["quotes.refused"], "%v %s", counts, b.rows("SELECT odoo_id, state, error FROM sync_links WHERE entity = 'quotes'"))
	require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM quote_lines l JOIN quotes q ON q.id = l.quote_id WHERE q.odoo_id = ? AND l.odoo_id = ?", into, line))
}

// An order that has the id of a lost one, with lines that have the ids of its
// lines, arrives once a person has accepted the restored copy.
func TestAnOrderWithTheIDsOfALostOneArrives(t *testing.T) {
	b := newBench(t, 17)
	b.partners(3)
	b.imported()
	old := b.sim.Snapshot()
	b.clock.Advance(time.Hour)
	lost := b.sim.Create("sale.order", odoosim.Values{"partner_id": int64(2), "order_line": []odoosim.Values{{"name": "Bus", "price_unit": 10.0}}})
	line := b.sim.Get("sale.order", lost)["order_line"].([]int64)[0]
	b.poll()
	b.clock.Advance(time.Hour)
	b.sim.Restore(old)
	order := b.sim.Create("sale.order", odoosim.Values{"partner_id": int64(3), "order_line": []odoosim.Values{{"name": "Musée", "price_unit": 7.0}}})
	require.Equal(t, lost, order)
	require.Equal(t, line, b.sim.Get("sale.order", order)["order_line"].([]int64)[0])
	b.pollHalts()
	b.accepted()
	b.clock.Advance(time.Minute)
	counts := b.sweep(sweep.SweepOptions{Depth: sweep.Lists})
	require.Equal(t, "Musée", b.rows("SELECT l.name FROM quote_lines l JOIN quotes q ON q.id = l.quote_id WHERE q.odoo_id = ?", order),
		"%v %s", counts, b.rows("SELECT odoo_id, state, error FROM sync_links WHERE entity = 'quotes'"))
}
