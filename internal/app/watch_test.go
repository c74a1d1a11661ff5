package app

import (
	"context"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"odoosync/internal/dbtest"
	"odoosync/internal/store"
)

// A run whose page takes long still shows that it lives, and hears that it is to
// end from another process.
func TestAWatchedRun(t *testing.T) {
	ctx, db := context.Background(), dbtest.New(t)
	clock := clockwork.NewFakeClockAt(time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC))
	r := &store.Run{Kind: "resync"}
	require.NoError(t, store.StartRun(ctx, db, clock.Now(), r))
	watched, end := watch(ctx, db, clock, zap.NewNop(), r.ID, nil)
	defer end()
	for range 5 {
		require.NoError(t, clock.BlockUntilContext(ctx, 1))
		clock.Advance(watchEvery)
		require.Eventually(t, func() bool {
			shown, err := store.GetRun(ctx, db, clock.Now(), r.ID)
			return err == nil && shown.HeartbeatAt.Equal(clock.Now())
		}, 10*time.Second, time.Millisecond)
	}
	require.NoError(t, watched.Err())
	require.NoError(t, store.RequestCancel(ctx, db, clock.Now(), r.ID))
	clock.Advance(watchEvery)
	<-watched.Done()
	require.ErrorIs(t, context.Cause(watched), store.ErrRunCancelled)

	_, end = watch(ctx, db, clock, zap.NewNop(), r.ID, nil)
	end()
}
