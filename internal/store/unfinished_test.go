package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/store"
)

func TestUnfinishedRunsAreTheNewestFirst(t *testing.T) {
	ctx, db := context.Background(), dbtest.New(t)
	now := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)
	for _, at := range []time.Duration{-2 * time.Hour, -time.Hour, 0, 0} {
		require.NoError(t, store.StartRun(ctx, db, now.Add(at), &store.Run{Kind: "sweep"}))
	}
	for state, kind := range map[store.RunState]string{store.RunDone: "sweep", store.RunFailed: "poll"} {
		other := &store.Run{Kind: kind}
		require.NoError(t, store.StartRun(ctx, db, now, other))
		other.State = state
		require.NoError(t, store.SaveRun(ctx, db, now, other))
	}
	found, err := store.UnfinishedRuns(ctx, db, "sweep", now.Add(-time.Hour))
	require.NoError(t, err)
	var ids []int64
	for _, r := range found {
		ids = append(ids, r.ID)
		require.Zero(t, r.Finished)
	}
	require.Equal(t, []int64{4, 3, 2}, ids)
}
