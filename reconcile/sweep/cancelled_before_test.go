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

// Nor is one whose process was killed before it saw that a person had cancelled
// it.
func TestAKilledSweepThatWasCancelledIsNotGoneOnWith(t *testing.T) {
	b := newBench(t, 17)
	b.partners(5)
	b.imported()
	killed := b.killed(sweep.SweepOptions{}, "contacts")
	b.exec("UPDATE sync_runs SET cancel_requested = TRUE WHERE id = ?", killed)
	_, due, err := b.sweeper.Due(b.ctx)
	require.NoError(t, err)
	require.False(t, due)
	result, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{})
	require.NoError(t, err)
	require.False(t, result.Resumed)
	require.Equal(t, "cancelled", b.rows("SELECT state FROM sync_runs WHERE id = ?", killed))
}
