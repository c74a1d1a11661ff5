package store_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/store"
)

func TestRunsAsTheyAreShown(t *testing.T) {
	ctx, db := context.Background(), dbtest.New(t)
	now := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)
	begin := func(kind, entity string) *store.Run {
		r := &store.Run{Kind: kind, Entity: entity, Mode: "full", Cause: "test"}
		require.NoError(t, store.StartRun(ctx, db, now, r))
		return r
	}
	first, second, third := begin("resync", "contacts"), begin("sweep", ""), begin("resync", "")
	first.State, first.Total, first.Done, first.Counts = store.RunDone, 200, 50, map[string]int64{"adopted": 3}
	require.NoError(t, store.SaveRun(ctx, db, now.Add(10*time.Second), first))

	ids := func(f store.RunFilter) (out []int64) {
		list, err := store.ListRuns(ctx, db, now, f)
		require.NoError(t, err)
		for _, r := range list {
			out = append(out, r.ID)
		}
		return out
	}
	require.Equal(t, []int64{third.ID, second.ID, first.ID}, ids(store.RunFilter{}))
	require.Equal(t, []int64{third.ID, first.ID}, ids(store.RunFilter{Kind: "resync"}))
	require.Equal(t, []int64{first.ID}, ids(store.RunFilter{Over: true}))
	require.Equal(t, []int64{first.ID}, ids(store.RunFilter{State: store.RunDone}))
	require.Equal(t, []int64{second.ID}, ids(store.RunFilter{Before: third.ID, Limit: 1}))

	shown, err := store.GetRun(ctx, db, now.Add(time.Hour), first.ID)
	require.NoError(t, err)
	text, err := json.Marshal(shown)
	require.NoError(t, err)
	require.JSONEq(t, `{"id": 1, "kind": "resync", "entity": "contacts", "mode": "full", "state": "done", "cause": "test", "total": 200, "done": 50, "percent": 25,
		"records_per_second": 5, "counts": {"adopted": 3}, "started_at": "2026-11-02T10:00:00Z", "heartbeat_at": "2026-11-02T10:00:10Z",
		"finished_at": "2026-11-02T10:00:10Z", "dead": false, "cancel_requested": false}`, string(text))
	shown, err = store.GetRun(ctx, db, now, 99)
	require.NoError(t, err)
	require.Nil(t, shown)
}

func TestARunWithoutAHeartbeatIsDead(t *testing.T) {
	ctx, db := context.Background(), dbtest.New(t)
	now := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)
	r := &store.Run{Kind: "resync", Entity: "contacts"}
	require.NoError(t, store.StartRun(ctx, db, now, r))
	dead := func(after time.Duration) bool {
		shown, err := store.GetRun(ctx, db, now.Add(after), r.ID)
		require.NoError(t, err)
		return shown.Dead
	}
	require.False(t, dead(30*time.Second))
	require.True(t, dead(31*time.Second))
	require.NoError(t, store.Heartbeat(ctx, db, now.Add(20*time.Second), r.ID))
	require.False(t, dead(31*time.Second))
	require.NoError(t, store.Heartbeat(ctx, db, now, r.ID), "by a clock that is behind")
	require.False(t, dead(31*time.Second))
	require.True(t, dead(time.Minute))
	for name, holds := range map[string]bool{"resync:contacts": true, "resync:leads": false, "sweep": false} {
		_, err := store.Lease(ctx, db, name, "a", time.Hour)
		require.NoError(t, err)
		require.Equal(t, !holds, dead(time.Minute), name)
		require.NoError(t, store.EndLease(ctx, db, name, "a"))
	}
	r.State = store.RunFailed
	require.NoError(t, store.SaveRun(ctx, db, now, r))
	require.False(t, dead(time.Hour), "it is over")
}

func TestARunIsCancelled(t *testing.T) {
	ctx, db := context.Background(), dbtest.New(t)
	now := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)
	r := &store.Run{Kind: "resync", Entity: "contacts"}
	require.NoError(t, store.StartRun(ctx, db, now, r))
	wanted, err := store.CancelRequested(ctx, db, r.ID)
	require.NoError(t, err)
	require.False(t, wanted)
	for range 2 {
		require.NoError(t, store.RequestCancel(ctx, db, now, r.ID))
	}
	wanted, err = store.CancelRequested(ctx, db, r.ID)
	require.NoError(t, err)
	require.True(t, wanted)
	shown, err := store.GetRun(ctx, db, now, r.ID)
	require.NoError(t, err)
	require.Equal(t, store.RunRunning, shown.State, "its process ends it")
	require.NoError(t, store.RequestCancel(ctx, db, now.Add(time.Minute), r.ID))
	shown, err = store.GetRun(ctx, db, now, r.ID)
	require.NoError(t, err)
	require.Equal(t, []any{store.RunCancelled, "cancelled by a person"}, []any{shown.State, shown.Error}, "its process is gone")
	err = store.RequestCancel(ctx, db, now, r.ID)
	require.ErrorIs(t, err, store.ErrRunEnded)
	require.ErrorIs(t, store.RequestCancel(ctx, db, now, 99), store.ErrNoRun)
}

func TestAbandonedRunsAreEnded(t *testing.T) {
	ctx, db := context.Background(), dbtest.New(t)
	now := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)
	for _, entity := range []string{"contacts", "", "leads", "contacts"} {
		require.NoError(t, store.StartRun(ctx, db, now, &store.Run{Kind: "resync", Entity: entity}))
	}
	require.NoError(t, store.RequestCancel(ctx, db, now, 2))
	require.NoError(t, store.EndAbandoned(ctx, db, now, "resync", []string{"contacts"}, 4))
	var states []store.RunState
	list, err := store.ListRuns(ctx, db, now, store.RunFilter{})
	require.NoError(t, err)
	for _, r := range list {
		states = append(states, r.State)
	}
	require.Equal(t, []store.RunState{store.RunRunning, store.RunRunning, store.RunCancelled, store.RunFailed}, states)
}
