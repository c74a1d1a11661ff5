package queue_test

import (
	"cmp"
	"database/sql"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"odoosync/internal/dbtest"
	"odoosync/internal/queue"
	"odoosync/internal/record"
)

// known is what the model knows of one event.
type known struct {
	record   int64
	attempts int
	due      time.Time
	leased   time.Time // zero: free
	owner    int
	ended    bool
}

// model is the inbox as its documentation describes it.
type model struct {
	t      *rapid.T
	clock  *clockwork.FakeClock
	events map[int64]*known
	order  []int64
	held   [2][]queue.Event
}

// claimable are the events Claim may hand out now: those of records that have
// one that is due and none that is leased.
func (m *model) claimable() []int64 {
	now := m.clock.Now()
	busy, due := map[int64]bool{}, map[int64]bool{}
	for _, e := range m.events {
		switch {
		case e.ended:
		case !e.leased.Before(now):
			busy[e.record] = true
		case !e.due.After(now):
			due[e.record] = true
		}
	}
	var out []int64
	for _, id := range m.order {
		if e := m.events[id]; !e.ended && due[e.record] && !busy[e.record] {
			out = append(out, id)
		}
	}
	return out
}

// Whatever two workers do with the inbox in whatever order, nothing is lost,
// nothing is handed out twice, and a record's events come in their order.
func TestTheInboxKeepsItsPromises(t *testing.T) {
	db := dbtest.New(t)
	rapid.Check(t, func(rt *rapid.T) {
		_, err := db.Exec("DELETE FROM webhook_logs")
		require.NoError(rt, err)
		clock := clockwork.NewFakeClockAt(time.Date(2025, 1, 22, 10, 0, 0, 0, time.UTC))
		workers := [2]*queue.Inbox{queue.NewInbox(db, queue.Options{Clock: clock}), queue.NewInbox(db, queue.Options{Clock: clock})}
		defer workers[0].Stop()
		defer workers[1].Stop()
		m := &model{t: rt, clock: clock, events: map[int64]*known{}}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			w := rapid.IntRange(0, 1).Draw(rt, "worker")
			switch rapid.SampledFrom([]string{"append", "append", "claim", "claim", "complete", "retry", "fail", "postpone", "release", "extend", "time"}).Draw(rt, "step") {
			case "append":
				m.append(db, workers[w])
			case "claim":
				m.claim(workers[w], w)
			case "time":
				clock.Advance(time.Duration(rapid.IntRange(1, 90).Draw(rt, "seconds")) * time.Second)
			case "extend":
				m.extend(workers[w], w)
			case "complete":
				m.end(w, func(e queue.Event) error {
					return db.InTx(ctx, func(tx *sql.Tx) error { return workers[w].CompleteTx(ctx, tx, []int64{e.ID}, "applied") })
				}, func(k *known) { k.ended = true })
			case "fail":
				m.end(w, func(e queue.Event) error { return workers[w].Fail(ctx, []int64{e.ID}, errors.New("no")) }, func(k *known) { k.ended = true })
			case "release":
				m.end(w, func(e queue.Event) error { return workers[w].Release(ctx, []int64{e.ID}) }, func(*known) {})
			case "postpone":
				until := clock.Now().Add(5 * time.Second)
				m.end(w, func(e queue.Event) error { return workers[w].Postpone(ctx, []int64{e.ID}, until, errors.New("away")) }, func(k *known) { k.due = until })
			case "retry":
				m.retry(db, workers[w], w)
			}
		}
		m.nothingIsLost(db, workers[0])
	})
}

func (m *model) append(db interface {
	QueryRow(string, ...any) *sql.Row
}, q *queue.Inbox) {
	target := rapid.Int64Range(1, 3).Draw(m.t, "record")
	_, err := q.Append(ctx, event(target))
	require.NoError(m.t, err)
	var id int64
	require.NoError(m.t, db.QueryRow("SELECT MAX(id) FROM webhook_logs").Scan(&id))
	m.events[id] = &known{record: target, due: m.clock.Now()}
	m.order = append(m.order, id)
}

func (m *model) claim(q *queue.Inbox, w int) {
	want := m.claimable()
	got, err := q.Claim(ctx, 100, 30*time.Second)
	require.NoError(m.t, err)
	var ids []int64
	for _, e := range got {
		ids = append(ids, e.ID)
		require.Equal(m.t, m.events[e.ID].attempts, e.Attempts)
		m.events[e.ID].leased, m.events[e.ID].owner = m.clock.Now().Add(30*time.Second), w
	}
	require.Equal(m.t, want, ids)
	m.held[w] = append(m.held[w], got...)
}

// pick takes one of the events a worker thinks it holds.
func (m *model) pick(w int) (queue.Event, *known, bool) {
	if len(m.held[w]) == 0 {
		return queue.Event{}, nil, false
	}
	i := rapid.IntRange(0, len(m.held[w])-1).Draw(m.t, "event")
	e := m.held[w][i]
	m.held[w] = slices.Delete(m.held[w], i, i+1)
	k := m.events[e.ID]
	return e, k, !k.ended && !k.leased.IsZero() && k.owner == w
}

// end does something with an event; it takes effect only while the lease is the
// worker's own.
func (m *model) end(w int, do func(queue.Event) error, effect func(*known)) {
	e, k, ours := m.pick(w)
	if k == nil {
		return
	}
	err := do(e)
	if !ours {
		require.True(m.t, err == nil || errors.Is(err, queue.ErrLeaseLost), "%v", err)
		return
	}
	require.NoError(m.t, err)
	k.leased = time.Time{}
	effect(k)
}

func (m *model) retry(db interface {
	QueryRow(string, ...any) *sql.Row
}, q *queue.Inbox, w int) {
	m.end(w, func(e queue.Event) error {
		e.Attempts = m.events[e.ID].attempts
		_, err := q.Retry(ctx, e, record.Errorf(record.CodeRetryable, "a race"))
		return err
	}, func(k *known) {
		k.attempts++
		id := m.order[slices.IndexFunc(m.order, func(id int64) bool { return m.events[id] == k })]
		require.NoError(m.t, db.QueryRow("SELECT next_attempt_at FROM webhook_logs WHERE id = ?", id).Scan(&k.due))
		require.True(m.t, k.due.After(m.clock.Now()), "later")
	})
}

func (m *model) extend(q *queue.Inbox, w int) {
	var ids []int64
	for _, e := range m.held[w] {
		ids = append(ids, e.ID)
		if k := m.events[e.ID]; !k.ended && !k.leased.IsZero() && k.owner == w {
			k.leased = m.clock.Now().Add(time.Minute)
		}
	}
	require.NoError(m.t, q.Extend(ctx, ids, time.Minute))
}

// nothingIsLost waits for the leases and claims what is left: each event that
// has not ended, in its order.
func (m *model) nothingIsLost(db interface {
	QueryRow(string, ...any) *sql.Row
}, q *queue.Inbox) {
	m.clock.Advance(24 * time.Hour)
	var want []int64
	for _, id := range m.order {
		if !m.events[id].ended {
			want = append(want, id)
		}
	}
	got, err := q.Claim(ctx, 100, time.Minute)
	require.NoError(m.t, err)
	var ids []int64
	for _, e := range got {
		ids = append(ids, e.ID)
	}
	require.Equal(m.t, want, ids)
	require.True(m.t, slices.IsSortedFunc(got, func(a, b queue.Event) int { return cmp.Compare(a.ID, b.ID) }))
	var rows int
	require.NoError(m.t, db.QueryRow("SELECT COUNT(*) FROM webhook_logs").Scan(&rows))
	require.Equal(m.t, len(m.order), rows)
}
