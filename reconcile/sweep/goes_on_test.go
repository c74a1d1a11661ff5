package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
	"odoosync/reconcile/sweep"
)

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

// Nor has it forgotten what halted the model, whether it failed over that or was
// killed later: once a person has accepted it, it is done.
func TestASweepThatGoesOnAfterAHaltDoesWhatWasAccepted(t *testing.T) {
	for name, sweeps := range map[string]func(b *bench){
		"failed": func(b *bench) { require.ErrorContains(b.t, b.sweepErr(), "older copy") },
		"killed": func(b *bench) { b.killed(sweep.SweepOptions{Depth: sweep.Lists}, "leads") },
	} {
		t.Run(name, func(t *testing.T) {
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
			sweeps(b)
			require.Equal(t, olderCopy, b.halts())
			b.accepted()
			b.sweep(sweep.SweepOptions{Depth: sweep.Lists})
			require.Equal(t, "2", b.deletedRows())
		})
	}
}
