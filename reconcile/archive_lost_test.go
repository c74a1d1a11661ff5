package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// An archiving is a compared write too, and Odoo remembers its token. A person
// takes it back before anybody read that it was made: it is not made again.
func TestAnArchivingTakenBackAfterALostAnswerStays(t *testing.T) {
	b := newPushBench(t, 17)
	b.sim.SetModule(true)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes"})
	b.sync("res.partner", id)
	b.remote(&cutAnswer{b.client, func() {
		require.Equal(t, false, b.sim.Get("res.partner", id)["active"])
		b.clock.Advance(2e9)
		b.sim.Write("res.partner", id, odoosim.Values{"active": true})
	}})
	b.api("DELETE FROM contacts")
	b.push()
	for range 3 { // past the intent's deadline
		b.clock.Advance(200e9)
		b.push()
	}
	require.Equal(t, true, b.sim.Get("res.partner", id)["active"])
}
