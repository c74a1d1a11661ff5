package sweep_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile/sweep"
)

// A restored Odoo gives numbers out again, and one of them is lost before anybody
// has asked Odoo how far it is.
func TestANumberLostBeforeARestoreWasNoticedIsFound(t *testing.T) {
	b, o := newTold(t)
	o.sent = 5
	b.arrived(1, 2, 3, 4, 5)
	b.missed()
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	o.add(3, "res.partner", id, "failed") // restored to 2; 3 is lost, 4 arrives
	o.sent = 4
	b.arrived(4)
	for range 4 {
		b.missed()
		b.clock.Advance(sweep.Grace)
	}
	require.Equal(t, "Mairie", b.rows("SELECT name FROM contacts"))
}
