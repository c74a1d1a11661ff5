package sweep_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/reconcile"
	"odoosync/reconcile/sweep"
)

// sweepErr is the error of a sweep of Odoo's lists.
func (b *bench) sweepErr() error {
	b.t.Helper()
	_, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{Depth: sweep.Lists})
	return err
}

// halts are the halted models, with the kinds of their halts.
func (b *bench) halts() string {
	b.t.Helper()
	return b.rows("SELECT JSON_UNQUOTE(JSON_EXTRACT(value, '$.model')), JSON_UNQUOTE(JSON_EXTRACT(value, '$.kind')) FROM sync_cursors WHERE name LIKE 'halt:%' ORDER BY name")
}

// TestWhatLooksLikeAnotherOdooHalts: nothing is deleted, the sentence says what
// to do, and doing it lets the sync go on.
func TestWhatLooksLikeAnotherOdooHalts(t *testing.T) {
	for _, tt := range []struct {
		name    string
		breaks  func(b *bench, ids []int64)
		halts   string
		says    string
		deleted string // once a person has accepted what Odoo shows
	}{
		{
			name: "a record rule leaves a few of many",
			breaks: func(b *bench, ids []int64) {
				b.sim.Rule("res.partner", func(id int64, _ odoosim.Values) bool { return id < ids[10] })
			},
			halts: "res.partner | hidden", says: "are hidden from the sync user at once", deleted: "0",
		},
		{
			name: "a record rule leaves none",
			breaks: func(b *bench, _ []int64) {
				b.sim.Rule("res.partner", func(int64, odoosim.Values) bool { return false })
			},
			halts: "res.partner | empty", says: "Odoo shows no record of res.partner any more, and 6", deleted: "0",
		},
		{
			name: "a model is emptied",
			breaks: func(b *bench, ids []int64) {
				for _, id := range b.sim.IDs("res.partner") {
					b.sim.Unlink("res.partner", id)
				}
			},
			halts: "res.partner | empty", says: "they were deleted, or the sync user may no longer see them", deleted: "all",
		},
		{
			name: "an older copy, in which edits are undone",
			breaks: func(b *bench, ids []int64) {
				old := b.sim.Snapshot()
				b.clock.Advance(time.Hour)
				b.sim.Write("res.partner", ids[3], odoosim.Values{"city": "Rennes"})
				b.sim.Create("res.partner", odoosim.Values{"name": "Nouveau"})
				b.poll()
				b.clock.Advance(time.Hour)
				b.sim.Restore(old)
			},
			halts: olderCopy, says: "this Odoo is an older copy, or its clock was set back", deleted: "1",
		},
		{
			name: "an older copy, in which new records are gone",
			breaks: func(b *bench, ids []int64) {
				old := b.sim.Snapshot()
				b.clock.Advance(time.Hour)
				b.sim.Create("res.partner", odoosim.Values{"name": "Nouveau"})
				b.sim.Create("res.partner", odoosim.Values{"name": "Et un autre"})
				b.poll()
				b.clock.Advance(time.Hour)
				b.sim.Restore(old)
			},
			halts: olderCopy, says: "this Odoo is an older copy", deleted: "2",
		},
		{
			name: "an older copy that has given the ids again",
			breaks: func(b *bench, ids []int64) {
				old := b.sim.Snapshot()
				b.clock.Advance(time.Hour)
				b.sim.Create("res.partner", odoosim.Values{"name": "Nouveau"})
				b.poll()
				b.clock.Advance(time.Hour)
				b.sim.Restore(old)
				b.sim.Create("res.partner", odoosim.Values{"name": "Un tout autre"})
			},
			halts: olderCopy, says: "now another record has this id", deleted: "1",
		},
		{
			name: "an older copy that has given an order's and its line's ids again",
			breaks: func(b *bench, ids []int64) {
				old := b.sim.Snapshot()
				b.clock.Advance(time.Hour)
				b.sim.Create("sale.order", odoosim.Values{"partner_id": ids[0], "order_line": []odoosim.Values{{"name": "Bus", "price_unit": 10.0}}})
				b.poll()
				b.clock.Advance(time.Hour)
				b.sim.Restore(old)
				b.sim.Create("sale.order", odoosim.Values{"partner_id": ids[1], "order_line": []odoosim.Values{{"name": "Musée", "price_unit": 5.0}}})
			},
			halts: olderCopy, says: "now another record has this id", deleted: "0",
		},
		{
			name:    "another database",
			breaks:  func(b *bench, _ []int64) { b.sim.SetDatabaseUUID("another") },
			halts:   "account.move | other_database\ncrm.lead | other_database\nres.partner | other_database\nsale.order | other_database",
			says:    "Odoo answers from another database",
			deleted: "0",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, 17)
			ids := b.partners(60)
			b.imported()
			before := b.rows("SELECT id, odoo_id, name, deleted_at FROM contacts WHERE odoo_id <= ? ORDER BY id", ids[59])
			tt.breaks(b, ids)
			err := b.sweepErr()
			require.ErrorContains(t, err, tt.says)
			require.Contains(t, record.Message(err), "--allow-deletes")
			require.Equal(t, tt.halts, b.halts())
			require.Equal(t, "0", b.deletedRows())
			require.Equal(t, before, b.rows("SELECT id, odoo_id, name, deleted_at FROM contacts WHERE odoo_id <= ? ORDER BY id", ids[59]))

			// Neither a poll nor an edit here does anything while it is halted.
			b.api("UPDATE contacts SET city = 'ici' WHERE odoo_id = 5")
			b.poll()
			b.push()
			if strings.Contains(tt.halts, "res.partner") {
				require.Equal(t, "pending", b.rows("SELECT DISTINCT status FROM sync_outbox WHERE status <> 'done'"))
			}
			require.Equal(t, "0", b.deletedRows())

			b.accepted()
			require.Empty(t, b.halts())
			require.NoError(t, b.sweepErr())
			require.Empty(t, b.rows("SELECT odoo_id, error FROM sync_status WHERE state = 'error'"))
			if tt.deleted == "all" {
				require.Equal(t, b.rows("SELECT COUNT(*) - 1 FROM contacts"), b.deletedRows(), "but for the row that was edited since, which is a conflict")
				return
			}
			require.Equal(t, tt.deleted, b.deletedRows())
			b.push()
			require.Empty(t, b.rows("SELECT local_id, error_message FROM sync_outbox WHERE status = 'pending' AND error_message NOT LIKE '%hidden%'"))
		})
	}
}

// A company that the sync user lost: Odoo refuses every call then.
func TestALostCompanyHaltsEverything(t *testing.T) {
	b := newBench(t, 17)
	b.partners(5)
	_, err := b.client.Adopt(b.ctx)
	require.NoError(t, err)
	b.imported()
	b.sim.SetUserCompanies(2)
	_, err = b.sweeper.Poll(b.ctx)
	require.Error(t, err)
	require.Equal(t, "account.move | company\ncrm.lead | company\nres.partner | company\nsale.order | company", b.halts())
	require.Contains(t, b.rows("SELECT JSON_UNQUOTE(JSON_EXTRACT(value, '$.reason')) FROM sync_cursors WHERE name = 'halt:crm.lead'"), "give it back in Odoo")
	require.Equal(t, "0", b.deletedRows())

	b.sim.SetUserCompanies(1)
	b.accepted()
	b.poll()
	require.NoError(t, b.sweepErr())
	require.Equal(t, "0", b.deletedRows())
}

// A mass delete is held and reported, edits go on, and it passes once a person
// lets it.
func TestAMassDeleteWaitsForAPerson(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(200)
	b.imported()
	for _, id := range ids[:60] {
		b.sim.Unlink("res.partner", id)
	}
	b.sim.Write("res.partner", ids[100], odoosim.Values{"city": "Rennes"})
	b.clock.Advance(time.Hour)
	counts := b.sweep(sweep.SweepOptions{Depth: sweep.Lists})
	require.Equal(t, "Rennes", b.city(ids[100]))
	require.EqualValues(t, 60, counts["contacts.held"]+counts["contacts.deleted"])
	require.Less(t, counts["contacts.deleted"], int64(21))
	again := b.sweep(sweep.SweepOptions{Depth: sweep.Lists})
	require.Equal(t, counts["contacts.held"], again["contacts.held"], "it is found again until somebody decides")
	require.NoError(t, b.engine.AllowDeletes(b.ctx, "contacts"))
	last := b.sweep(sweep.SweepOptions{Depth: sweep.Lists})
	require.Equal(t, counts["contacts.held"], last["contacts.deleted"])
	require.Equal(t, "60", b.deletedRows())
}

// One record that is gone, the newest of all, is a delete and no older copy.
func TestTheNewestRecordMayBeDeleted(t *testing.T) {
	b := newBench(t, 17)
	b.partners(5)
	b.imported()
	newest := b.sim.Create("res.partner", odoosim.Values{"name": "Erreur"})
	b.poll()
	b.clock.Advance(time.Hour)
	b.sim.Unlink("res.partner", newest)
	require.Equal(t, map[string]int64{"contacts.deleted": 1}, kinds(b.sweep(sweep.SweepOptions{Depth: sweep.Lists})))
	require.Empty(t, b.halts())
}

// What a poll meets when the model is halted by it is not passed: once a person
// has accepted what Odoo shows, the next poll brings it.
func TestAPollThatHaltsPassesNothing(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(5)
	b.imported()
	old := b.sim.Snapshot()
	b.sim.Create("res.partner", odoosim.Values{"name": "Nouveau"})
	b.clock.Advance(time.Minute)
	b.poll()
	b.sim.Restore(old)
	b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Rennes"})
	other := b.sim.Create("res.partner", odoosim.Values{"name": "Un tout autre"})
	b.clock.Advance(time.Minute)
	_, err := b.sweeper.Poll(b.ctx)
	require.ErrorContains(t, err, "now another record has this id")
	require.Equal(t, olderCopy, b.halts())
	b.clock.Advance(time.Hour) // long after the overlap
	b.poll()
	require.NoError(t, b.engine.AllowDeletes(b.ctx, "contacts"))
	b.poll()
	require.Equal(t, "Rennes", b.city(ids[0]))
	require.Equal(t, "Un tout autre", b.rows("SELECT name FROM contacts WHERE odoo_id = ?", other))
	require.Equal(t, "Nouveau", b.rows("SELECT name FROM contacts WHERE deleted_at IS NOT NULL"))
}

// What a person has accepted is what was shown: an hour in which anything goes
// would let a restored copy in behind a rule that was taken away.
func TestAnAcceptanceCoversWhatWasSeen(t *testing.T) {
	b := newBench(t, 17)
	b.partners(5)
	b.imported()
	old := b.sim.Snapshot()
	b.sim.Create("res.partner", odoosim.Values{"name": "Nouveau"})
	b.clock.Advance(time.Minute)
	b.poll()
	require.NoError(t, store.SetHalts(b.ctx, b.db, b.clock.Now(), store.Halt{Model: "res.partner", Kind: reconcile.HaltHidden, Reason: "a rule"}))
	b.accepted()
	require.Empty(t, b.halts())
	b.sim.Restore(old)
	b.sim.Create("res.partner", odoosim.Values{"name": "Un tout autre"})
	b.clock.Advance(time.Minute)
	b.pollHalts()
}
