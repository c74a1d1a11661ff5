package reconcile_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/capture"
	"odoosync/internal/queue"
	"odoosync/odooclient"
	"odoosync/reconcile"
)

// pushBench is a bench with triggers on the tables, an outbox, and a pusher.
type pushBench struct {
	*bench
	outbox *queue.Outbox
	pusher *reconcile.Pusher
}

// newPushBench begins with a simulated Odoo of a version. change may replace
// pieces of the default mapping: old text, new text, and so on.
func newPushBench(t testing.TB, version int, change ...string) *pushBench {
	t.Helper()
	return onBench(newBench(t, version), change...)
}

// onBench puts triggers, an outbox and a pusher on a bench.
func onBench(on *bench, change ...string) *pushBench {
	t := on.t
	t.Helper()
	b := &pushBench{bench: on}
	if len(change) > 0 {
		b.mapped = b.mappingWith(b.client, change[0], change[1])
	} else {
		b.mapped = b.mapping("")
	}
	_, err := capture.Install(b.ctx, b.db, b.mapped)
	require.NoError(t, err)
	b.outbox = queue.NewOutbox(b.db, queue.OutboxOptions{Clock: b.clock})
	b.remote(b.client)
	return b
}

// remote makes the engine and the pusher talk to Odoo through r.
func (b *pushBench) remote(r reconcile.Remote) {
	b.engine = reconcile.New(reconcile.Options{DB: b.db, Odoo: r, Mapping: b.mapped, Hints: b.inbox, Clock: b.clock, Outbox: b.outbox, Remote: r, Companies: []int64{1}})
	b.pusher = b.newPusher(b.engine, b.outbox)
}

func (b *pushBench) newPusher(e *reconcile.Engine, o *queue.Outbox) *reconcile.Pusher {
	return reconcile.NewPusher(reconcile.PusherOptions{Engine: e, Edits: o, Clock: b.clock})
}

// api runs statements as the API's own program does, in one transaction.
func (b *pushBench) api(statements ...string) {
	b.t.Helper()
	conn, err := b.db.Conn(b.ctx)
	require.NoError(b.t, err)
	defer conn.Close()
	run := func(s string) {
		_, err := conn.ExecContext(b.ctx, s)
		require.NoError(b.t, err, s)
	}
	run("SET @odoosync_applying = NULL")
	defer run("SET @odoosync_applying = 1")
	run("START TRANSACTION")
	for _, s := range statements {
		run(s)
	}
	run("COMMIT")
}

// push sends what is due.
func (b *pushBench) push() {
	b.t.Helper()
	b.catchUp()
	require.NoError(b.t, b.pusher.Push(b.ctx, time.Second))
}

// catchUp brings the clock to the database's, which dates edits.
func (b *pushBench) catchUp() {
	if behind := time.Since(b.clock.Now()); behind > 0 {
		b.clock.Advance(behind + time.Millisecond)
	}
}

// settle works both directions until neither has anything to do.
func (b *pushBench) settle() {
	b.t.Helper()
	for range 6 {
		b.work(b.engine, b.clock)
		b.push()
	}
}

// pending is what waits and what was refused in the outbox.
func (b *pushBench) pending() string {
	return b.rows("SELECT entity, local_id, status, COALESCE(error_message, '') FROM sync_outbox WHERE status <> 'done' ORDER BY id")
}

var _ reconcile.Remote = (*odooclient.Client)(nil)

// slowLook is an Odoo whose last look before a write takes its time, once.
type slowLook struct {
	*odooclient.Client
	then func()
}

func (s *slowLook) ReadEach(ctx context.Context, model string, ids []int64, fields []string, each func(int64, odooclient.Raw, error) error) error {
	err := s.Client.ReadEach(ctx, model, ids, fields, each)
	if then := s.then; then != nil && len(fields) == 1 && fields[0] == "write_date" {
		s.then = nil
		then()
	}
	return err
}
