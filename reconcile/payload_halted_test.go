package reconcile_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/store"
	"odoosync/reconcile"
)

// Events that are applied by their own data wait for a halted model as any work
// does: after a restore they tell of whatever has the id now.
func TestAnEventsDataWaitsForAHaltedModel(t *testing.T) {
	b := newBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Nantes"})
	b.sync("res.partner", id)
	require.NoError(t, store.SetHalts(b.ctx, b.db, time.Now(), store.Halt{Model: "res.partner", Kind: "older_copy", Reason: "an older copy"}))
	b.tell(reconcile.NewPayloads(b.engine), "res.partner.updated", "res.partner", id, int(time.Since(storyDay).Seconds()), `{"id": 1, "name": "Un tout autre"}`)
	require.Equal(t, "Mairie", b.rows("SELECT name FROM contacts"))
}
