package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/reconcile/sweep"
)

// A sweep that Odoo went away from (it is backed up at night, too) waits for it,
// and not for the next night.
func TestASweepThatOdooWentAwayFromIsDueAgain(t *testing.T) {
	b := newBench(t, 17)
	b.partners(250)
	b.imported()
	o, pages := b.o, 0
	o.Odoo = leaving{b.client, &pages}
	b.start(o)
	b.sim.Create("res.partner", nil)
	_, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{})
	require.ErrorContains(t, err, "away")
	_, due, err := b.sweeper.Due(b.ctx)
	require.NoError(t, err)
	require.False(t, due, "Odoo has a moment first")
	b.clock.Advance(time.Minute)
	_, due, err = b.sweeper.Due(b.ctx)
	require.NoError(t, err)
	require.True(t, due, b.rows("SELECT state, error FROM sync_runs ORDER BY id DESC LIMIT 1"))
}
