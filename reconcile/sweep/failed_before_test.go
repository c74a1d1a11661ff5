package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile/sweep"
)

// A sweep that failed over one model is no reason for the next one to leave the
// others out: what it had compared was compared hours ago.
func TestASweepAfterAFailedOneComparesEverything(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(5)
	b.imported()
	b.sim.Forbid("crm.lead", "read")
	_, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{})
	require.ErrorContains(t, err, "leads cannot be compared")

	b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Rennes"})
	b.sim.Unlink("res.partner", ids[1])
	b.exec("UPDATE contacts SET phone = '01' WHERE odoo_id = ?", ids[2])
	b.clock.Advance(12 * time.Hour)
	_, err = b.sweeper.Sweep(b.ctx, sweep.SweepOptions{})
	require.ErrorContains(t, err, "leads cannot be compared")
	require.Equal(t, "Rennes", b.city(ids[0]), "an edit that no webhook told")
	require.Equal(t, "1", b.deletedRows(), "a delete that no webhook told")
	require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM sync_outbox"), "an edit here that no trigger told")
}
