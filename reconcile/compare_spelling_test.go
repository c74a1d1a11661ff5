package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// A person corrects the spelling of what was just written, and the API edits it
// too before the write is read back. Odoo has told that the record is of another
// version than the write left: that is an edit on both sides, and no form that
// Odoo gave the value.
func TestASpellingThatAPersonCorrectedIsNotOverwrittenInSilence(t *testing.T) {
	b := newPushBench(t, 17)
	b.sim.SetModule(true)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes"})
	b.sync("res.partner", id)
	b.remote(&cutAnswer{b.client, func() {
		b.clock.Advance(2e9)
		b.sim.Write("res.partner", id, odoosim.Values{"city": "NANTES"})
		b.api("UPDATE contacts SET city = 'Brest'")
	}})
	b.api("UPDATE contacts SET city = 'Nantes'")
	b.push()
	for range 3 {
		b.clock.Advance(200e9)
		b.push()
	}
	if b.sim.Get("res.partner", id)["city"] == "Brest" {
		require.Contains(t, b.rows("SELECT odoo_value FROM sync_conflicts"), "NANTES")
	}
}
