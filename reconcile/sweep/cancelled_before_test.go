package sweep_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/store"
	"odoosync/reconcile/sweep"
)

// A sweep that a person has cancelled is over: the next one is a new one, which
// nobody has cancelled.
func TestACancelledSweepIsNotGoneOnWith(t *testing.T) {
	b := newBench(t, 17)
	b.partners(5)
	b.imported()
	cancelled, cancel := context.WithCancelCause(b.ctx)
	_, err := b.sweeper.Sweep(cancelled, sweep.SweepOptions{Watch: func(ctx context.Context, run int64) (context.Context, func()) {
		require.NoError(t, store.RequestCancel(b.ctx, b.db, b.clock.Now(), run))
		cancel(store.ErrRunCancelled)
		return ctx, func() {}
	}})
	require.ErrorIs(t, err, store.ErrRunCancelled)
	b.clock.Advance(6 * time.Hour)
	result, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{})
	require.NoError(t, err)
	require.False(t, result.Resumed)
	wanted, err := store.CancelRequested(b.ctx, b.db, result.RunID)
	require.NoError(t, err)
	require.False(t, wanted, "whoever watches the run ends it at once")
}
