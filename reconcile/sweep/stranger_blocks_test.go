package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A row that refers to a stranger of a model that is still halted holds no other
// row of its own, accepted, model.
func TestARowForAStrangerHoldsNoOther(t *testing.T) {
	b, _ := restoredWithAStranger(t)
	b.pollHalts()
	require.NoError(t, b.engine.AllowDeletes(b.ctx, "invoices"))
	b.clock.Advance(2 * time.Minute)
	before := len(b.sim.IDs("account.move"))
	b.api("INSERT INTO invoices (move_type, contact_id, ref) SELECT 'out_invoice', id, 'API-1' FROM contacts WHERE name = 'Nouveau'",
		"INSERT INTO invoices (move_type, contact_id, ref) SELECT 'out_invoice', id, 'API-2' FROM contacts WHERE name = 'Lycée 003'")
	for range 3 {
		_ = b.pusher.Push(b.ctx, time.Minute)
		b.clock.Advance(6 * time.Minute)
	}
	require.Len(t, b.sim.IDs("account.move"), before+1, b.rows("SELECT entity, local_id, status, attempts, error_message FROM sync_outbox"))
}
