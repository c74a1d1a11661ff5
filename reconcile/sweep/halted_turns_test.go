package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/store"
	"odoosync/reconcile/sweep"
)

// A rename is kept as known once the rows show it, not while their model is
// halted and none could be read.
func TestARenameIsNotForgottenWhileItsRowsAreHalted(t *testing.T) {
	b := newBench(t, 17)
	var lead int64
	for range 40 {
		lead = b.sim.Create("crm.lead", odoosim.Values{"name": "Rome"})
	}
	b.imported()
	stage := b.sim.Get("crm.lead", lead)["stage_id"].(int64)
	require.NoError(t, store.SetHalts(b.ctx, b.db, b.clock.Now(), store.Halt{Model: "crm.lead", Kind: "hidden", Reason: "a rule"}))
	hidden := true
	b.sim.Rule("crm.lead", func(int64, odoosim.Values) bool { return !hidden })
	b.sim.Write("crm.stage", stage, odoosim.Values{"name": "À rappeler"})
	for range 2 {
		b.clock.Advance(time.Hour)
		_, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{})
		require.Error(t, err)
		hidden = false
	}
	require.NoError(t, b.engine.AllowDeletes(b.ctx, "leads"))
	b.clock.Advance(25 * time.Hour)
	b.exec("DELETE FROM sync_cursors WHERE name = 'deep:leads'") // it is not the last one's turn tonight
	b.swept()
	require.Equal(t, "À rappeler", b.rows("SELECT stage FROM leads WHERE odoo_id = ?", lead))
}

// A halted model's turn for full reads waits: none of its records can be read.
func TestFullReadsWaitForAHaltedModel(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(70)
	b.imported()
	require.NoError(t, store.SetHalts(b.ctx, b.db, b.clock.Now(), store.Halt{Model: "res.partner", Kind: "hidden", Reason: "a rule"}))
	before := b.rows("SELECT value FROM sync_cursors WHERE name = 'deep:contacts'")
	result, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{})
	require.Error(t, err)
	require.NotZero(t, ids)
	require.Equal(t, before, b.rows("SELECT value FROM sync_cursors WHERE name = 'deep:contacts'"), "it passed records that it did not read; counts %v", result.Counts)
}
