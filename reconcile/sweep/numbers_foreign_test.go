package sweep_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile/sweep"
)

// For a while another database is behind the address: a copy that has the stream
// and not its last deliveries. All models are halted, and what it says of a
// missing number ends none: the right database still has the delivery.
func TestAnotherDatabaseEndsNoMissingNumber(t *testing.T) {
	b, o := newTold(t)
	b.partners(10)
	b.imported()
	b.arrived(1, 3)
	b.missed()
	require.Equal(t, "2", b.open())
	right := b.sim.Snapshot()
	b.sim.SetDatabaseUUID("second")
	_, err := b.sweeper.Poll(b.ctx)
	require.NoError(t, err)
	require.Contains(t, b.halts(), "other_database")
	b.clock.Advance(sweep.Grace)
	_, _ = b.sweeper.Missed(b.ctx) // as the daemon does after each poll
	b.sim.Restore(right)
	b.clock.Advance(sweep.Grace)
	_, err = b.sweeper.Poll(b.ctx)
	require.NoError(t, err)
	require.Empty(t, b.halts())
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	o.add(2, "res.partner", id, "failed")
	for range 3 {
		b.clock.Advance(sweep.Grace)
		b.missed()
	}
	require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM contacts WHERE odoo_id = ?", id))
}
