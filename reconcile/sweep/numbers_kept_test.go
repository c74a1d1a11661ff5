package sweep_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile/sweep"
)

// Old webhooks are deleted from the log: a stream that was quiet for so long is
// still known, and what was lost behind its last one is found.
func TestAStreamOutlivesItsLog(t *testing.T) {
	b, o := newTold(t)
	o.sent = 1
	b.arrived(1)
	b.missed()
	b.exec("DELETE FROM webhook_logs")
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	o.add(2, "res.partner", id, "failed")
	o.sent = 2
	b.missed()
	b.clock.Advance(sweep.Grace)
	require.EqualValues(t, 1, b.missed().Repaired)
	require.Equal(t, "Mairie", b.rows("SELECT name FROM contacts"))
}
