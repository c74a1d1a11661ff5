package sweep_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile/sweep"
)

// A restored Odoo gives out again numbers that arrived before: those of today are
// other events, and their loss is found.
func TestNumbersThatAreGivenAgainAreMissedAgain(t *testing.T) {
	b, o := newTold(t)
	o.sent = 9
	b.arrived(1, 2, 3, 4, 5, 6, 7, 8, 9)
	b.missed()
	o.sent = 4 // restored to a backup of then
	b.missed()
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	o.add(5, "res.partner", id, "failed")
	o.sent = 5
	b.missed()
	b.clock.Advance(sweep.Grace)
	require.EqualValues(t, 1, b.missed().Repaired)
	require.Equal(t, "Mairie", b.rows("SELECT name FROM contacts"))
}
