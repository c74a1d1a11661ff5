package sweep_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/odooclient"
	"odoosync/reconcile"
)

// fading is an Odoo that goes away after some pages of ids.
type fading struct {
	*odooclient.Client
	pages *int
}

func (f fading) PagesByID(ctx context.Context, model string, domain []any, size int, after int64, page func([]int64) error) error {
	return f.Client.PagesByID(ctx, model, domain, size, after, func(ids []int64) error {
		if *f.pages == 0 {
			return record.Errorf(record.CodeUnavailable, "Odoo is away")
		}
		*f.pages--
		return page(ids)
	})
}

// A resync that accepts what Odoo shows begins anew: the one that was cut off
// before had passed the records of the halted model.
func TestAResyncThatAcceptsBeginsAnew(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(300)
	b.imported()
	b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Rennes"})
	b.clock.Advance(time.Hour)
	require.NoError(t, store.SetHalts(b.ctx, b.db, b.clock.Now(), store.Halt{Model: "res.partner", Kind: "hidden", Reason: "a rule"}))
	pages := 4
	o := reconcile.ResyncOptions{Pager: fading{b.client, &pages}, Edits: b.outbox, Page: 50, Entity: "contacts"}
	_, err := b.engine.Resync(b.ctx, o)
	require.Error(t, err)
	pages = 1000
	o.AllowDeletes = true
	_, err = b.engine.Resync(b.ctx, o)
	require.NoError(t, err)
	require.Empty(t, b.halts())
	require.Equal(t, "Rennes", b.city(ids[0]))
}
