package sweep_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile/sweep"
)

// The headers are outside the signature. One number that Odoo has never given
// out does not end the search in its stream.
func TestANumberThatOdooHasNotGivenOutHidesNone(t *testing.T) {
	b, o := newTold(t)
	o.sent = 2
	b.arrived(1, 2, 2147483647)
	b.missed()
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	o.add(3, "res.partner", id, "failed")
	o.sent = 4
	b.arrived(4)
	b.missed()
	b.clock.Advance(sweep.Grace)
	require.EqualValues(t, 1, b.missed().Repaired)
	require.Equal(t, "Mairie", b.rows("SELECT name FROM contacts"))
}
