package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile/sweep"
)

func TestNothingChangedCostsNoRead(t *testing.T) {
	b := newBench(t, 17)
	b.partners(230)
	order := b.sim.Create("sale.order", odoosim.Values{"partner_id": int64(2), "order_line": []odoosim.Values{{"name": "Bus", "price_unit": 10.0}}})
	b.imported()
	links := b.rows("SELECT SUM(version) FROM sync_links")
	before := b.sim.Stats()
	counts := b.sweep(sweep.SweepOptions{Depth: sweep.Lists})
	require.Empty(t, kinds(counts))
	require.Zero(t, counts["listed"])
	b.poll()
	after := b.sim.Stats()
	require.Equal(t, before.ByMethod["read"]+2, after.ByMethod["read"], "the user and its companies, and no record")
	require.Equal(t, links, b.rows("SELECT SUM(version) FROM sync_links"))
	require.NotZero(t, order)
}

func TestEachKindIsToldApart(t *testing.T) {
	for _, version := range []int{16, 17, 18, 19} {
		b := newBench(t, version)
		ids := b.partners(40)
		order := b.sim.Create("sale.order", odoosim.Values{"partner_id": ids[30], "order_line": []odoosim.Values{
			{"name": "Bus", "price_unit": 10.0}, {"name": "Transport", "display_type": "line_section"}}})
		lines := b.sim.Get("sale.order", order)["order_line"].([]int64)
		b.imported()

		b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Rennes"})
		b.sim.Write("res.partner", ids[1], odoosim.Values{"active": false})
		b.sim.Unlink("res.partner", ids[2])
		b.sim.Hide("res.partner", ids[3], true)
		b.sim.Create("res.partner", odoosim.Values{"name": "Nouveau"})
		b.sim.Write("sale.order.line", lines[0], odoosim.Values{"name": "Car"})
		b.clock.Advance(time.Hour)
		require.Equal(t, map[string]int64{"contacts.stale": 1, "contacts.archived": 1, "contacts.deleted": 1, "contacts.hidden": 1, "contacts.missing": 1, "quotes.stale": 1},
			kinds(b.sweep(sweep.SweepOptions{Depth: sweep.Lists})), version)
		require.Equal(t, "Car", b.rows("SELECT name FROM quote_lines WHERE odoo_id = ?", lines[0]))
		require.Empty(t, kinds(b.sweep(sweep.SweepOptions{Depth: sweep.Lists})), "nothing is left, on %d", version)

		b.sim.Hide("res.partner", ids[3], false)
		b.sim.Unlink("sale.order.line", lines[1])
		counts := kinds(b.sweep(sweep.SweepOptions{Depth: sweep.Lists}))
		require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM quote_lines"), "on %d: %v", version, counts)
		require.Equal(t, "synced", b.rows("SELECT state FROM sync_links WHERE entity = 'contacts' AND odoo_id = ?", ids[3]), "a record that was hidden is back")
	}
}
