package app

import (
	"context"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"odoosync/internal/admin"
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

// What a person has paused is not known while the database is away from the
// start; once known, it is believed.
func TestWhatIsPausedWhileTheDatabaseIsAway(t *testing.T) {
	ctx, db := context.Background(), dbtest.New(t)
	clock := clockwork.NewFakeClock()
	require.NoError(t, store.SetPaused(ctx, db, clock.Now(), store.Paused{ToOdoo: true}))
	p := &pauses{db: db, clock: clock, log: zap.NewNop()}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	require.True(t, p.toAPI(gone), "nobody knows")
	require.False(t, p.toAPI(ctx))
	require.True(t, p.toOdoo(ctx))
	require.NoError(t, store.SetPaused(ctx, db, clock.Now(), store.Paused{ToAPI: true}))
	require.False(t, p.toAPI(ctx), "within two seconds it is believed")
	clock.Advance(pauseKnown)
	require.False(t, p.toAPI(gone), "the last that was heard")
	require.True(t, p.toAPI(ctx))
	require.False(t, p.toOdoo(ctx))
	require.ErrorIs(t, p.unless(ctx, p.toAPI, func(context.Context) error { t.Error("it is paused"); return nil }), admin.ErrPaused)
}
