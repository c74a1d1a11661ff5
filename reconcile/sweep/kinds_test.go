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

// uncounting is an Odoo that has no read_group.
type uncounting struct{ *odooclient.Client }

func (uncounting) ReadGroup(context.Context, string, []any, []string, []string) ([]odooclient.Raw, error) {
	return nil, record.Errorf(record.CodeRejected, "the method read_group does not exist")
}

// Where Odoo does not count, everything is listed, and found all the same.
func TestWithoutCountsEverythingIsListed(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(130)
	b.imported()
	o := b.o
	o.Odoo = uncounting{b.client}
	b.start(o)
	b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Rennes"})
	b.sim.Unlink("res.partner", ids[1])
	b.clock.Advance(time.Hour)
	counts := b.sweep(sweep.SweepOptions{Depth: sweep.Lists})
	require.Equal(t, map[string]int64{"contacts.stale": 1, "contacts.deleted": 1}, kinds(counts))
	require.Greater(t, counts["listed"], int64(128))
	require.Empty(t, kinds(b.sweep(sweep.SweepOptions{Depth: sweep.Lists})))
}

// A model that Odoo does not let the sync user list does not stop the others.
func TestADeniedModelStopsNoOther(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(5)
	b.imported()
	b.sim.Forbid("crm.lead", "read")
	b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Rennes"})
	b.clock.Advance(time.Minute)
	counts, err := b.sweeper.Poll(b.ctx)
	require.ErrorContains(t, err, "leads cannot be compared")
	require.Equal(t, map[string]int64{"contacts.stale": 1}, kinds(counts))
	b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Nantes"})
	b.sim.Unlink("res.partner", ids[1])
	b.clock.Advance(time.Minute)
	result, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{Depth: sweep.Lists})
	require.ErrorContains(t, err, "leads cannot be compared")
	require.Equal(t, map[string]int64{"contacts.stale": 1, "contacts.deleted": 1}, kinds(result.Counts))
	require.Equal(t, "failed", b.rows("SELECT state FROM sync_runs ORDER BY id DESC LIMIT 1"))
	_, due, err := b.sweeper.Due(b.ctx)
	require.NoError(t, err)
	require.False(t, due, "what failed by itself is not tried again before its time")
}

// A contact that Odoo merged into another is no delete, and one that left the
// domain is no delete either.
func TestMergedAndLeftAreNoDeletes(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(5)
	order := b.sim.Create("sale.order", odoosim.Values{"partner_id": ids[1]})
	move := b.sim.Create("account.move", odoosim.Values{"partner_id": ids[0], "move_type": "out_invoice"})
	b.imported()
	b.sim.MergePartners(ids[0], ids[1])
	b.sim.Raw("account.move", move, odoosim.Values{"move_type": "entry"})
	b.clock.Advance(time.Hour)
	counts := kinds(b.sweep(sweep.SweepOptions{Depth: sweep.Lists}))
	require.EqualValues(t, 1, counts["contacts.merged"], counts)
	require.Zero(t, counts["contacts.deleted"])
	require.EqualValues(t, 1, counts["invoices.left"], counts)
	require.Equal(t, b.rows("SELECT id FROM contacts WHERE odoo_id = ?", ids[0]), b.rows("SELECT contact_id FROM quotes WHERE odoo_id = ?", order))
	require.Equal(t, "left | 1", b.rows("SELECT l.state, i.deleted_at IS NULL FROM sync_links l JOIN invoices i ON i.id = l.local_id WHERE l.entity = 'invoices'"))
	require.Empty(t, kinds(b.sweep(sweep.SweepOptions{Depth: sweep.Lists})), "both are settled")
}

// A sweep that was asked for, after deletes were allowed, is due until it began.
func TestAWantedSweepIsDueOnce(t *testing.T) {
	b := newBench(t, 17)
	b.partners(3)
	b.imported()
	b.clock.Advance(time.Minute)
	require.NoError(t, sweep.Want(b.ctx, b.db, b.clock.Now(), "contacts", "run 1"))
	o, due, err := b.sweeper.Due(b.ctx)
	require.NoError(t, err)
	require.True(t, due)
	require.Equal(t, sweep.SweepOptions{Depth: sweep.Lists, Entity: "contacts", Cause: "run 1"}, o)
	b.sweep(o)
	_, due, err = b.sweeper.Due(b.ctx)
	require.NoError(t, err)
	require.False(t, due)
}

// A sweep that was stopped is due; a person who cancels one ends it.
func TestAStoppedSweepIsDueAndACancelledOneIsNot(t *testing.T) {
	b := newBench(t, 17)
	b.partners(300)
	b.imported()
	ctx, stop := context.WithCancel(b.ctx)
	_, err := b.sweeper.Sweep(ctx, sweep.SweepOptions{Depth: sweep.All, Watch: func(ctx context.Context, _ int64) (context.Context, func()) {
		stop()
		return ctx, func() {}
	}})
	require.ErrorContains(t, err, "goes on where it stopped")
	o, due, err := b.sweeper.Due(b.ctx)
	require.NoError(t, err)
	require.True(t, due)
	require.Equal(t, sweep.All, o.Depth)
	runs := b.rows("SELECT COUNT(*) FROM sync_runs")
	result, err := b.sweeper.Sweep(b.ctx, o)
	require.NoError(t, err)
	require.True(t, result.Resumed)
	require.Equal(t, runs, b.rows("SELECT COUNT(*) FROM sync_runs"))
	require.GreaterOrEqual(t, result.Counts["deep_read"], int64(300))

	cancelled, cancel := context.WithCancelCause(b.ctx)
	_, err = b.sweeper.Sweep(cancelled, sweep.SweepOptions{Depth: sweep.All, Watch: func(ctx context.Context, _ int64) (context.Context, func()) {
		cancel(store.ErrRunCancelled)
		return ctx, func() {}
	}})
	require.ErrorIs(t, err, store.ErrRunCancelled)
	require.Equal(t, "cancelled | cancelled by a person", b.rows("SELECT state, error FROM sync_runs ORDER BY id DESC LIMIT 1"))
	_, due, err = b.sweeper.Due(b.ctx)
	require.NoError(t, err)
	require.False(t, due)
}

// ahead is an Odoo whose clock is weeks ahead.
type ahead struct{ *odooclient.Client }

func (o ahead) Clock() time.Time { return o.Client.Clock().Add(1000 * time.Hour) }

// A day is trusted once it is over by both clocks: one that ran ahead must not
// have days taken for listed that are yet to come.
func TestAClockThatRanAheadClosesNoDayToCome(t *testing.T) {
	b := newBench(t, 17)
	b.partners(3)
	b.imported()
	o := b.o
	o.Odoo = ahead{b.client}
	b.start(o)
	b.swept()
	require.Equal(t, b.clock.Now().AddDate(0, 0, -1).Format(time.DateOnly), b.rows("SELECT JSON_UNQUOTE(JSON_EXTRACT(value, '$.until')) FROM sync_cursors WHERE name = 'swept:contacts'"))
}

// A sweep that failed by itself is begun anew: a night's failure must not have
// the next night skip what the first had done.
func TestAFailedSweepIsBegunAnew(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(3)
	b.imported()
	b.sim.Forbid("crm.lead", "read")
	_, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{Depth: sweep.Lists})
	require.Error(t, err)
	b.sim.Forbid("crm.lead")
	b.sim.Unlink("res.partner", ids[0])
	b.clock.Advance(time.Hour)
	result, err := b.sweeper.Sweep(b.ctx, sweep.SweepOptions{Depth: sweep.Lists})
	require.NoError(t, err)
	require.False(t, result.Resumed)
	require.Equal(t, map[string]int64{"contacts.deleted": 1}, kinds(result.Counts))
}
