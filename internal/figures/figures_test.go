package figures_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/figures"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
)

var ctx = context.Background()

// bench is a log with a clock that is moved by hand.
type bench struct {
	t     testing.TB
	db    *mysqldb.DB
	clock *clockwork.FakeClock
	inbox *queue.Inbox
	next  int64
}

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func newBench(t testing.TB) *bench {
	b := &bench{t: t, db: dbtest.New(t), clock: clockwork.NewFakeClockAt(noon)}
	b.inbox = queue.NewInbox(b.db, queue.Options{Clock: b.clock})
	t.Cleanup(b.inbox.Stop)
	return b
}

// receive appends an event of a record of its own.
func (b *bench) receive(event string) {
	b.next++
	_, err := b.inbox.Append(ctx, queue.Event{Type: event, Model: "sale.order", OdooID: b.next, Body: []byte("{}"), Source: queue.SourceWebhook, ReceivedAt: b.clock.Now()})
	require.NoError(b.t, err)
}

// work ends what is due, each as it is told.
func (b *bench) work(limit int, refuse func(queue.Event) error) {
	events, err := b.inbox.Claim(ctx, limit, time.Minute)
	require.NoError(b.t, err)
	for _, e := range events {
		if cause := refuse(e); cause != nil {
			require.NoError(b.t, b.inbox.Fail(ctx, []int64{e.ID}, cause))
			continue
		}
		require.NoError(b.t, b.db.InTx(ctx, func(tx *sql.Tx) error { return b.inbox.CompleteTx(ctx, tx, []int64{e.ID}, "applied") }))
	}
}

func (b *bench) rollup() { require.NoError(b.t, figures.Rollup(ctx, b.db, b.clock.Now())) }

func (b *bench) read(r figures.Range) figures.Figures {
	f, err := figures.Read(ctx, b.db, r)
	require.NoError(b.t, err)
	return f
}

func fine(queue.Event) error { return nil }

func TestADay(t *testing.T) {
	b := newBench(t)
	for range 10 {
		b.receive("sale.order.updated")
	}
	b.receive("sale.order.deleted")
	b.clock.Advance(2 * time.Second)
	b.work(9, fine)
	b.work(1, func(queue.Event) error { return record.Errorf(record.CodeRejected, "no") })
	require.NoError(t, b.inbox.AppendRejected(ctx, queue.Event{Type: "unknown", Body: []byte("{}"), Source: queue.SourceWebhook, ReceivedAt: b.clock.Now()}, "no event"))
	day := figures.Range{From: noon.Add(-12 * time.Hour), Upto: noon.Add(12 * time.Hour), Step: figures.StepHour}
	check := func() {
		t.Helper()
		f := b.read(day)
		require.EqualValues(t, []int64{12, 9, 2, 1}, []int64{f.Received, f.Succeeded, f.Failed, f.Pending})
		require.InDelta(t, 9.0/11, f.SuccessRate(), 0.001)
		require.Equal(t, 2*time.Second, f.Processing.Mean)
		require.InEpsilon(t, 2*time.Second, f.Processing.P95, 0.095)
		require.EqualValues(t, 9, f.Processing.N)
		require.Equal(t, []figures.ErrorCount{{Code: "rejected", Event: "sale.order.updated", N: 1}, {Code: "rejected", Event: "unknown", N: 1}}, f.Errors)
		require.Equal(t, []figures.EventCount{{Event: "sale.order.updated", Received: 10, Failed: 1}, {Event: "sale.order.deleted", Received: 1}, {Event: "unknown", Received: 1, Failed: 1}}, f.Events)
		require.Len(t, f.Slots, 24)
		require.Equal(t, figures.Slot{At: noon, Received: 12, Succeeded: 9, Failed: 2}, f.Slots[12])
		require.Equal(t, figures.Slot{At: noon.Add(time.Hour)}, f.Slots[13])
	}
	check() // as it stands
	b.rollup()
	check()
	b.clock.Advance(3 * time.Hour)
	b.receive("crm.lead.won") // another hour runs
	require.EqualValues(t, 13, b.read(day).Received)
	b.rollup()
	b.rollup()
	require.EqualValues(t, 13, b.read(day).Received)
}

// A day begins at midnight where the person is.
func TestDaysAreThoseOfTheLocation(t *testing.T) {
	b := newBench(t)
	b.clock.Advance(10*time.Hour + 30*time.Minute) // 22:30 UTC, 23:30 in Paris
	b.receive("crm.lead.won")
	b.clock.Advance(time.Hour) // the next day in Paris
	b.receive("crm.lead.won")
	b.receive("crm.lead.won")
	b.rollup()
	paris, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	from := time.Date(2026, 3, 10, 0, 0, 0, 0, paris)
	f := b.read(figures.Range{From: from, Upto: from.AddDate(0, 0, 2), Step: figures.StepDay})
	require.Equal(t, []figures.Slot{{At: from, Received: 1}, {At: from.AddDate(0, 0, 1), Received: 2}}, f.Slots)
}

func TestSensiblyBounded(t *testing.T) {
	b := newBench(t)
	for _, r := range []figures.Range{
		{From: noon, Upto: noon, Step: figures.StepHour},
		{From: noon, Upto: noon.Add(time.Hour), Step: "minute"},
		{From: noon.AddDate(-10, 0, 0), Upto: noon, Step: figures.StepHour},
	} {
		_, err := figures.Read(ctx, b.db, r)
		require.Equal(t, record.CodeRejected, record.CodeOf(err))
	}
}

// The time a replayed webhook took is that since the replay.
func TestAReplayMakesItsHourCountAnew(t *testing.T) {
	b := newBench(t)
	b.receive("sale.order.updated")
	b.clock.Advance(time.Second)
	b.work(1, func(queue.Event) error { return record.Errorf(record.CodeRejected, "no") })
	b.rollup()
	b.clock.Advance(50 * 24 * time.Hour)
	b.rollup()
	all := figures.Range{From: noon, Upto: noon.AddDate(0, 0, 60), Step: figures.StepDay}
	require.EqualValues(t, 1, b.read(all).Failed)
	_, err := queue.Replay{Status: "error"}.Run(ctx, b.db, b.clock.Now())
	require.NoError(t, err)
	b.receive("crm.lead.won") // another hour runs
	b.rollup()
	f := b.read(all)
	require.EqualValues(t, []int64{0, 2}, []int64{f.Failed, f.Pending})
	b.clock.Advance(4 * time.Second)
	b.work(5, fine)
	b.rollup()
	f = b.read(all)
	require.EqualValues(t, []int64{2, 0}, []int64{f.Succeeded, f.Pending})
	require.Equal(t, 4*time.Second, f.Processing.Mean)
}

// Whatever comes, ends, is replayed and is purged, and whenever it is counted:
// in the end the figures are those of all that ever came.
func TestTheFiguresAreThoseOfAllThatCame(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { story(t, rand.New(rand.NewPCG(seed, 7))) })
	}
}

func story(t *testing.T, r *rand.Rand) {
	b := newBench(t)
	events := []string{"sale.order.updated", "crm.lead.won", "res.partner.created"}
	came := map[string]int64{}
	var purged int64
	for range 150 {
		switch r.IntN(8) {
		case 0, 1, 2:
			e := events[r.IntN(len(events))]
			came[e]++
			b.receive(e)
		case 3, 4:
			b.work(1+r.IntN(5), func(queue.Event) error {
				if r.IntN(3) == 0 {
					return record.Errorf(record.CodeDenied, "no")
				}
				return nil
			})
		case 5:
			b.clock.Advance(time.Duration(r.IntN(int(3 * time.Hour))))
		case 6:
			b.rollup()
		case 7:
			if r.IntN(2) == 0 {
				_, err := queue.Replay{Status: "error"}.Run(ctx, b.db, b.clock.Now())
				require.NoError(t, err)
				continue
			}
			purged += b.purge(1 + r.IntN(3))
		}
	}
	for range 3 { // until nothing waits
		b.work(500, fine)
	}
	b.rollup()
	var status [2]int64
	rows, err := b.db.Query("SELECT status = 'error', COUNT(*) FROM webhook_logs GROUP BY 1")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var failed int
		var n int64
		require.NoError(t, rows.Scan(&failed, &n))
		status[failed] = n
	}
	f := b.read(figures.Range{From: noon, Upto: b.clock.Now().Add(time.Hour), Step: figures.StepDay})
	var total int64
	for _, e := range f.Events {
		require.Equal(t, came[e.Event], e.Received, e.Event)
		total += e.Received
	}
	require.Equal(t, total, f.Received)
	require.Zero(t, f.Pending)
	require.Equal(t, f.Received, f.Succeeded+f.Failed)
	require.Equal(t, status[0]+status[1]+purged, f.Received)
	require.GreaterOrEqual(t, f.Failed, status[1])
}

// failing is a database that goes away after so many transactions.
type failing struct {
	*mysqldb.DB
	left int
}

func (f *failing) InTx(ctx context.Context, do func(*sql.Tx) error) error {
	if f.left--; f.left < 0 {
		return record.Errorf(record.CodeUnavailable, "away")
	}
	return f.DB.InTx(ctx, do)
}

// The first count, which takes long, goes on where it was cut off, and sees what
// came and changed meanwhile.
func TestTheFirstCountIsCutOff(t *testing.T) {
	b := newBench(t)
	for range 6 {
		b.receive("crm.lead.won")
		b.clock.Advance(13 * time.Hour)
	}
	all := func() figures.Range {
		return figures.Range{From: noon.Add(-24 * time.Hour), Upto: b.clock.Now().Add(time.Hour), Step: figures.StepDay}
	}
	cuts := 0
	for {
		err := figures.Rollup(ctx, &failing{b.db, 31}, b.clock.Now())
		if err == nil {
			break
		}
		require.Equal(t, record.CodeUnavailable, record.CodeOf(err))
		if cuts++; cuts == 2 {
			b.work(1, fine) // the oldest
			b.receive("crm.lead.won")
		}
		require.Less(t, cuts, 20)
		b.clock.Advance(time.Minute)
	}
	require.GreaterOrEqual(t, cuts, 2)
	f := b.read(all())
	require.EqualValues(t, []int64{7, 1, 6}, []int64{f.Received, f.Succeeded, f.Pending})
	var slots int64
	for _, s := range f.Slots {
		slots += s.Received
	}
	require.EqualValues(t, 7, slots)
}

// Several daemons that count, purge and replay at once end with the same.
func TestCountingAtOnce(t *testing.T) {
	b := newBench(t)
	const each = 60
	for range each {
		b.receive("crm.lead.won")
	}
	b.work(each, func(e queue.Event) error {
		if e.OdooID%3 == 0 {
			return record.Errorf(record.CodeDenied, "no")
		}
		return nil
	})
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			for range 5 {
				if err := figures.Rollup(ctx, b.db, b.clock.Now()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Go(func() {
		for range 5 {
			b.purge(4)
		}
	})
	group.Go(func() {
		for range 5 {
			if _, err := (queue.Replay{Status: "error"}).Run(ctx, b.db, b.clock.Now()); err != nil {
				t.Error(err)
			}
		}
	})
	group.Wait()
	b.work(each, fine)
	b.rollup()
	f := b.read(figures.Range{From: noon, Upto: noon.Add(time.Hour), Step: figures.StepHour})
	require.EqualValues(t, each, f.Received)
	require.EqualValues(t, each, f.Succeeded+f.Failed)
	require.EqualValues(t, each, f.Slots[0].Received)
}

// purge removes some webhooks that are done, as the retention does.
func (b *bench) purge(n int) int64 {
	var ids []int64
	require.NoError(b.t, b.db.InTx(ctx, func(tx *sql.Tx) error {
		ids = nil
		rows, err := tx.Query("SELECT id FROM webhook_logs WHERE status <> 'pending' ORDER BY id LIMIT ? FOR UPDATE", n)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		if err := figures.Keep(ctx, tx, ids); err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := tx.Exec("DELETE FROM webhook_logs WHERE id = ?", id); err != nil {
				return err
			}
		}
		return nil
	}))
	return int64(len(ids))
}

func TestResponses(t *testing.T) {
	b := newBench(t)
	var r, other figures.Responses
	for i := range 100 {
		at := 10 * time.Millisecond
		if i >= 90 {
			at = 300 * time.Millisecond
		}
		r.Note(noon, 200, at)
	}
	require.NoError(t, r.Flush(ctx, b.db))
	require.NoError(t, r.Flush(ctx, b.db))
	other.Note(noon.Add(30*time.Minute), 503, 10*time.Millisecond)
	require.NoError(t, other.Flush(ctx, b.db))
	got := b.read(figures.Range{From: noon, Upto: noon.Add(time.Hour), Step: figures.StepHour}).Response
	require.EqualValues(t, 101, got.N)
	require.InDelta(t, 38.7, float64(got.Mean.Microseconds())/1000, 0.1)
	require.InEpsilon(t, 300*time.Millisecond, got.P95, 0.095)
}

// What could not be stored is stored with the next.
func TestResponsesOutliveAnOutage(t *testing.T) {
	b := newBench(t)
	var r figures.Responses
	r.Note(noon, 200, time.Millisecond)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	require.Error(t, r.Flush(gone, b.db))
	r.Note(noon, 200, time.Millisecond)
	require.NoError(t, r.Flush(ctx, b.db))
	require.EqualValues(t, 2, b.read(figures.Range{From: noon, Upto: noon.Add(time.Hour), Step: figures.StepHour}).Response.N)
}
