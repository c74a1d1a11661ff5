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

// A sweep that Odoo went away from (it is backed up at night, too) waits for it,
// and not for the next night.
func TestASweepThatOdooWentAwayFromIsDueAgain(t *testing.T) {
	b := newBench(t, 17)
	b.partners(250)
	b.imported()
	o, pages := b.o, 0
	o.Odoo = leaving{b.client, &pages}
	b.start(o)
	b.sim.Create("res.partner", nil)
	_, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{})
	require.ErrorContains(t, err, "away")
	require.Equal(t, "false", b.due(), "it leaves Odoo alone for a while")
	b.clock.Advance(5 * time.Minute)
	require.Equal(t, "night", b.due())
	pages = 1000
	result, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{})
	require.NoError(t, err)
	require.True(t, result.Resumed)
	require.Equal(t, "false", b.due())
}

// Nor does one that could not even begin.
func TestASweepThatFindsNoOdooIsDueAgain(t *testing.T) {
	b := newBench(t, 17)
	b.partners(5)
	b.imported()
	b.sim.SetFaults(odoosim.Faults{Page502: 1})
	_, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{})
	require.Error(t, err)
	require.Equal(t, "false", b.due())
	b.clock.Advance(5 * time.Minute)
	require.Equal(t, "night", b.due())
}

// A sweep that waits for Odoo is not forgotten over another one that was asked
// for meanwhile.
func TestASweepThatWaitsIsNotForgottenOverAnother(t *testing.T) {
	b := newBench(t, 17)
	b.partners(250)
	b.imported()
	o, pages := b.o, 0
	o.Odoo = leaving{b.client, &pages}
	b.start(o)
	b.sim.Create("res.partner", nil)
	_, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{})
	require.ErrorContains(t, err, "away")
	pages = 1000
	require.NoError(t, sweep.Want(b.ctx, b.db, b.clock.Now(), "leads", "run 1"))
	require.Equal(t, "lists", b.due())
	b.sweep(sweep.SweepOptions{Depth: sweep.Lists, Entity: "leads"})
	b.clock.Advance(5 * time.Minute)
	require.Equal(t, "night", b.due())
}

// due is the depth of the sweep that is due, "false" for none.
func (b *bench) due() string {
	b.t.Helper()
	o, due, err := b.sweeper.Due(b.ctx)
	require.NoError(b.t, err)
	if !due {
		return "false"
	}
	return string(o.Depth)
}

// So it is where another model was refused before Odoo went away.
func TestASweepThatFailedAndWasCutOffIsDueAgain(t *testing.T) {
	b := newBench(t, 17)
	b.partners(3)
	b.imported()
	b.sim.Forbid("crm.lead", "read")
	o, pages := b.o, 0
	o.Odoo = leaving{b.client, &pages}
	b.start(o)
	b.sim.Create("account.move", odoosim.Values{"move_type": "out_invoice"})
	_, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{})
	require.ErrorContains(t, err, "away")
	b.clock.Advance(5 * time.Minute)
	require.Equal(t, "night", b.due())
}

// What nobody foresaw is no side that is away: it would fail again.
func TestASweepThatMetTheUnforeseenIsNotDueAgain(t *testing.T) {
	b := newBench(t, 17)
	b.partners(3)
	b.imported()
	o := b.o
	o.Odoo = broken{b.client}
	b.start(o)
	_, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{})
	require.Error(t, err)
	b.clock.Advance(5 * time.Minute)
	require.Equal(t, "false", b.due())
}

// broken is an Odoo whose answers meet a mistake of ours.
type broken struct{ *odooclient.Client }

func (broken) ReadGroup(context.Context, string, []any, []string, []string) ([]odooclient.Raw, error) {
	return nil, errors.New("index out of range")
}
