package reconcile_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/reconcile"
)

// A sync that read Odoo before the choice does not undo it.
func TestAChoiceBetweenReadAndWrite(t *testing.T) {
	for side, want := range map[record.Side]string{record.Odoo: "theirs", record.Local: "ours"} {
		t.Run(string(side), func(t *testing.T) {
			b, id := disputed(t)
			reader := &betweenRead{Reader: b.client, model: "res.partner", then: func() { b.take(side, "city") }}
			e := reconcile.New(reconcile.Options{DB: b.db, Odoo: reader, Mapping: b.mapped, Hints: b.inbox, Clock: b.clock, Outbox: b.outbox, Remote: b.client})
			require.NoError(t, b.syncOn(e, "res.partner", id).Err)
			require.Empty(t, b.openFields())
			b.push()
			b.inStep()
			require.Equal(t, want, b.rows("SELECT city FROM contacts"))
			require.Equal(t, want, b.sim.Get("res.partner", id)["city"])
		})
	}
}

// Of two people who choose differently at once one decides, and the other is
// told so; syncs and pushes that run meanwhile change nothing about it.
func TestTwoPeopleChooseAtOnce(t *testing.T) {
	b, id := disputed(t)
	conflict := b.open("city")
	errs := map[record.Side]error{}
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, side := range []record.Side{record.Odoo, record.Local} {
		group.Go(func() {
			err := b.arbiter().Resolve(b.ctx, conflict, reconcile.Choice{Side: side}, string(side))
			mu.Lock()
			defer mu.Unlock()
			errs[side] = err
		})
	}
	group.Go(func() {
		_, err := b.engine.SyncRecords(b.ctx, "res.partner", []reconcile.Target{{OdooID: id, Cause: store.Cause{Kind: "webhook"}}})
		require.NoError(t, err)
	})
	group.Wait()
	winner := record.Side(b.rows("SELECT winner FROM sync_conflicts WHERE id = ?", conflict))
	require.NoError(t, errs[winner])
	require.ErrorIs(t, errs[winner.Other()], store.ErrDecided)
	b.push()
	b.inStep()
	want := map[record.Side]string{record.Odoo: "theirs", record.Local: "ours"}[winner]
	require.Equal(t, want, b.rows("SELECT city FROM contacts"))
	require.Equal(t, want, b.sim.Get("res.partner", id)["city"])
}

// What was removed on both sides leaves nothing to decide.
func TestAConflictAboutWhatIsGoneOnBothSidesEnds(t *testing.T) {
	b, id := disputed(t)
	b.sim.Unlink("res.partner", id)
	b.api("DELETE FROM contacts")
	b.push()
	require.Empty(t, b.openFields())
	require.Equal(t, "deleted", b.rows("SELECT state FROM sync_status"))
}

// A row that the API cleared away after Odoo's deletion had marked it is no
// deletion of the API's: when Odoo has the record after all, it comes back.
func TestARestoredRecordIsNotDeletedForItsClearedRow(t *testing.T) {
	b := newPushBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	b.sync("res.partner", id)
	lost := b.engineOn(&restored{Reader: b.client, without: id})
	require.NoError(t, b.syncOn(lost, "res.partner", id).Err)
	require.Equal(t, "1", b.rows("SELECT deleted_at IS NOT NULL FROM contacts"))
	b.api("DELETE FROM contacts")
	b.push()
	b.inStep()
	require.Equal(t, true, b.sim.Get("res.partner", id)["active"])
	require.Equal(t, "Mairie | NULL", b.rows("SELECT name, deleted_at FROM contacts"))
}
