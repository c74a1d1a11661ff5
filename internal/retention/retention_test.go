package retention_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/figures"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/retention"
)

var ctx = context.Background()

var begin = time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)

const days = 24 * time.Hour

type bench struct {
	t     *testing.T
	db    *mysqldb.DB
	clock *clockwork.FakeClock
	inbox *queue.Inbox
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, db: dbtest.New(t), clock: clockwork.NewFakeClockAt(begin)}
	b.inbox = queue.NewInbox(b.db, queue.Options{Clock: b.clock})
	t.Cleanup(b.inbox.Stop)
	return b
}

func (b *bench) keeper(change func(*retention.Options)) *retention.Keeper {
	o := retention.Options{DB: b.db, Clock: b.clock, Pause: -1, Batch: 3, WebhookLogs: 90 * days, Runs: 90 * days, Changes: 365 * days}
	if change != nil {
		change(&o)
	}
	return retention.New(o)
}

func (b *bench) receive(e queue.Event) {
	b.t.Helper()
	if e.Type == "" {
		e.Type = "res.partner.updated"
	}
	e.Model, e.Source = "res.partner", queue.SourceWebhook
	if e.Body == nil {
		e.Body = []byte("{}")
	}
	_, err := b.inbox.Append(ctx, e)
	require.NoError(b.t, err)
}

func (b *bench) work() {
	b.t.Helper()
	for {
		events, err := b.inbox.Claim(ctx, 100, time.Minute)
		require.NoError(b.t, err)
		if len(events) == 0 {
			return
		}
		for _, e := range events {
			require.NoError(b.t, b.db.InTx(ctx, func(tx *sql.Tx) error { return b.inbox.CompleteTx(ctx, tx, []int64{e.ID}, "applied") }))
		}
	}
}

func (b *bench) exec(query string, args ...any) {
	b.t.Helper()
	_, err := b.db.Exec(query, args...)
	require.NoError(b.t, err)
}

func (b *bench) ids(query string, args ...any) []int64 {
	b.t.Helper()
	rows, err := b.db.Query(query, args...)
	require.NoError(b.t, err)
	defer rows.Close()
	out := []int64{}
	for rows.Next() {
		var id int64
		require.NoError(b.t, rows.Scan(&id))
		out = append(out, id)
	}
	return out
}

func TestWebhooksThatAreDoneGoAndTheirFiguresStay(t *testing.T) {
	b := newBench(t)
	for i := range 10 {
		b.receive(queue.Event{OdooID: int64(1 + i)})
	}
	b.work()
	b.receive(queue.Event{OdooID: 99}) // 11: waits
	b.clock.Advance(80 * days)
	b.receive(queue.Event{OdooID: 12}) // 12: is not old yet
	_, err := queue.Replay{IDs: []int64{4}}.Run(ctx, b.db, b.clock.Now())
	require.NoError(t, err)
	b.work() // and so was 11
	require.NoError(t, figures.Rollup(ctx, b.db, b.clock.Now()))
	b.clock.Advance(11 * days)
	before, err := figures.Read(ctx, b.db, figures.Range{From: begin, Upto: b.clock.Now(), Step: "day"})
	require.NoError(t, err)
	require.EqualValues(t, 12, before.Received)

	var told int64
	counts, err := b.keeper(func(o *retention.Options) { o.OnPurged = func(_ string, n int64) { told += n } }).Purge(ctx)
	require.NoError(t, err)
	require.Equal(t, retention.Counts{"webhook_logs": 9}, counts)
	require.EqualValues(t, 9, told)
	require.Equal(t, []int64{4, 11, 12}, b.ids("SELECT id FROM webhook_logs ORDER BY id"), "what ended lately stays, whenever it came")
	require.NoError(t, figures.Rollup(ctx, b.db, b.clock.Now()))
	after, err := figures.Read(ctx, b.db, figures.Range{From: begin, Upto: b.clock.Now(), Step: "day"})
	require.NoError(t, err)
	require.Equal(t, before, after)
	b.clock.Advance(500 * days)
	_, err = b.keeper(nil).Purge(ctx)
	require.NoError(t, err)
	require.Equal(t, []int64{0}, b.ids("SELECT COUNT(*) FROM webhook_hours WHERE hour < ?", begin.Add(100*days)))
}

// Whatever the settings say.
func TestNothingYoungGoes(t *testing.T) {
	b := newBench(t)
	b.receive(queue.Event{OdooID: 1})
	b.work()
	b.clock.Advance(47 * time.Hour)
	counts, err := b.keeper(func(o *retention.Options) { o.WebhookLogs = time.Second }).Purge(ctx)
	require.NoError(t, err)
	require.Empty(t, counts)
}

// Of a stream the numbers above its mark stay, and the highest: without them
// numbers would seem to be missing that had arrived.
func TestStreamsKeepTheirPlace(t *testing.T) {
	b := newBench(t)
	const stream = "0193a5f0-0000-7000-8000-000000000001"
	for _, number := range []int64{1, 2, 3, 5} {
		b.receive(queue.Event{OdooID: number, Place: queue.Place{Stream: stream, Number: number}})
	}
	b.work()
	b.clock.Advance(100 * days)
	_, err := b.keeper(nil).Purge(ctx)
	require.NoError(t, err)
	require.Len(t, b.ids("SELECT id FROM webhook_logs"), 4, "nobody has looked at them yet")
	_, err = queue.NoteMissing(ctx, b.db, b.clock.Now(), b.clock.Now())
	require.NoError(t, err)
	_, err = b.keeper(nil).Purge(ctx)
	require.NoError(t, err)
	require.Equal(t, []int64{5}, b.ids("SELECT stream_number FROM webhook_logs"))
	_, err = queue.NoteMissing(ctx, b.db, b.clock.Now(), b.clock.Now())
	require.NoError(t, err)
	require.Equal(t, []int64{4}, b.ids("SELECT number FROM sync_missing"))
	states, err := queue.Streams(ctx, b.db)
	require.NoError(t, err)
	require.EqualValues(t, 5, states[0].Newest)
}

func TestRunsConflictsChangesAndEdits(t *testing.T) {
	b := newBench(t)
	run := func(id int, kind, state string) {
		b.exec("INSERT INTO sync_runs (id, kind, state, started_at, heartbeat_at, finished_at) VALUES (?, ?, ?, ?, ?, IF(? = 'running', NULL, ?))", id, kind, state, begin, begin, state, begin)
	}
	for i, state := range []string{"done", "done", "failed", "running", "done"} {
		run(i+1, "sweep", state)
	}
	run(6, "resync", "done")
	change := func(id, odooID, runID int) {
		b.exec("INSERT INTO sync_changes (id, at, entity, local_id, odoo_id, side, op, cause_kind, run_id) VALUES (?, ?, 'contacts', ?, ?, 'local', 'update', 'poll', NULLIF(?, 0))", id, begin, odooID, odooID, runID)
	}
	change(1, 1, 0)
	change(2, 2, 0)
	change(3, 3, 4)
	change(4, 4, 1)
	for i, state := range []string{"open", "resolved"} {
		b.exec("INSERT INTO sync_conflicts (id, entity, odoo_id, field, policy, state, created_at, updated_at, resolved_at) VALUES (?, 'contacts', 2, 'phone', 'ask', ?, ?, ?, IF(? = 'open', NULL, ?))", i+1, state, begin, begin, state, begin)
	}
	for i, status := range []string{"done", "pending", "error"} {
		b.exec("INSERT INTO sync_outbox (id, entity, local_id, op, changed_at, status, next_attempt_at) VALUES (?, 'contacts', '1', 'update', ?, ?, ?)", i+1, begin, status, begin)
	}
	b.clock.Advance(91 * days)
	counts, err := b.keeper(nil).Purge(ctx)
	require.NoError(t, err)
	require.Equal(t, retention.Counts{"sync_runs": 2}, counts)
	require.Equal(t, []int64{3, 4, 5, 6}, b.ids("SELECT id FROM sync_runs ORDER BY id"), "the latest of each kind and state")
	b.clock.Advance(300 * days)
	counts, err = b.keeper(nil).Purge(ctx)
	require.NoError(t, err)
	require.Equal(t, retention.Counts{"sync_changes": 2, "sync_outbox": 1, "sync_conflicts": 1}, counts)
	require.Equal(t, []int64{2, 3}, b.ids("SELECT id FROM sync_changes ORDER BY id"), "of an open conflict, and of a run that runs")
	require.Equal(t, []int64{1}, b.ids("SELECT id FROM sync_conflicts"))
	require.Equal(t, []int64{2, 3}, b.ids("SELECT id FROM sync_outbox ORDER BY id"))
}

// A row that is locked is left for the next time, and nobody waits.
func TestAPurgeWaitsForNobody(t *testing.T) {
	b := newBench(t)
	for i := range 5 {
		b.receive(queue.Event{OdooID: int64(1 + i)})
	}
	b.work()
	b.clock.Advance(100 * days)
	tx, err := b.db.Begin()
	require.NoError(t, err)
	defer func() { _ = tx.Rollback() }()
	_, err = tx.Exec("SELECT id FROM webhook_logs WHERE id = 2 FOR UPDATE")
	require.NoError(t, err)
	counts, err := b.keeper(nil).Purge(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 4, counts["webhook_logs"])
	b.receive(queue.Event{OdooID: 9})
	require.NoError(t, tx.Rollback())
	counts, err = b.keeper(nil).Purge(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1, counts["webhook_logs"])
}

const body = `{"event": "res.partner.updated", "timestamp": "2026-01-10T09:00:00Z", "data": {"id": %d, "name": "Ann <b>", "email": "ann@example.com", "phone": false, "amount": 5000.00, "child_ids": [{"id": 1, "email": "x"}], "partner": {"email": "y"}}}`

func payload(id int64) queue.Event {
	text := fmt.Sprintf(body, id)
	var whole struct{ Data json.RawMessage }
	if err := json.Unmarshal([]byte(text), &whole); err != nil {
		panic(err)
	}
	return queue.Event{OdooID: id, Data: whole.Data, Body: []byte(text), EventTime: begin}
}

func TestRedact(t *testing.T) {
	b := newBench(t)
	b.receive(payload(1))
	b.receive(payload(2))
	events, err := b.inbox.Claim(ctx, 2, time.Minute)
	require.NoError(t, err)
	require.NoError(t, b.inbox.Fail(ctx, []int64{events[1].ID}, record.Errorf(record.CodeRejected, "no")))
	require.NoError(t, b.db.InTx(ctx, func(tx *sql.Tx) error { return b.inbox.CompleteTx(ctx, tx, []int64{events[0].ID}, "applied") }))
	redact := func(names ...string) int64 {
		t.Helper()
		n, err := b.keeper(func(o *retention.Options) { o.Redact = names }).Redact(ctx)
		require.NoError(t, err)
		return n
	}
	require.Zero(t, redact("email", "phone"), "it has only just succeeded")
	b.clock.Advance(11 * time.Minute)
	require.EqualValues(t, 1, redact("email", "phone"), "the other one failed")
	require.Zero(t, redact("email", "phone"))
	one, err := queue.ReadWebhook(ctx, b.db, 1)
	require.NoError(t, err)
	require.Equal(t, `{"data":{"amount":5000.00,"child_ids":[{"email":"[erased]","id":1}],"email":"[erased]","id":1,"name":"Ann <b>","partner":{"email":"[erased]"},"phone":false},"event":"res.partner.updated","timestamp":"2026-01-10T09:00:00Z"}`, one.Body)
	require.JSONEq(t, `{"amount":5000.00,"child_ids":[{"email":"[erased]","id":1}],"email":"[erased]","id":1,"name":"Ann <b>","partner":{"email":"[erased]"},"phone":false}`, string(one.Data))
	require.True(t, one.Erased)
	require.Equal(t, "Ann <b>", one.Subject)

	// Another field from now on: all are gone through again.
	require.EqualValues(t, 1, redact("email", "name"))
	one, err = queue.ReadWebhook(ctx, b.db, 1)
	require.NoError(t, err)
	require.NotContains(t, one.Body, "Ann")
	require.Empty(t, one.Subject)
	require.Equal(t, []int64{1}, b.ids("SELECT COUNT(*) FROM webhook_logs WHERE subject = 'Ann <b>'"), "that of the other one")
	other := payload(1)
	other.Source, other.EventTime, other.ReceivedAt, other.Model = queue.SourceWebhook, b.clock.Now(), b.clock.Now(), "res.partner"
	require.NoError(t, b.db.InTx(ctx, func(tx *sql.Tx) error {
		at, err := queue.FirstTime(ctx, tx, other)
		require.Equal(t, begin, at.UTC(), "the same body is still known")
		return err
	}))
}

// A webhook whose values were erased is a hint and no more.
func TestAReplayOfARedactedWebhook(t *testing.T) {
	b := newBench(t)
	b.receive(payload(1))
	b.receive(payload(1)) // 2: of the same time, and not erased
	b.receive(payload(3))
	b.work()
	b.clock.Advance(time.Hour)
	n, err := queue.Erase(ctx, b.db, []int64{2, 3}, queue.EraseFields([]string{"email"}))
	require.NoError(t, err)
	require.EqualValues(t, 2, n)

	own := queue.Replay{IDs: []int64{3}, OwnData: true}
	_, err = own.Run(ctx, b.db, b.clock.Now())
	require.Equal(t, record.CodeRejected, record.CodeOf(err))
	require.Contains(t, record.Message(err), "erased")
	did, err := queue.Replay{Status: "success", OwnData: true}.Run(ctx, b.db, b.clock.Now())
	require.NoError(t, err)
	require.Equal(t, queue.Replayed{Erased: 3}, did, "1 would overwrite what 2 told")
	require.Contains(t, did.String(), "3 webhooks left out")

	did, err = queue.Replay{IDs: []int64{3}}.Run(ctx, b.db, b.clock.Now())
	require.NoError(t, err)
	require.EqualValues(t, 1, did.Again)
	events, err := b.inbox.Claim(ctx, 1, time.Minute)
	require.NoError(t, err)
	require.True(t, events[0].Erased)
}
