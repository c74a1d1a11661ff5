package sweep_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/record"
	"odoosync/odooclient"
	"odoosync/reconcile"
	"odoosync/reconcile/sweep"
)

// leaving is an Odoo that goes away after some pages of a list.
type leaving struct {
	*odooclient.Client
	pages *int
}

func (l leaving) StampsByID(ctx context.Context, listing odooclient.Listing, size int, after int64, page func([]odooclient.Stamp) error) error {
	return l.Client.StampsByID(ctx, listing, size, after, func(s []odooclient.Stamp) error {
		if *l.pages == 0 {
			return record.Errorf(record.CodeUnavailable, "Odoo is away")
		}
		*l.pages--
		return page(s)
	})
}

// A sweep that goes on where it was cut off knows what the pages before had
// lacked: it ends as one does that nobody cut off.
func TestASweepThatGoesOnKnowsWhatItMissedBefore(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(250)
	require.NoError(t, b.sweeper.SeedNames(b.ctx))
	require.NoError(t, b.engine.Import(b.ctx, reconcile.ImportOptions{Pager: b.client}))
	b.sim.Unlink("res.partner", ids[20])
	b.clock.Advance(time.Hour)
	o, pages := b.o, 1
	o.Odoo = leaving{b.client, &pages}
	b.start(o)
	_, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{Depth: sweep.Lists})
	require.ErrorContains(t, err, "away")
	pages = 1000
	counts := b.sweep(sweep.SweepOptions{Depth: sweep.Lists})
	require.Equal(t, map[string]int64{"contacts.deleted": 1}, kinds(counts))
	require.Equal(t, "1", b.deletedRows())
}

// So it is with what it could not repair there: the day is not trusted, though
// the counts of both sides are equal by chance.
func TestASweepThatGoesOnKnowsWhatItCouldNotRepairBefore(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(10)
	require.NoError(t, b.sweeper.SeedNames(b.ctx))
	require.NoError(t, b.engine.Import(b.ctx, reconcile.ImportOptions{Pager: b.client}))
	b.exec("ALTER TABLE contacts ADD CONSTRAINT no_rennes CHECK (city IS NULL OR city <> 'Rennes')")
	b.sim.Unlink("res.partner", ids[3])
	late := b.sim.Create("res.partner", odoosim.Values{"name": "Tard", "city": "Rennes"})
	b.partners(150)
	b.clock.Advance(48 * time.Hour)
	o, pages := b.o, 1
	o.Odoo = leaving{b.client, &pages}
	b.start(o)
	_, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{Depth: sweep.Lists})
	require.ErrorContains(t, err, "away")
	pages = 1000
	b.sweep(sweep.SweepOptions{Depth: sweep.Lists})
	b.exec("ALTER TABLE contacts DROP CONSTRAINT no_rennes")
	b.clock.Advance(48 * time.Hour)
	for range 3 {
		b.sweep(sweep.SweepOptions{Depth: sweep.Lists})
	}
	require.Equal(t, "Tard", b.rows("SELECT name FROM contacts WHERE odoo_id = ?", late))
	require.Equal(t, "1", b.deletedRows())
}

// Nor has it forgotten what halted the model: once a person has accepted that,
// it is done.
func TestASweepThatGoesOnAfterAHaltDoesWhatWasAccepted(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(50)
	b.imported()
	b.sim.Write("res.partner", ids[40], odoosim.Values{"city": "Rennes"})
	b.clock.Advance(time.Hour)
	for _, id := range ids[20:22] {
		b.sim.Write("res.partner", id, odoosim.Values{"city": "Nantes"})
	}
	b.poll()
	b.clock.Advance(time.Hour)
	b.poll()
	for _, id := range ids[20:22] {
		b.sim.Unlink("res.partner", id)
	}
	_, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{Depth: sweep.Lists, Entity: "contacts"})
	require.ErrorContains(t, err, "older copy")
	require.NoError(t, b.engine.AllowDeletes(b.ctx, "contacts"))
	b.sweep(sweep.SweepOptions{Depth: sweep.Lists, Entity: "contacts"})
	require.Equal(t, "2", b.deletedRows())
}
