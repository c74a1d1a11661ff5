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
	"odoosync/reconcile/sweep"
)

// without is an Odoo that does something before a model is listed.
type without struct {
	*odooclient.Client
	model string
	f     func() error
}

func (w without) StampsByID(ctx context.Context, l odooclient.Listing, size int, after int64, page func([]odooclient.Stamp) error) error {
	if l.Model == w.model {
		if err := w.f(); err != nil {
			return err
		}
	}
	return w.Client.StampsByID(ctx, l, size, after, page)
}

// A sweep that Odoo went away from is due again, though one model of it is
// halted or closed to the sync user.
func TestASweepThatOdooWentAwayFromIsDueAgainBesideAHalt(t *testing.T) {
	for _, tt := range []struct {
		name   string
		breaks func(b *bench)
	}{
		{"halted", func(b *bench) {
			require.NoError(t, store.SetHalts(b.ctx, b.db, b.clock.Now(), store.Halt{Model: "res.partner", Kind: "hidden", Reason: "a rule"}))
		}},
		{"closed", func(b *bench) { b.sim.Forbid("res.partner", "read") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, 17)
			b.partners(5)
			b.imported()
			b.sim.Create("sale.order", odoosim.Values{"partner_id": int64(2)})
			tt.breaks(b)
			o := b.o
			o.Odoo = without{b.client, "sale.order", func() error { return record.Errorf(record.CodeUnavailable, "Odoo is away") }}
			b.start(o)
			_, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{})
			require.ErrorContains(t, err, "away")
			b.clock.Advance(2 * time.Minute)
			_, due, err := b.sweeper.Due(b.ctx)
			require.NoError(t, err)
			require.True(t, due, b.rows("SELECT state, error FROM sync_runs ORDER BY id DESC LIMIT 1"))
		})
	}
}
