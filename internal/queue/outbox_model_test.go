package queue_test

import (
	"database/sql"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
)

// told is what the model knows of one edit.
type told struct {
	record   string
	attempts int
	due      time.Time
	leased   time.Time // zero: free
	owner    int
	done     bool
	refused  bool
}

// outboxModel is the outbox as its documentation describes it.
type outboxModel struct {
	t     *rapid.T
	db    *mysqldb.DB
	clock *clockwork.FakeClock
	edits map[int64]*told
	order []int64
	held  [2][]queue.Edit
}

// claimable are the edits Claim hands out now: all that are not done of records
// that have one that is due and none that is leased.
func (m *outboxModel) claimable() []int64 {
	now := m.clock.Now()
	busy, due := map[string]bool{}, map[string]bool{}
	for _, e := range m.edits {
		switch {
		case e.done || e.refused:
		case !e.leased.Before(now):
			busy[e.record] = true
		case !e.due.After(now):
			due[e.record] = true
		}
	}
	var out []int64
	for _, id := range m.order {
		if e := m.edits[id]; !e.done && due[e.record] && !busy[e.record] {
			out = append(out, id)
		}
	}
	return out
}

// Whatever an API, the engine and two workers do with the outbox in whatever
// order, nothing is lost, nothing is handed out twice, and what was refused
// comes again with the next edit of its record and not before.
func TestTheOutboxKeepsItsPromises(t *testing.T) {
	db := dbtest.New(t)
	rapid.Check(t, func(rt *rapid.T) {
		_, err := db.Exec("DELETE FROM sync_outbox")
		require.NoError(rt, err)
		clock := clockwork.NewFakeClockAt(outboxStart)
		workers := [2]*queue.Outbox{newOutbox(db, clock), newOutbox(db, clock)}
		m := &outboxModel{t: rt, db: db, clock: clock, edits: map[int64]*told{}}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			w := rapid.IntRange(0, 1).Draw(rt, "worker")
			m.step(workers[w], w)
		}
		m.nothingIsLost(workers[0])
	})
}

func (m *outboxModel) step(q *queue.Outbox, w int) {
	switch rapid.SampledFrom([]string{"edit", "edit", "append", "claim", "claim", "complete", "retry", "fail", "postpone", "release", "extend", "time"}).Draw(m.t, "step") {
	case "edit":
		id := rapid.IntRange(1, 3).Draw(m.t, "record")
		edit(m.t, m.db, m.clock.Now().UTC(), id)
		m.noteLast(string(rune('0' + id)))
	case "append":
		m.append(q)
	case "claim":
		m.claim(q, w)
	case "time":
		m.clock.Advance(time.Duration(rapid.IntRange(1, 90).Draw(m.t, "seconds")) * time.Second)
	case "extend":
		m.extend(q, w)
	case "complete":
		m.end(w, func(e queue.Edit) error {
			return m.db.InTx(ctx, func(tx *sql.Tx) error { return q.CompleteTx(ctx, tx, []int64{e.ID}) })
		}, func(k *told) { k.done = true })
	case "fail":
		m.end(w, func(e queue.Edit) error {
			return m.db.InTx(ctx, func(tx *sql.Tx) error { return q.FailTx(ctx, tx, []int64{e.ID}, errors.New("no")) })
		}, func(k *told) { k.refused = true; k.attempts++ })
	case "release":
		m.end(w, func(e queue.Edit) error { return q.Release(ctx, []int64{e.ID}) }, func(*told) {})
	case "postpone":
		until := m.clock.Now().Add(5 * time.Second)
		m.end(w, func(e queue.Edit) error { return q.Postpone(ctx, []int64{e.ID}, until, errors.New("away")) }, func(k *told) { k.due = until })
	case "retry":
		due := m.clock.Now().Add(4 * time.Second)
		m.end(w, func(e queue.Edit) error { return q.Retry(ctx, []int64{e.ID}, 1, errors.New("a race")) }, func(k *told) { k.attempts++; k.due = due })
	}
}

// noteLast takes the edit written last into the model.
func (m *outboxModel) noteLast(record string) {
	var id int64
	require.NoError(m.t, m.db.QueryRow("SELECT MAX(id) FROM sync_outbox").Scan(&id))
	m.edits[id] = &told{record: record, due: m.clock.Now()}
	m.order = append(m.order, id)
}

func (m *outboxModel) append(q *queue.Outbox) {
	waits := false
	for _, k := range m.edits {
		waits = waits || k.record == "1" && !k.done && !k.refused && k.leased.Before(m.clock.Now())
	}
	require.NoError(m.t, m.db.InTx(ctx, func(tx *sql.Tx) error {
		return q.AppendTx(ctx, tx, []queue.Edit{{Entity: "contacts", LocalID: "1"}})
	}))
	if !waits {
		m.noteLast("1")
	}
	var rows int
	require.NoError(m.t, m.db.QueryRow("SELECT COUNT(*) FROM sync_outbox").Scan(&rows))
	require.Len(m.t, m.edits, rows)
}

func (m *outboxModel) claim(q *queue.Outbox, w int) {
	want := m.claimable()
	got, err := q.Claim(ctx, 100, 30*time.Second)
	require.NoError(m.t, err)
	for _, e := range got {
		k := m.edits[e.ID]
		require.Equal(m.t, k.attempts, e.Attempts)
		k.leased, k.owner, k.refused = m.clock.Now().Add(30*time.Second), w, false
	}
	require.Equal(m.t, want, idsOf(got))
	m.held[w] = append(m.held[w], got...)
}

// end does something with an edit that a worker thinks it holds; it takes effect
// only while the lease is the worker's own.
func (m *outboxModel) end(w int, do func(queue.Edit) error, effect func(*told)) {
	if len(m.held[w]) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.held[w])-1).Draw(m.t, "edit")
	e := m.held[w][i]
	m.held[w] = slices.Delete(m.held[w], i, i+1)
	k := m.edits[e.ID]
	ours := !k.done && !k.refused && !k.leased.IsZero() && k.owner == w
	err := do(e)
	if !ours {
		require.True(m.t, err == nil || errors.Is(err, queue.ErrLeaseLost), "%v", err)
		return
	}
	require.NoError(m.t, err)
	k.leased = time.Time{}
	effect(k)
}

func (m *outboxModel) extend(q *queue.Outbox, w int) {
	for _, e := range m.held[w] {
		if k := m.edits[e.ID]; !k.done && !k.refused && !k.leased.IsZero() && k.owner == w {
			k.leased = m.clock.Now().Add(time.Minute)
		}
	}
	require.NoError(m.t, q.Extend(ctx, idsOf(m.held[w]), time.Minute))
}

// nothingIsLost waits for the leases, edits every record once more, and claims:
// all that is not done comes, in its order.
func (m *outboxModel) nothingIsLost(q *queue.Outbox) {
	m.clock.Advance(24 * time.Hour)
	for id := range 3 {
		edit(m.t, m.db, m.clock.Now().UTC(), id+1)
		m.noteLast(string(rune('1' + id)))
	}
	var want []int64
	for _, id := range m.order {
		if !m.edits[id].done {
			want = append(want, id)
		}
	}
	got, err := q.Claim(ctx, 100, time.Minute)
	require.NoError(m.t, err)
	require.Equal(m.t, want, idsOf(got))
}
