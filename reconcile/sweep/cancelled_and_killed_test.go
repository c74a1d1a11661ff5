package sweep_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/store"
	"odoosync/reconcile/sweep"
)

// A sweep that a person cancelled right before its process died is not gone on
// with.
func TestASweepCancelledBeforeAKillIsNotDue(t *testing.T) {
	b := newBench(t, 17)
	b.partners(5)
	b.imported()
	stopped, stop := context.WithCancel(b.ctx)
	_, err := b.sweeper.Sweep(stopped, sweep.SweepOptions{Watch: func(ctx context.Context, run int64) (context.Context, func()) {
		require.NoError(t, store.RequestCancel(b.ctx, b.db, b.clock.Now(), run))
		stop()
		return ctx, func() {}
	}})
	require.Error(t, err)
	_, due, err := b.sweeper.Due(b.ctx)
	require.NoError(t, err)
	require.False(t, due, b.rows("SELECT state, cancel_requested, error FROM sync_runs ORDER BY id DESC LIMIT 1"))
}
