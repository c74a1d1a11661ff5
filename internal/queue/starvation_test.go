package queue_test

import (
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/queue"
)

// A record whose events pile up while a worker is busy with it (a slow Odoo
// renews the lease for minutes) does not hide the others from the next worker.
func TestABusyRecordDoesNotHideTheOthers(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClockAt(time.Now())
	q, other := newInbox(t, db, clock), newInbox(t, db, clock)
	tell := func(id int64) {
		_, err := q.Append(ctx, event(id))
		require.NoError(t, err)
	}
	tell(1)
	held, err := q.Claim(ctx, 2, time.Minute)
	require.NoError(t, err)
	require.Len(t, held, 1)
	for range 3 {
		tell(1)
	}
	tell(2)
	free, err := other.Claim(ctx, 2, time.Minute)
	require.NoError(t, err)
	require.Len(t, free, 1, "the event of record 2 is due and nobody works on it")
	require.Equal(t, int64(2), free[0].OdooID)
}

// An event that was put off because a side was away still comes before the
// younger ones of its record: by their payloads, the last of two at one time wins.
func TestAPostponedEventKeepsItsPlace(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClockAt(time.Now())
	q := newInbox(t, db, clock)
	_, err := q.Append(ctx, event(1))
	require.NoError(t, err)
	first, err := q.Claim(ctx, 10, time.Minute)
	require.NoError(t, err)
	require.NoError(t, q.Postpone(ctx, []int64{first[0].ID}, clock.Now().Add(5*time.Second), queue.ErrLeaseLost))
	_, err = q.Append(ctx, event(1))
	require.NoError(t, err)
	got, err := q.Claim(ctx, 10, time.Minute)
	require.NoError(t, err)
	if len(got) > 0 {
		require.Equal(t, first[0].ID, got[0].ID, "the younger event was handed out alone")
	}
}
