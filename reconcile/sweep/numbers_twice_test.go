package sweep_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/queue"
	"odoosync/reconcile/sweep"
)

// Of two daemons, one's question is answered late: what Odoo had given out by
// then is less than the other has looked through meanwhile. That is no restore,
// and what is missing is still found.
func TestALateAnswerIsNoRestore(t *testing.T) {
	b, o := newTold(t)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	o.sent = 3000
	var all []int64
	for n := range int64(3000) {
		if n+1 != 2500 {
			all = append(all, n+1)
		}
	}
	b.arrived(all...)
	o.add(2500, "res.partner", id, "failed")
	b.missed()
	require.Equal(t, "2500", b.open())
	require.NoError(t, queue.NoteTold(b.ctx, b.db, b.clock.Now(), []string{stream}, map[string]int64{stream: 1000})) // the other's answer, asked for before
	for range 4 {
		b.clock.Advance(sweep.Grace)
		b.missed()
	}
	require.Equal(t, "Mairie", b.rows("SELECT name FROM contacts"))
}
