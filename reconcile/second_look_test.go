package reconcile_test

import (
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/queue"
)

// later works what is due in an hour, as a daemon that was started then.
func (b *bench) later() {
	b.t.Helper()
	clock := clockwork.NewFakeClockAt(time.Now().Add(time.Hour))
	b.inbox = queue.NewInbox(b.db, queue.Options{Clock: clock})
	b.t.Cleanup(b.inbox.Stop)
	b.engine = b.engineOn(b.client)
	b.work(b.engine, clock)
}

// A delete hint came before its commit: the record was found alive, the hint
// ended, and the daemon was killed. Its second looks must have been kept by then.
func TestSecondLooksSurviveAKill(t *testing.T) {
	b := newBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	b.sync("res.partner", id)
	b.hint("res.partner.deleted", "res.partner", id)
	events, err := b.inbox.Claim(b.ctx, 10, time.Minute)
	require.NoError(t, err)
	_, err = b.engine.SyncEvents(b.ctx, "res.partner", events) // and here the process dies
	require.NoError(t, err)
	b.sim.Unlink("res.partner", id)
	b.later()
	require.Equal(t, "1", b.rows("SELECT deleted_at IS NOT NULL FROM contacts"))
}

// A record that is hidden exists: its delete hint is looked at again too.
func TestAHiddenRecordsDeletionIsLookedAtAgain(t *testing.T) {
	b := newBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	b.sync("res.partner", id)
	b.sim.Hide("res.partner", id, true)
	b.hint("res.partner.deleted", "res.partner", id)
	b.work(b.engine, nil)
	b.sim.Hide("res.partner", id, false)
	b.sim.Unlink("res.partner", id)
	b.later()
	require.Equal(t, "1", b.rows("SELECT deleted_at IS NOT NULL FROM contacts"))
}

// An automation's notification may be sent from inside the deletion's own
// transaction (Odoo 17 and 18); it does not say that it is one.
func TestAnAutomationOnDeletionIsLookedAtAgain(t *testing.T) {
	b := newBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	b.sync("res.partner", id)
	_, err := b.inbox.Append(b.ctx, queue.Event{Type: "automation", Model: "res.partner", OdooID: id, Source: "automation"})
	require.NoError(t, err)
	b.work(b.engine, nil)
	b.sim.Unlink("res.partner", id)
	b.later()
	require.Equal(t, "1", b.rows("SELECT deleted_at IS NOT NULL FROM contacts"))
}
