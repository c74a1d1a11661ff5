package sweep_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/store"
	"odoosync/odooclient"
	"odoosync/reconcile"
	"odoosync/reconcile/sweep"
)

// paging is an Odoo that does something before a page of a model is shown.
type paging struct {
	*odooclient.Client
	f func(model string, n int)
	n map[string]int
}

func (p paging) StampsByID(ctx context.Context, l odooclient.Listing, size int, after int64, page func([]odooclient.Stamp) error) error {
	p.f(l.Model, -1)
	return p.Client.StampsByID(ctx, l, size, after, func(s []odooclient.Stamp) error {
		p.n[l.Model]++
		p.f(l.Model, p.n[l.Model])
		return page(s)
	})
}

// A sweep that goes on knows what it missed in a model that was halted under it,
// when the daemon was stopped in the next one.
func TestASweepThatGoesOnKnowsWhatItMissedBeforeAHalt(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(150)
	require.NoError(t, b.sweeper.SeedNames(b.ctx))
	require.NoError(t, b.engine.Import(b.ctx, reconcile.ImportOptions{Pager: b.client}))
	b.clock.Advance(time.Hour)
	b.sim.Unlink("res.partner", ids[20])
	b.sim.Write("res.partner", ids[140], odoosim.Values{"city": "Rennes"})
	b.sim.Create("sale.order", odoosim.Values{"partner_id": int64(2)})
	ctx, stop := context.WithCancel(b.ctx)
	defer stop()
	o := b.o
	o.Odoo = paging{b.client, func(model string, n int) {
		switch {
		case model == "res.partner" && n == 2: // somebody finds a reason
			require.NoError(t, store.SetHalts(b.ctx, b.db, b.clock.Now(), store.Halt{Model: "res.partner", Kind: "hidden", Reason: "a rule"}))
		case model != "res.partner":
			stop()
		}
	}, map[string]int{}}
	b.start(o)
	_, err := b.sweeper.Sweep(ctx, sweep.SweepOptions{Depth: sweep.Lists})
	require.ErrorContains(t, err, "stopped")
	require.NoError(t, b.engine.AllowDeletes(b.ctx, "contacts"))
	o.Odoo = b.client
	b.start(o)
	o2, due, err := b.sweeper.Due(b.ctx)
	require.NoError(t, err)
	require.True(t, due)
	result, err := b.sweeper.Sweep(b.ctx, o2)
	require.NoError(t, err)
	require.True(t, result.Resumed)
	require.Equal(t, "Rennes", b.city(ids[140]))
	require.Equal(t, "1", b.deletedRows(), "%v", result.Counts)
}
