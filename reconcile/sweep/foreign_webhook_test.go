package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// What another database tells by a webhook is not brought here before a person
// has accepted that database.
func TestAWebhookOfAnotherDatabaseBringsNothing(t *testing.T) {
	b := newBench(t, 17)
	b.partners(10)
	b.imported()
	b.clock.Advance(10 * time.Minute)
	b.sim.SetDatabaseUUID("second")
	id := b.sim.Create("res.partner", odoosim.Values{"name": "De quelqu'un d'autre"})
	b.sync0("res.partner", id)
	require.Empty(t, b.rows("SELECT name FROM contacts WHERE odoo_id = ?", id))
}

// Nor does such a record, once the right database answers again, look like an
// older copy of it: it is nothing of that one.
func TestAWebhookOfAnotherDatabaseHaltsNothingLater(t *testing.T) {
	b := newBench(t, 17)
	b.partners(10)
	b.imported()
	right := b.sim.Snapshot()
	b.clock.Advance(10 * time.Minute)
	b.sim.SetDatabaseUUID("second")
	ids := []int64{b.sim.Create("res.partner", odoosim.Values{"name": "De quelqu'un d'autre"}), b.sim.Create("res.partner", odoosim.Values{"name": "Et d'un deuxième"})}
	b.sync0("res.partner", ids...)
	b.sim.Restore(right) // somebody noticed before the next poll
	b.clock.Advance(time.Hour)
	require.Equal(t, ids[0], b.sim.Create("res.partner", odoosim.Values{"name": "Un nouveau"}))
	_, err := b.sweeper.Poll(b.ctx)
	require.NoError(t, err)
	require.Empty(t, b.halts())
}
