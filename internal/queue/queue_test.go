package queue_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("odoosync/internal/localdb.(*Server).watch"), goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"))
}

var ctx = context.Background()

func event(id int64) queue.Event {
	return queue.Event{Type: "res.partner.updated", Model: "res.partner", OdooID: id, Source: "webhook", Body: []byte("{}")}
}

func newInbox(t testing.TB, db *mysqldb.DB, clock clockwork.Clock) *queue.Inbox {
	t.Helper()
	q := queue.NewInbox(db, queue.Options{Clock: clock})
	t.Cleanup(q.Stop)
	return q
}

func count(t testing.TB, db *mysqldb.DB, where string) int {
	t.Helper()
	var n int
	require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM webhook_logs WHERE "+where).Scan(&n))
	return n
}

func complete(t testing.TB, db *mysqldb.DB, q *queue.Inbox, events []queue.Event) {
	t.Helper()
	var ids []int64
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	require.NoError(t, db.InTx(ctx, func(tx *sql.Tx) error { return q.CompleteTx(ctx, tx, ids, "applied") }))
}

func TestConcurrentAppendsAreAllThereAndDeliveriesOnce(t *testing.T) {
	db := dbtest.New(t)
	q := newInbox(t, db, nil)
	var group sync.WaitGroup
	var mu sync.Mutex
	duplicates := 0
	for i := range 64 {
		group.Go(func() {
			e := event(int64(i + 1))
			e.DeliveryID = fmt.Sprintf("msg_%d", i/2) // each id twice
			duplicate, err := q.Append(ctx, e)
			if err != nil {
				t.Error(err)
			}
			if duplicate {
				mu.Lock()
				duplicates++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	require.Equal(t, 32, duplicates)
	require.Equal(t, 32, count(t, db, "status = 'pending'"))
}

func TestOneBadEventDoesNotSpoilItsBatch(t *testing.T) {
	db := dbtest.New(t)
	q := newInbox(t, db, nil)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			e := event(int64(i + 1))
			if i == 7 {
				e.Source = "much too long for its column"
			}
			_, err := q.Append(ctx, e)
			if i == 7 {
				if record.CodeOf(err) != record.CodeRejected {
					t.Errorf("want rejected, got %v", err)
				}
				return
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	require.Equal(t, 19, count(t, db, "1 = 1"))
}

func TestARecordIsClaimedWholeAndByOne(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClockAt(time.Date(2025, 1, 22, 10, 0, 0, 0, time.UTC))
	a, b := newInbox(t, db, clock), newInbox(t, db, clock)
	for _, id := range []int64{1, 2, 1, 1} {
		_, err := a.Append(ctx, event(id))
		require.NoError(t, err)
	}
	first, err := a.Claim(ctx, 1, time.Minute)
	require.NoError(t, err)
	require.Len(t, first, 3, "all three of record 1")
	_, err = a.Append(ctx, event(1))
	require.NoError(t, err)
	second, err := b.Claim(ctx, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, second, 1)
	require.Equal(t, int64(2), second[0].OdooID, "record 1 is being worked")
	complete(t, db, a, first)
	third, err := b.Claim(ctx, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, third, 1, "the event that came later")

	clock.Advance(2 * time.Minute) // b died
	fourth, err := a.Claim(ctx, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, fourth, 2)
	err = db.InTx(ctx, func(tx *sql.Tx) error { return b.CompleteTx(ctx, tx, []int64{third[0].ID}, "applied") })
	require.ErrorIs(t, err, queue.ErrLeaseLost)
}

func TestRetriesAtTheGuidesTimesThenSlowerThenEnd(t *testing.T) {
	db := dbtest.New(t)
	start := time.Date(2025, 1, 22, 10, 0, 0, 0, time.UTC)
	clock := clockwork.NewFakeClockAt(start)
	q := newInbox(t, db, clock)
	_, err := q.Append(ctx, event(1))
	require.NoError(t, err)
	cause := record.Errorf(record.CodeRetryable, "Odoo lost a race")
	var waits []time.Duration
	for attempt := 0; ; attempt++ {
		events, err := q.Claim(ctx, 10, time.Minute)
		require.NoError(t, err)
		require.Len(t, events, 1, "attempt %d", attempt)
		gaveUp, err := q.Retry(ctx, events[0], cause)
		require.NoError(t, err)
		if gaveUp {
			break
		}
		none, err := q.Claim(ctx, 10, time.Minute)
		require.NoError(t, err)
		require.Empty(t, none, "it is not due yet")
		var next time.Time
		require.NoError(t, db.QueryRow("SELECT next_attempt_at FROM webhook_logs ORDER BY id LIMIT 1").Scan(&next))
		waits = append(waits, next.Sub(clock.Now()))
		clock.Advance(next.Sub(clock.Now()))
	}
	require.Equal(t, []time.Duration{2 * time.Second, 4 * time.Second}, waits[:2])
	require.IsIncreasing(t, waits)
	require.Equal(t, 1, count(t, db, "status = 'error' AND error_message = 'Odoo lost a race'"))
}

// What a person mends in Odoo arrives as a new event: it must not wait for
// hours behind the retry of an old one.
func TestANewEventBringsAlongTheRetries(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClock()
	q := newInbox(t, db, clock)
	_, err := q.Append(ctx, event(1))
	require.NoError(t, err)
	first, err := q.Claim(ctx, 10, time.Minute)
	require.NoError(t, err)
	_, err = q.Retry(ctx, first[0], record.Errorf(record.CodeRetryable, "Odoo lost a race"))
	require.NoError(t, err)
	require.NoError(t, db.InTx(ctx, func(tx *sql.Tx) error {
		return q.LookAgainTx(ctx, tx, []int64{first[0].ID}, []time.Duration{time.Hour})
	}))
	_, err = q.Append(ctx, event(1))
	require.NoError(t, err)
	both, err := q.Claim(ctx, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, both, 2, "the second look keeps its time")
	require.Equal(t, first[0].ID, both[0].ID)
	require.Equal(t, 1, both[0].Attempts)
}

func TestWaitingCostsNoAttempt(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClock()
	q := newInbox(t, db, clock)
	_, err := q.Append(ctx, event(1))
	require.NoError(t, err)
	for range 50 {
		events, err := q.Claim(ctx, 10, time.Minute)
		require.NoError(t, err)
		require.Len(t, events, 1)
		require.Zero(t, events[0].Attempts)
		require.NoError(t, q.Postpone(ctx, []int64{events[0].ID}, clock.Now().Add(time.Minute), errors.New("away")))
		clock.Advance(time.Minute)
	}
}

// Eight workers on two hundred records: each event ends once, and no record is
// in two hands at the same time.
func TestEightWorkers(t *testing.T) {
	db := dbtest.New(t)
	fill := newInbox(t, db, nil)
	var group sync.WaitGroup
	for i := range 600 {
		group.Go(func() {
			if _, err := fill.Append(ctx, event(int64(i%200+1))); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	var mu sync.Mutex
	held, done := map[int64]bool{}, map[int64]bool{}
	for range 8 {
		q := newInbox(t, db, nil)
		group.Go(func() {
			for count(t, db, "status = 'pending'") > 0 {
				events, err := q.Claim(ctx, 20, time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				mine := map[int64]bool{}
				mu.Lock()
				for _, e := range events {
					if held[e.OdooID] && !mine[e.OdooID] {
						t.Errorf("record %d is in two hands", e.OdooID)
					}
					if done[e.ID] {
						t.Errorf("event %d was worked twice", e.ID)
					}
					held[e.OdooID], mine[e.OdooID], done[e.ID] = true, true, true
				}
				mu.Unlock()
				if len(events) == 0 {
					continue
				}
				complete(t, db, q, events)
				mu.Lock()
				for id := range mine {
					held[id] = false
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	require.Len(t, done, 600)
	require.Equal(t, 600, count(t, db, "status = 'success' AND outcome = 'applied'"))
}

// The server dies in the middle of a burst: what was acknowledged is there
// afterwards, and the inbox works again by itself.
func TestAcknowledgedSurvivesAKilledServer(t *testing.T) {
	server := dbtest.NewServer(t, "burst")
	db := dbtest.Open(t, server.DSN("burst"))
	q := newInbox(t, db, nil)
	var mu sync.Mutex
	acknowledged := map[int64]bool{}
	refused := 0
	var group sync.WaitGroup
	half := make(chan struct{})
	var once sync.Once
	for worker := range 8 {
		group.Go(func() {
			for i := range 100 {
				id := int64(worker*1000 + i + 1)
				bounded, cancel := context.WithTimeout(ctx, 5*time.Second)
				_, err := q.Append(bounded, event(id))
				cancel()
				mu.Lock()
				if err == nil {
					acknowledged[id] = true
				} else {
					refused++
					if record.CodeOf(err) != record.CodeUnavailable && record.CodeOf(err) != record.CodeUnknownOutcome {
						t.Errorf("want unavailable, got %v", err)
					}
				}
				if len(acknowledged) > 200 {
					once.Do(func() { close(half) })
				}
				mu.Unlock()
				if err != nil {
					return // a sender that comes again later
				}
			}
		})
	}
	<-half
	server.Kill()
	group.Wait()
	require.Positive(t, refused)
	require.NoError(t, server.Resume(ctx))
	_, err := q.Append(ctx, event(999_999))
	require.NoError(t, err)
	rows, err := db.Query("SELECT odoo_id FROM webhook_logs")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var id int64
		require.NoError(t, rows.Scan(&id))
		delete(acknowledged, id)
	}
	require.NoError(t, rows.Err())
	require.Empty(t, acknowledged, "acknowledged and lost")
}
