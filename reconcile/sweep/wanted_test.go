package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/reconcile/sweep"
)

// Two sweeps that are asked for at about one time are both made: the deletes
// that were let through pass for an hour only.
func TestTwoWantedSweepsAreBothDue(t *testing.T) {
	b := newBench(t, 17)
	b.partners(3)
	b.imported()
	b.clock.Advance(time.Minute)
	require.NoError(t, sweep.Want(b.ctx, b.db, b.clock.Now(), "contacts", "run 1"))
	require.NoError(t, sweep.Want(b.ctx, b.db, b.clock.Now(), "leads", "run 2"))
	swept := map[string]bool{}
	for range 4 {
		b.clock.Advance(time.Second)
		o, due, err := b.sweeper.Due(b.ctx)
		require.NoError(t, err)
		if !due {
			break
		}
		b.sweep(o)
		swept[o.Entity] = true
	}
	require.Equal(t, map[string]bool{"contacts": true, "leads": true}, swept)
}
