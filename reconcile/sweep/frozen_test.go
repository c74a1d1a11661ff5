package sweep_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile/sweep"
)

// A process that was frozen until its lease was another's does not undo what
// that one has noted of the run: it ended well, and repaired something.
func TestAFrozenSweepDoesNotUndoItsRun(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(150)
	b.imported()
	b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Rennes"})
	ctx, lose := context.WithCancel(b.ctx)
	other := *b
	other.start(b.o)
	_, err := b.sweeper.Sweep(ctx, sweep.SweepOptions{Depth: sweep.Lists, Watch: func(ctx context.Context, _ int64) (context.Context, func()) {
		// Here it freezes. The other one goes on with the run.
		result, err := other.sweeper.Sweep(b.ctx, sweep.SweepOptions{Depth: sweep.Lists})
		require.NoError(t, err)
		require.True(t, result.Resumed)
		lose()
		return ctx, func() {}
	}})
	require.Error(t, err)
	require.Equal(t, "done | 1", b.rows("SELECT state, JSON_EXTRACT(counts, '$.repaired') FROM sync_runs ORDER BY id DESC LIMIT 1"))
}
