package queue_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
)

var outboxStart = time.Date(2025, 1, 22, 10, 0, 0, 0, time.UTC)

// edit writes rows of the outbox as one statement of an API does.
func edit(t require.TestingT, db interface {
	Exec(string, ...any) (sql.Result, error)
}, at time.Time, ids ...int) {
	rows := make([]string, len(ids))
	for i, id := range ids {
		rows[i] = fmt.Sprintf("('contacts', '%d', 'update', '[\"name\"]', '%[2]s', '%[2]s')", id, at.Format("2006-01-02 15:04:05.000000"))
	}
	_, err := db.Exec("INSERT INTO sync_outbox (entity, local_id, op, changed_columns, changed_at, next_attempt_at) VALUES " + strings.Join(rows, ", "))
	require.NoError(t, err)
}

func idsOf(edits []queue.Edit) (ids []int64) {
	for _, e := range edits {
		ids = append(ids, e.ID)
	}
	return ids
}

func recordsOf(edits []queue.Edit) (out []string) {
	for _, e := range edits {
		out = append(out, e.LocalID)
	}
	return out
}

func claim(t testing.TB, q *queue.Outbox, limit int) []queue.Edit {
	t.Helper()
	edits, err := q.Claim(ctx, limit, time.Minute)
	require.NoError(t, err)
	return edits
}

func finish(t testing.TB, db *mysqldb.DB, q *queue.Outbox, edits []queue.Edit) {
	t.Helper()
	require.NoError(t, db.InTx(ctx, func(tx *sql.Tx) error { return q.CompleteTx(ctx, tx, idsOf(edits)) }))
}

func outboxCount(t testing.TB, db *mysqldb.DB, where string) int {
	t.Helper()
	var n int
	require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM sync_outbox WHERE "+where).Scan(&n))
	return n
}

func newOutbox(db *mysqldb.DB, clock clockwork.Clock) *queue.Outbox {
	return queue.NewOutbox(db, queue.OutboxOptions{Clock: clock})
}

func TestAnEditAsItWasWritten(t *testing.T) {
	db := dbtest.New(t)
	q := newOutbox(db, clockwork.NewFakeClockAt(outboxStart))
	_, err := db.Exec("INSERT INTO sync_outbox (entity, local_id, op, changed_columns, changed_at, next_attempt_at, attempts) VALUES" +
		" ('quotes', 'a-1', 'insert', '[\"name\", \"quote_lines.é\"]', '2025-01-22 09:59:59.123456', '2025-01-22 09:59:59.123456', 3), ('leads', '2', 'delete', NULL, '2025-01-22 10:00:00', '2025-01-22 10:00:00', 0)")
	require.NoError(t, err)
	edits := claim(t, q, 10)
	require.Len(t, edits, 2)
	first := edits[0]
	first.ID = 0
	require.Equal(t, queue.Edit{Entity: "quotes", LocalID: "a-1", Op: queue.OpInsert, Columns: []string{"name", "quote_lines.é"},
		ChangedAt: time.Date(2025, 1, 22, 9, 59, 59, 123456000, time.UTC), Attempts: 3}, first)
	require.Equal(t, queue.OpDelete, edits[1].Op)
	require.Nil(t, edits[1].Columns)
}

func TestTheEditsOfARecordAreClaimedTogetherAndByOne(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClockAt(outboxStart)
	a, b := newOutbox(db, clock), newOutbox(db, clock)
	edit(t, db, outboxStart, 1, 2, 1, 1)
	first := claim(t, a, 1)
	require.Equal(t, []string{"1", "1", "1"}, recordsOf(first))
	require.Equal(t, []string{"2"}, recordsOf(claim(t, a, 1)))
	edit(t, db, outboxStart, 1)
	require.Empty(t, claim(t, b, 10), "both records are being worked")
	finish(t, db, a, first)
	third := claim(t, b, 10)
	require.Len(t, third, 1, "the edit that came later")

	clock.Advance(2 * time.Minute) // b died
	require.Equal(t, []string{"2", "1"}, recordsOf(claim(t, a, 10)))
	err := db.InTx(ctx, func(tx *sql.Tx) error { return b.CompleteTx(ctx, tx, idsOf(third)) })
	require.ErrorIs(t, err, queue.ErrLeaseLost)
	err = db.InTx(ctx, func(tx *sql.Tx) error { return b.FailTx(ctx, tx, idsOf(third), errors.New("no")) })
	require.ErrorIs(t, err, queue.ErrLeaseLost)
	require.Zero(t, outboxCount(t, db, "status = 'error'"), "what is another's stays untouched")
}

func TestARefusedEditWaitsForTheNextOfItsRecord(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClockAt(outboxStart)
	q := newOutbox(db, clock)
	edit(t, db, outboxStart, 1, 1, 2)
	both := claim(t, q, 10)
	require.NoError(t, db.InTx(ctx, func(tx *sql.Tx) error {
		return q.FailTx(ctx, tx, idsOf(both[:2]), record.Errorf(record.CodeRejected, "Odoo wants a name"))
	}))
	finish(t, db, q, both[2:])
	require.Equal(t, 2, outboxCount(t, db, "status = 'error' AND error_message = 'Odoo wants a name' AND attempts = 1 AND lease_owner IS NULL"))
	clock.Advance(48 * time.Hour)
	require.Empty(t, claim(t, q, 10))
	edit(t, db, clock.Now(), 1)
	again := claim(t, q, 10)
	require.Len(t, again, 3)
	require.Equal(t, []int{1, 1, 0}, []int{again[0].Attempts, again[1].Attempts, again[2].Attempts})
	finish(t, db, q, again)
	require.Equal(t, 4, outboxCount(t, db, "status = 'done' AND error_message IS NULL"))
}

func TestRetriesGetSlowerAndNeverEnd(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClockAt(outboxStart)
	q := newOutbox(db, clock)
	edit(t, db, outboxStart, 1)
	var waits []time.Duration
	for attempt := range 20 {
		edits := claim(t, q, 10)
		require.Len(t, edits, 1)
		require.Equal(t, attempt, edits[0].Attempts)
		require.NoError(t, q.Retry(ctx, idsOf(edits), edits[0].Attempts, errors.New("a race")))
		require.Empty(t, claim(t, q, 10), "it is not due yet")
		var next time.Time
		require.NoError(t, db.QueryRow("SELECT next_attempt_at FROM sync_outbox").Scan(&next))
		waits = append(waits, next.Sub(clock.Now()))
		clock.Advance(next.Sub(clock.Now()))
	}
	require.Equal(t, []time.Duration{2 * time.Second, 4 * time.Second}, waits[:2])
	require.IsIncreasing(t, waits[:11])
	require.InDelta(t, 8*time.Hour, waits[19], float64(2*time.Hour))
}

func TestALaterEditBringsTheRetriesAlong(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClockAt(outboxStart)
	q := newOutbox(db, clock)
	edit(t, db, outboxStart, 1)
	require.NoError(t, q.Retry(ctx, idsOf(claim(t, q, 10)), 5, errors.New("a race")))
	edit(t, db, outboxStart, 1)
	require.Len(t, claim(t, q, 10), 2)
}

func TestPostponeReleaseExtend(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClockAt(outboxStart)
	q, other := newOutbox(db, clock), newOutbox(db, clock)
	edit(t, db, outboxStart, 1)
	for range 30 {
		edits := claim(t, q, 10)
		require.Len(t, edits, 1)
		require.Zero(t, edits[0].Attempts)
		require.NoError(t, q.Postpone(ctx, idsOf(edits), clock.Now().Add(time.Minute), record.Errorf(record.CodeUnavailable, "Odoo is away")))
		require.Empty(t, claim(t, q, 10))
		clock.Advance(time.Minute)
	}
	edits := claim(t, q, 10)
	require.NoError(t, q.Release(ctx, idsOf(edits)))
	edits = claim(t, q, 10)
	require.NoError(t, q.Extend(ctx, idsOf(edits), time.Hour))
	clock.Advance(30 * time.Minute)
	require.Empty(t, claim(t, other, 10))
	finish(t, db, q, edits)
}

// An API that edits a record and does not commit must not hold up the edits of
// that record that are committed, nor a claim.
func TestAnOpenTransactionHoldsNothingUp(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClockAt(outboxStart)
	q := newOutbox(db, clock)
	edit(t, db, outboxStart, 1, 2)
	api, err := db.BeginTx(ctx, nil)
	require.NoError(t, err)
	edit(t, api, outboxStart, 1, 3)
	first := claim(t, q, 10)
	require.Equal(t, []string{"1", "2"}, recordsOf(first))
	require.NoError(t, api.Commit())
	require.Equal(t, []string{"3"}, recordsOf(claim(t, q, 10)), "record 1 is being worked")
	finish(t, db, q, first)
	require.Equal(t, []string{"1"}, recordsOf(claim(t, q, 10)))
}

// One edit beside bulk work is in the next claim, whether it came after the
// bulk or between two, and the oldest is as well.
func TestOneEditDoesNotWaitBehindTenThousand(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClockAt(outboxStart)
	q := newOutbox(db, clock)
	bulk := make([]int, 5000)
	fill := func(from int) {
		for i := range bulk {
			bulk[i] = from + i
		}
		clock.Advance(time.Second)
		edit(t, db, clock.Now(), bulk...)
	}
	single := func(id int) { clock.Advance(time.Second); edit(t, db, clock.Now(), id) }
	fill(1)
	fill(5001)
	single(20_000)
	fill(30_001)
	single(40_000)
	got := recordsOf(claim(t, q, 20))
	require.Len(t, got, 20)
	require.Contains(t, got, "20000", "between")
	require.Contains(t, got, "40000", "after")
	require.Contains(t, got, "1", "the oldest")
	for _, limit := range []int{1, 2, 3} {
		t.Run(fmt.Sprintf("claims of %d take turns", limit), func(t *testing.T) {
			single(50_000 + limit)
			clock.Advance(time.Second)
			var seen []string
			for range 3 {
				seen = append(seen, recordsOf(claim(t, q, limit))...)
			}
			require.Contains(t, seen, fmt.Sprint(50_000+limit))
			require.Len(t, seen, 3*limit)
		})
	}
}

// A program that edits row by row leaves no statement to tell apart: there the
// newest end serves what comes after it.
func TestOneEditDoesNotWaitBehindAScript(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClockAt(outboxStart)
	q := newOutbox(db, clock)
	for i := range 300 {
		clock.Advance(time.Millisecond)
		edit(t, db, clock.Now(), i+1)
	}
	clock.Advance(time.Millisecond)
	edit(t, db, clock.Now(), 1000)
	got := recordsOf(claim(t, q, 20))
	require.Contains(t, got, "1000")
	require.Contains(t, got, "1")
}

func TestTheEnginesOwnEdits(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClockAt(outboxStart)
	q := newOutbox(db, clock)
	add := func(edits ...queue.Edit) {
		t.Helper()
		require.NoError(t, db.InTx(ctx, func(tx *sql.Tx) error { return q.AppendTx(ctx, tx, edits) }))
	}
	add()
	add(queue.Edit{Entity: "contacts", LocalID: "1"}, queue.Edit{Entity: "contacts", LocalID: "1"}, queue.Edit{Entity: "leads", LocalID: "1", Op: queue.OpInsert, Columns: []string{"name"}, ChangedAt: outboxStart.Add(-time.Hour)})
	add(queue.Edit{Entity: "contacts", LocalID: "1"})
	require.Equal(t, 2, outboxCount(t, db, "status = 'pending'"), "one a record")
	require.Equal(t, 1, outboxCount(t, db, "entity = 'leads' AND op = 'insert' AND changed_columns LIKE '%name%' AND changed_at = '2025-01-22 09:00:00' AND next_attempt_at = '2025-01-22 10:00:00'"))
	held := claim(t, q, 10)
	require.Len(t, held, 2)
	require.Nil(t, held[0].Columns)
	add(queue.Edit{Entity: "contacts", LocalID: "1"})
	require.Equal(t, 3, outboxCount(t, db, "status = 'pending'"), "a worker that holds the record may have read it before")
	require.NoError(t, db.InTx(ctx, func(tx *sql.Tx) error { return q.FailTx(ctx, tx, idsOf(held), errors.New("no")) }))
	finish(t, db, q, claim(t, q, 10))
	add(queue.Edit{Entity: "leads", LocalID: "1"})
	require.Equal(t, 1, outboxCount(t, db, "status = 'pending'"), "a refused edit is not one that waits")
	many := make([]queue.Edit, 1200)
	for i := range many {
		many[i] = queue.Edit{Entity: "contacts", LocalID: fmt.Sprint(i + 100)}
	}
	add(many...)
	require.Equal(t, 1201, outboxCount(t, db, "status = 'pending'"))
}

func TestWhenColumnsChanged(t *testing.T) {
	db := dbtest.New(t)
	q := newOutbox(db, clockwork.NewFakeClockAt(outboxStart))
	for _, row := range []string{"'1', 'update', '[\"name\", \"city\"]', '2025-01-22 09:00:00', 'pending'", "'1', 'update', '[\"name\"]', '2025-01-22 08:00:00', 'pending'",
		"'1', 'update', '[\"city\"]', '2025-01-22 09:30:00', 'error'", "'1', 'update', '[\"zip\"]', '2025-01-22 09:45:00', 'done'", "'2', 'delete', NULL, '2025-01-22 09:00:00', 'pending'",
		"'3', 'update', '[\"name\"]', '2025-01-22 09:00:00', 'done'", "'4', 'update', '[\"name\"]', '2025-01-22 09:00:00', 'pending'"} {
		_, err := db.Exec("INSERT INTO sync_outbox (entity, local_id, op, changed_columns, changed_at, status, next_attempt_at) VALUES ('contacts', " + row + ", '2025-01-22 09:00:00')")
		require.NoError(t, err)
	}
	ids := []string{"1", "2", "3"}
	for i := range 1100 {
		ids = append(ids, fmt.Sprint("none-", i))
	}
	times, err := queue.PendingTimesTx(ctx, db, "contacts", ids)
	require.NoError(t, err)
	at := func(hour, minute int) time.Time { return time.Date(2025, 1, 22, hour, minute, 0, 0, time.UTC) }
	require.Equal(t, map[string]map[string]time.Time{"1": {"name": at(9, 0), "city": at(9, 30)}, "2": {}}, times)
	none, err := queue.PendingTimesTx(ctx, db, "contacts", nil)
	require.NoError(t, err)
	require.Empty(t, none)

	pending, oldest, failed, err := queue.OutboxStats(ctx, db, outboxStart)
	require.NoError(t, err)
	require.Equal(t, []int64{4, 1}, []int64{pending, failed})
	require.Equal(t, time.Hour, oldest)
	finish(t, db, q, claim(t, q, 10))
	pending, oldest, failed, err = queue.OutboxStats(ctx, db, outboxStart)
	require.NoError(t, err)
	require.Equal(t, []int64{0, 0, 0}, []int64{pending, int64(oldest), failed}, "the refused edit went along with record 1's others")
}

// editAway edits two hundred records six hundred times, from two connections,
// and closes the channel when it is done.
func editAway(t testing.TB, db *mysqldb.DB, group *sync.WaitGroup) <-chan struct{} {
	full := make(chan struct{})
	var filling atomic.Int32
	filling.Store(2)
	for w := range 2 {
		group.Go(func() {
			for i := range 300 {
				edit(t, db, time.Now().UTC(), (i*7+w)%200+1)
			}
			if filling.Add(-1) == 0 {
				close(full)
			}
		})
	}
	return full
}

// Eight workers on two hundred records, while edits come in: each edit ends
// once, and no record is in two hands at the same time.
func TestEightOutboxWorkers(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewRealClock()
	var group sync.WaitGroup
	full := editAway(t, db, &group)
	var mu sync.Mutex
	held, done := map[string]bool{}, map[int64]bool{}
	for range 8 {
		q := newOutbox(db, clock)
		group.Go(func() {
			for {
				ended := false
				select {
				case <-full:
					ended = true
				default:
				}
				edits, err := q.Claim(ctx, 20, time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				if len(edits) == 0 && ended && outboxCount(t, db, "status = 'pending'") == 0 {
					return
				}
				mine := map[string]bool{}
				mu.Lock()
				for _, e := range edits {
					if held[e.LocalID] && !mine[e.LocalID] {
						t.Errorf("record %s is in two hands", e.LocalID)
					}
					if done[e.ID] {
						t.Errorf("edit %d was worked twice", e.ID)
					}
					held[e.LocalID], mine[e.LocalID], done[e.ID] = true, true, true
				}
				mu.Unlock()
				if len(edits) == 0 {
					continue
				}
				mu.Lock()
				for id := range mine { // before the commit: afterwards another may hold it already
					held[id] = false
				}
				mu.Unlock()
				finish(t, db, q, edits)
			}
		})
	}
	group.Wait()
	require.Len(t, done, 600)
	require.Equal(t, 600, outboxCount(t, db, "status = 'done' AND lease_owner IS NULL"))
}
