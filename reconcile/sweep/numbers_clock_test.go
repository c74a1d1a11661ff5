package sweep_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
	"odoosync/reconcile/sweep"
)

// A gap that was noted while the clock ran ahead does not wait until then.
func TestAGapOfAClockThatRanAheadIsLookedFor(t *testing.T) {
	b, o := newTold(t)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	o.add(1, "res.partner", id, "failed")
	b.clock.Advance(48 * time.Hour)
	b.arrived(2)
	b.missed()
	b.clock.Advance(-48 * time.Hour) // it was set right
	b.missed()
	b.clock.Advance(2 * sweep.Grace)
	require.EqualValues(t, 1, b.missed().Repaired)
}

// setBack is an Odoo whose first answer about deliveries finds the clock set back.
type setBack struct {
	*told
	back func()
}

func (o *setBack) SearchRead(ctx context.Context, model string, domain []any, fields []string, p odooclient.Page, yield func(odooclient.Raw) error) error {
	if model == "webhook.delivery" {
		if o.back != nil {
			o.back()
			o.back = nil
		}
		if o.asked > 20 {
			return errors.New("asked without end")
		}
	}
	return o.told.SearchRead(ctx, model, domain, fields, p, yield)
}

// A clock that is set back in the middle of a look makes it no endless one.
func TestAClockThatIsSetBackMakesNoEndlessLook(t *testing.T) {
	b, o := newTold(t)
	b.start(sweep.Options{Odoo: &setBack{o, func() { b.clock.Advance(-time.Hour) }}})
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	o.add(1, "res.partner", id, "pending")
	b.arrived(2)
	b.missed()
	b.clock.Advance(sweep.Grace)
	_, err := b.sweeper.Missed(b.ctx)
	require.NoError(t, err)
	require.Equal(t, 1, o.asked)
}
