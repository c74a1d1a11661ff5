package sweep_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/store"
	"odoosync/odooclient"
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

// One that works on after another has taken its run over saves nothing more of
// what it remembers.
func TestASweepThatWasTakenOverTrustsNoDay(t *testing.T) {
	b := newBench(t, 17)
	b.partners(5)
	b.imported()
	other := *b
	other.start(b.o)
	_, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{Watch: func(ctx context.Context, _ int64) (context.Context, func()) {
		_, err := other.sweeper.Sweep(b.ctx, sweep.SweepOptions{})
		require.NoError(t, err)
		b.exec("UPDATE sync_cursors SET value = JSON_SET(value, '$.other', TRUE) WHERE name LIKE 'swept:%' OR name LIKE 'deep:%' OR name LIKE 'names:%'")
		return ctx, func() {}
	}})
	require.ErrorIs(t, err, store.ErrRunTaken)
	require.Equal(t, "0", b.rows("SELECT COUNT(*) FROM sync_cursors WHERE (name LIKE 'swept:%' OR name LIKE 'deep:%' OR name LIKE 'names:%') AND JSON_EXTRACT(value, '$.other') IS NULL"))
}

// So it is in the middle of the full reads.
func TestASweepThatWasTakenOverMovesNoTurn(t *testing.T) {
	b := newBench(t, 17)
	b.partners(70)
	b.imported()
	other := *b
	other.start(b.o)
	o := b.o
	o.Odoo = counting{b.client, func() {
		_, err := other.sweeper.Sweep(b.ctx, sweep.SweepOptions{})
		require.NoError(t, err)
		b.exec("UPDATE sync_cursors SET value = '{\"after\": 1}' WHERE name = 'deep:contacts'")
	}}
	b.start(o)
	_, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{})
	require.ErrorIs(t, err, store.ErrRunTaken)
	require.Equal(t, `{"after": 1}`, b.rows("SELECT value FROM sync_cursors WHERE name = 'deep:contacts'"))
}

// counting is an Odoo under which something happens when the full reads begin.
type counting struct {
	*odooclient.Client
	then func()
}

func (c counting) SearchCount(ctx context.Context, model string, domain []any) (int64, error) {
	if model == "res.partner" {
		c.then()
	}
	return c.Client.SearchCount(ctx, model, domain)
}
