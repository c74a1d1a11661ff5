package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile/sweep"
)

// A contact that a restore lost was not merged into the customer of an order
// that has been given the id of its order since.
func TestALostContactIsNotMergedIntoAStranger(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(10)
	b.imported()
	old := b.sim.Snapshot()
	b.clock.Advance(time.Hour)
	lost := b.sim.Create("res.partner", odoosim.Values{"name": "Nouveau"})
	order := b.sim.Create("sale.order", odoosim.Values{"partner_id": lost})
	b.poll()
	b.clock.Advance(time.Hour)
	b.sim.Restore(old)
	require.Equal(t, order, b.sim.Create("sale.order", odoosim.Values{"partner_id": ids[0]}))
	b.clock.Advance(time.Hour)
	_, _ = b.sweeper.Sweep(b.ctx, sweep.SweepOptions{Depth: sweep.Lists})
	require.Equal(t, "NULL", b.rows("SELECT merged_into FROM contacts WHERE name = 'Nouveau'"), b.halts())
}
