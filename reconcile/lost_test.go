package reconcile_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/record"
	"odoosync/reconcile"
)

// A plan shows, and a resync does, what Odoo deleted without a word.
func TestAResyncFindsWhatOdooNoLongerLists(t *testing.T) {
	b := newPushBench(t, 17)
	kept := b.sim.Create("res.partner", odoosim.Values{"name": "Reste"})
	gone := b.sim.Create("res.partner", odoosim.Values{"name": "Part"})
	hidden := b.sim.Create("res.partner", odoosim.Values{"name": "Se cache"})
	b.sync("res.partner", kept, gone, hidden)
	b.resync(reconcile.ResyncOptions{})
	b.sim.Unlink("res.partner", gone)
	b.sim.Hide("res.partner", hidden, true)

	items, _ := b.plan(reconcile.PlanOptions{})
	require.Len(t, items, 1)
	require.Equal(t, reconcile.PlanDelete, items[0].Op)
	require.Equal(t, gone, items[0].OdooID)
	require.Equal(t, "0", b.rows("SELECT COUNT(*) FROM contacts WHERE deleted_at IS NOT NULL"))

	result := b.resync(reconcile.ResyncOptions{})
	require.EqualValues(t, 1, result.Counts["deleted_here"])
	require.Equal(t, "Part", b.rows("SELECT name FROM contacts WHERE deleted_at IS NOT NULL"))
	require.Equal(t, "hidden", b.rows("SELECT state FROM sync_status WHERE odoo_id = ?", hidden))
}

func TestAnEmptyModelHaltsAResync(t *testing.T) {
	b := newPushBench(t, 17)
	b.resync(reconcile.ResyncOptions{})
	one, two := b.sim.Create("crm.lead", odoosim.Values{"name": "Rome"}), b.sim.Create("crm.lead", odoosim.Values{"name": "Prague"})
	b.sync("crm.lead", one, two)
	b.sim.Unlink("crm.lead", one)
	b.sim.Unlink("crm.lead", two)
	_, err := b.engine.Resync(b.ctx, reconcile.ResyncOptions{Pager: b.client, Edits: b.outbox})
	require.ErrorContains(t, err, "Odoo shows no record of crm.lead any more, and 2 were there")
	require.Contains(t, record.Message(err), "odoosync resync --entity leads --allow-deletes")
	require.Equal(t, "0", b.rows("SELECT COUNT(*) FROM leads WHERE deleted_at IS NOT NULL"))
	b.sync("res.partner", b.sim.Create("res.partner", odoosim.Values{"name": "Lycée"}))
	require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM contacts WHERE name = 'Lycée'"), "other models go on")

	result := b.resync(reconcile.ResyncOptions{Entity: "leads", AllowDeletes: true})
	require.EqualValues(t, 2, result.Counts["deleted_here"])
	require.Equal(t, "2", b.rows("SELECT COUNT(*) FROM leads WHERE deleted_at IS NOT NULL"))
}

// A plan on a restored copy halts nothing, and does not take another record for
// the one that a row belongs to.
func TestAPlanTellsARecordFromItsSuccessor(t *testing.T) {
	b := newPushBench(t, 17)
	b.resync(reconcile.ResyncOptions{})
	old := b.sim.Snapshot()
	b.clock.Advance(time.Hour)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Lycée", "city": "Rennes"})
	b.sync("res.partner", id)
	b.sim.Restore(old)
	b.clock.Advance(time.Hour)
	require.Equal(t, id, b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"}))
	items, _ := b.plan(reconcile.PlanOptions{})
	require.Len(t, items, 1)
	require.Equal(t, reconcile.PlanRefused, items[0].Op)
	require.Contains(t, items[0].Reason, "now another record has this id")
	require.Equal(t, "0", b.rows("SELECT COUNT(*) FROM sync_cursors WHERE name LIKE 'halt:%'"))
}

// A resync that meets another Odoo ends with the sentence, and has not merged
// another record into a row.
func TestAResyncThatHaltsSaysSo(t *testing.T) {
	b := newPushBench(t, 17)
	b.resync(reconcile.ResyncOptions{})
	old := b.sim.Snapshot()
	b.clock.Advance(time.Hour)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Lycée", "city": "Rennes"})
	b.sync("res.partner", id)
	b.sim.Restore(old)
	b.clock.Advance(time.Hour)
	b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	_, err := b.engine.Resync(b.ctx, reconcile.ResyncOptions{Pager: b.client, Edits: b.outbox})
	require.ErrorContains(t, err, "now another record has this id")
	require.Equal(t, "Lycée | Rennes", b.rows("SELECT name, city FROM contacts WHERE odoo_id = ?", id))
	b.resync(reconcile.ResyncOptions{AllowDeletes: true})
	require.Equal(t, "Lycée | NULL | 0\nMairie | 1 | 1", b.rows("SELECT name, odoo_id = ?, deleted_at IS NULL FROM contacts WHERE name IN ('Lycée', 'Mairie') ORDER BY id", id))
}
