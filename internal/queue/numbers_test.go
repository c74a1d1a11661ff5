package queue_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/queue"
)

const (
	streamA = "0b9a2f6e-8f3c-4e0e-9d53-7a1f0c2b4d5e"
	streamB = "1b9a2f6e-8f3c-4e0e-9d53-7a1f0c2b4d5e"
)

func TestMissingNumbers(t *testing.T) {
	for _, tt := range []struct {
		name    string
		looks   [][]int64 // what arrived before each look
		missing string
		skipped int
	}{
		{"in order", [][]int64{{1, 2, 3}}, "[]", 0},
		{"turned round", [][]int64{{3, 1, 2}}, "[]", 0},
		{"doubled", [][]int64{{1, 1, 2}, {2, 3}}, "[]", 0},
		{"the first", [][]int64{{2}}, "[1]", 0},
		{"in the middle", [][]int64{{1, 4, 6}}, "[2 3 5]", 0},
		{"late", [][]int64{{1, 4}, {3}}, "[2]", 0},
		{"at the border of two looks", [][]int64{{1, 2}, {4}}, "[3]", 0},
		{"nothing new", [][]int64{{1, 3}, {}}, "[2]", 0},
		{"a wide gap", [][]int64{{1, 3, 5000, 5002}}, "[2 5001]", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, db, clock := context.Background(), dbtest.New(t), clockwork.NewFakeClock()
			q := queue.NewInbox(db, queue.Options{Clock: clock})
			defer q.Stop()
			var skipped []queue.Skipped
			for _, arrived := range tt.looks {
				for _, n := range arrived {
					numbered(t, q, streamA, n)
				}
				wide, err := queue.NoteMissing(ctx, db, clock.Now(), 0)
				require.NoError(t, err)
				skipped = append(skipped, wide...)
			}
			_, numbers, err := queue.DueMissing(ctx, db, clock.Now(), 100)
			require.NoError(t, err)
			require.Equal(t, tt.missing, fmt.Sprint(numbersOf(numbers)))
			require.Len(t, skipped, tt.skipped)
		})
	}
}

func numbersOf(list []queue.Missing) []int64 {
	out := []int64{}
	for _, m := range list {
		out = append(out, m.Number)
	}
	return out
}

func numbered(t *testing.T, q *queue.Inbox, stream string, n int64) {
	_, err := q.Append(context.Background(), queue.Event{Type: "x", Source: queue.SourceWebhook, Place: queue.Place{Stream: stream, Number: n}})
	require.NoError(t, err)
}

// Numbers of two streams arrive in any order, doubled, or refused; looks come at
// any time. What is missing at the end is what a set says.
func TestMissingNumbersAreThoseOfAModel(t *testing.T) {
	ctx, db, clock := context.Background(), dbtest.New(t), clockwork.NewFakeClock()
	q := queue.NewInbox(db, queue.Options{Clock: clock})
	defer q.Stop()
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 7))
		_, err := db.ExecContext(ctx, "DELETE FROM webhook_logs")
		require.NoError(t, err)
		for _, table := range []string{"sync_streams", "sync_missing"} {
			_, err := db.ExecContext(ctx, "DELETE FROM "+table)
			require.NoError(t, err)
		}
		arrived := map[queue.Place]bool{}
		newest := map[string]int64{}
		for range 40 {
			p := queue.Place{Stream: []string{streamA, streamB}[random.IntN(2)], Number: 1 + random.Int64N(30)}
			if random.IntN(5) == 0 {
				require.NoError(t, q.AppendRejected(ctx, queue.Event{Type: "x", Source: queue.SourceWebhook, Place: p}, "refused"))
				continue
			}
			numbered(t, q, p.Stream, p.Number)
			arrived[p] = true
			newest[p.Stream] = max(newest[p.Stream], p.Number)
			if random.IntN(4) == 0 {
				_, err := queue.NoteMissing(ctx, db, clock.Now(), 0)
				require.NoError(t, err)
			}
		}
		_, err = queue.NoteMissing(ctx, db, clock.Now(), 0)
		require.NoError(t, err)
		want := map[queue.Place]bool{}
		for stream, last := range newest {
			for n := int64(1); n < last; n++ {
				if p := (queue.Place{Stream: stream, Number: n}); !arrived[p] {
					want[p] = true
				}
			}
		}
		got := map[queue.Place]bool{}
		for {
			stream, numbers, err := queue.DueMissing(ctx, db, clock.Now(), 5)
			require.NoError(t, err)
			if len(numbers) == 0 {
				break
			}
			for _, n := range numbersOf(numbers) {
				got[queue.Place{Stream: stream, Number: n}] = true
			}
			require.NoError(t, queue.CloseMissing(ctx, db, stream, numbersOf(numbers)))
		}
		require.Equal(t, want, got, "seed %d", seed)
	}
}

func TestMissingNumbersWait(t *testing.T) {
	ctx, db, clock := context.Background(), dbtest.New(t), clockwork.NewFakeClock()
	q := queue.NewInbox(db, queue.Options{Clock: clock})
	defer q.Stop()
	due := func() string {
		_, numbers, err := queue.DueMissing(ctx, db, clock.Now(), 100)
		require.NoError(t, err)
		return fmt.Sprint(numbersOf(numbers))
	}
	numbered(t, q, streamA, 4)
	_, err := queue.NoteMissing(ctx, db, clock.Now(), time.Minute)
	require.NoError(t, err)
	require.Equal(t, "[]", due())
	clock.Advance(time.Minute)
	require.Equal(t, "[1 2 3]", due())
	require.NoError(t, queue.WaitMissing(ctx, db, streamA, []int64{1, 3}, clock.Now().Add(time.Minute)))
	require.Equal(t, "[2]", due())
	streams, err := queue.Streams(ctx, db)
	require.NoError(t, err)
	require.Len(t, streams, 1)
	require.EqualValues(t, 4, streams[0].Newest)
	require.EqualValues(t, 3, streams[0].Missing)
}
