package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile/sweep"
)

// A renamed stage, tax or product changes no record that shows it: the sweep
// finds the rename, and reads those records and no others.
func TestARenameReachesTheRowsThatShowIt(t *testing.T) {
	b := newBench(t, 17)
	b.partners(3)
	product := b.sim.Create("product.product", odoosim.Values{"name": "Car 50 places", "default_code": "CAR50"})
	order := b.sim.Create("sale.order", odoosim.Values{"partner_id": int64(2), "order_line": []odoosim.Values{{"name": "Bus", "product_id": product, "price_unit": 10.0}}})
	b.sim.Create("sale.order", odoosim.Values{"partner_id": int64(2), "order_line": []odoosim.Values{{"name": "Musée", "price_unit": 5.0}}})
	lead := b.sim.Create("crm.lead", odoosim.Values{"name": "Rome"})
	b.imported()
	stage := b.sim.Get("crm.lead", lead)["stage_id"].(int64)

	b.sim.Write("crm.stage", stage, odoosim.Values{"name": "À rappeler"})
	b.sim.Write("product.product", product, odoosim.Values{"name": "Car 53 places"})
	b.clock.Advance(time.Hour)
	counts := b.swept()
	require.Equal(t, map[string]int64{"leads.stale": 1, "quotes.stale": 1}, kinds(counts))
	require.Equal(t, "À rappeler", b.rows("SELECT stage FROM leads"))
	require.Equal(t, "Car 53 places | CAR50", b.rows("SELECT product_name, product_code FROM quote_lines WHERE odoo_product_id = ?", product))
	require.NotZero(t, order)
	require.Empty(t, kinds(b.swept()))

	// A write that changes no name that is shown reads nobody.
	b.sim.Write("product.product", product, odoosim.Values{"list_price": 99.0})
	b.clock.Advance(time.Hour)
	reads := b.sim.Stats().ByMethod["read"]
	b.sweep(sweep.SweepOptions{Depth: sweep.Night})
	require.Less(t, b.sim.Stats().ByMethod["read"]-reads, int64(20))
}

// What is renamed while the import runs is found too: the names are kept before
// the first record is read.
func TestARenameDuringTheImportIsFound(t *testing.T) {
	b := newBench(t, 17)
	lead := b.sim.Create("crm.lead", odoosim.Values{"name": "Rome"})
	require.NoError(t, b.sweeper.SeedNames(b.ctx))
	b.start(b.o)
	b.sync("crm.lead", lead)
	stage := b.sim.Get("crm.lead", lead)["stage_id"].(int64)
	b.sim.Write("crm.stage", stage, odoosim.Values{"name": "À rappeler"})
	b.clock.Advance(time.Hour)
	b.swept()
	require.Equal(t, "À rappeler", b.rows("SELECT stage FROM leads"))
}
