package sweep_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/store"
	"odoosync/reconcile"
	"odoosync/reconcile/sweep"
)

// While a restored Odoo waits for a person, what it lacks may be in the right
// one: no number is given up. How far it is counts all the same, so that numbers
// that it gives out again meanwhile are looked for once a person has taken it.
func TestAHaltedRestoreEndsNoMissingNumber(t *testing.T) {
	b, o := newTold(t)
	o.sent = 9
	b.arrived(1, 2, 3, 4, 6, 7, 8, 9)
	b.missed()
	require.NoError(t, store.SetHalts(b.ctx, b.db, b.clock.Now(), store.Halt{Model: "res.partner", Kind: reconcile.HaltOlderCopy, Wide: true}))
	o.sent = 4
	b.clock.Advance(sweep.Grace)
	require.Zero(t, b.missed())
	require.Zero(t, o.asked)
	require.Equal(t, "5", b.open(), "one answer may be another daemon's late one")
	b.missed()
	o.sent = 9 // they were given out again
	o.add(7, "res.partner", b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"}), "failed")
	b.missed()
	require.NoError(t, store.EndHalt(b.ctx, b.db, "res.partner"))
	b.clock.Advance(sweep.Grace)
	require.EqualValues(t, 1, b.missed().Repaired)
	require.Equal(t, "Mairie", b.rows("SELECT name FROM contacts"))
}

// What cannot be stored is closed, shown on its record and no repaired one.
func TestARefusedRecordOfAMissingWebhookIsNotRepaired(t *testing.T) {
	b, o := newTold(t)
	o.add(1, "res.partner", b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "zip": strings.Repeat("1", 40)}), "failed")
	b.arrived(2)
	b.missed()
	b.clock.Advance(sweep.Grace)
	require.Equal(t, sweep.Missed{Refused: 1}, b.missed())
	require.Empty(t, b.open())
	require.Equal(t, "error", b.rows("SELECT state FROM sync_links WHERE entity = 'contacts'"))
	require.Equal(t, "0", b.rows("SELECT COUNT(*) FROM sync_runs WHERE kind = 'missed'"))
}
