package sweep_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
	"odoosync/reconcile/sweep"
)

// city is a contact's city here.
func (b *bench) city(id int64) string {
	b.t.Helper()
	return b.rows("SELECT city FROM contacts WHERE odoo_id = ?", id)
}

func TestAPollBringsWhatNoWebhookTold(t *testing.T) {
	for _, version := range []int{16, 17, 18, 19} {
		b := newBench(t, version)
		ids := b.partners(10)
		order := b.sim.Create("sale.order", odoosim.Values{"partner_id": ids[0], "order_line": []odoosim.Values{{"name": "Bus", "price_unit": 10.0}}})
		line := b.sim.Get("sale.order", order)["order_line"].([]int64)[0]
		b.imported()
		b.sim.Write("res.partner", ids[1], odoosim.Values{"city": "Rennes"})
		b.sim.Write("sale.order.line", line, odoosim.Values{"name": "Car"})
		b.sim.Create("crm.lead", odoosim.Values{"name": "Voyage à Rome"})
		b.clock.Advance(30 * time.Second)
		counts := b.poll()
		require.Equal(t, map[string]int64{"contacts.stale": 1, "quotes.stale": 1, "leads.missing": 1}, kinds(counts), version)
		require.EqualValues(t, 3, counts[sweep.Repaired])
		require.Equal(t, "Rennes", b.city(ids[1]))
		require.Equal(t, "Car", b.rows("SELECT name FROM quote_lines"))
		require.Equal(t, "poll | done | 3", b.rows("SELECT kind, state, done FROM sync_runs WHERE kind = 'poll' ORDER BY id DESC LIMIT 1"))
		require.Equal(t, "poll", b.rows("SELECT cause_kind FROM sync_changes WHERE entity = 'contacts' AND op = 'update'"))
	}
}

// What was just written may have a webhook on its way: it is brought, and not
// counted as missed.
func TestAFreshChangeIsNoMissedWebhook(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(3)
	b.imported()
	b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Rennes"})
	b.clock.Advance(5 * time.Second)
	counts := b.poll()
	require.Equal(t, map[string]int64{"contacts.stale": 1}, kinds(counts))
	require.Zero(t, counts[sweep.Repaired])
	require.Equal(t, "0", b.rows("SELECT COUNT(*) FROM sync_runs WHERE kind = 'poll'"))
}

// The overlap is compared, and read once more when it is left: nothing else is
// read or written.
func TestTheOverlapCostsAComparison(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(30)
	b.imported()
	for _, id := range ids {
		b.sim.Write("res.partner", id, odoosim.Values{"city": "Rennes"})
	}
	b.clock.Advance(30 * time.Second)
	b.poll()
	versions, read := b.rows("SELECT SUM(version) FROM sync_links"), b.sim.Stats().RecordsRead
	for range 18 {
		b.clock.Advance(30 * time.Second)
		require.Empty(t, kinds(b.poll()))
	}
	listed := b.sim.Stats().RecordsRead - read
	require.Less(t, listed, int64(18*35), "a list of ids and dates a poll, and no record")
	require.Equal(t, versions, b.rows("SELECT SUM(version) FROM sync_links"))
	reads := b.sim.Stats().ByMethod["read"]
	b.clock.Advance(2 * time.Minute)
	b.poll()
	require.Equal(t, reads+1, b.sim.Stats().ByMethod["read"], "all of them once, when their overlap is over")
	b.clock.Advance(2 * time.Minute)
	b.poll()
	require.Equal(t, reads+1, b.sim.Stats().ByMethod["read"])
	require.Equal(t, versions, b.rows("SELECT SUM(version) FROM sync_links"))
}

func TestALateCommitBehindThePlaceIsFound(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(5)
	b.imported()
	long := b.sim.Begin()
	long.Write("res.partner", ids[0], odoosim.Values{"city": "Rennes"})
	b.clock.Advance(time.Minute)
	b.sim.Write("res.partner", ids[1], odoosim.Values{"city": "Nantes"})
	b.clock.Advance(time.Minute)
	b.poll()
	require.Equal(t, "NULL", b.city(ids[0]))
	b.clock.Advance(7 * time.Minute)
	b.poll()
	long.Commit()
	b.clock.Advance(30 * time.Second)
	require.Equal(t, map[string]int64{"contacts.stale": 1}, kinds(b.poll()))
	require.Equal(t, "Rennes", b.city(ids[0]))
}

// Two writes within one second show the same date. The second is found when the
// record leaves the overlap.
func TestTheSecondWriteOfOneSecondIsFound(t *testing.T) {
	for _, version := range []int{17, 19} {
		b := newBench(t, version)
		ids := b.partners(3)
		b.imported()
		b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Rennes"})
		b.poll()
		require.Equal(t, "Rennes", b.city(ids[0]))
		b.clock.Advance(300 * time.Millisecond)
		b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Nantes"})
		for range 20 {
			b.clock.Advance(30 * time.Second)
			b.poll()
		}
		b.clock.Advance(30 * time.Second)
		b.poll()
		require.Equal(t, "Nantes", b.city(ids[0]), version)
	}
}

// A record from the future, made while Odoo's clock was wrong, must not hide
// what is written before that time comes.
func TestAWriteFromTheFutureHidesNothing(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(3)
	b.imported()
	b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Demain"})
	b.sim.Raw("res.partner", ids[0], odoosim.Values{"write_date": b.clock.Now().Add(1000 * time.Hour)})
	b.poll()
	require.Equal(t, "Demain", b.city(ids[0]))
	b.clock.Advance(time.Hour)
	b.poll()
	b.sim.Write("res.partner", ids[1], odoosim.Values{"city": "Rennes"})
	b.clock.Advance(time.Minute)
	b.poll()
	require.Equal(t, "Rennes", b.city(ids[1]))
}

// failing is an Odoo that goes away after some lists.
type failing struct {
	*odooclient.Client
	pages int
}

var errGone = errors.New("away")

func (f *failing) PagesByWriteDate(ctx context.Context, l odooclient.Listing, size int, from odooclient.Cursor, page func([]odooclient.Stamp) error) error {
	return f.Client.PagesByWriteDate(ctx, l, size, from, func(s []odooclient.Stamp) error {
		if f.pages == 0 {
			return errGone
		}
		f.pages--
		return page(s)
	})
}

func TestThePlaceIsBehindWhatWasApplied(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(120)
	b.imported()
	for i, id := range ids {
		b.sim.Write("res.partner", id, odoosim.Values{"city": "Rennes"})
		if i%10 == 0 {
			b.clock.Advance(time.Second)
		}
	}
	b.clock.Advance(time.Hour) // nobody polled meanwhile
	o := b.o
	o.Odoo = &failing{Client: b.client, pages: 1}
	b.start(o)
	_, err := b.sweeper.Poll(b.ctx)
	require.ErrorIs(t, err, errGone)
	require.Equal(t, "50", b.rows("SELECT COUNT(*) FROM contacts WHERE city = 'Rennes'"))
	o.Odoo = b.client
	b.start(o)
	require.Equal(t, map[string]int64{"contacts.stale": 70}, kinds(b.poll()))
	require.Equal(t, "120", b.rows("SELECT COUNT(*) FROM contacts WHERE city = 'Rennes'"))
}

// A record that is refused is tried when it was written, and once more when it
// leaves the overlap; not in every poll between.
func TestARefusedRecordIsNotTriedInEveryPoll(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(2)
	b.imported()
	b.sim.Write("res.partner", ids[0], odoosim.Values{"zip": strings.Repeat("1", 40)})
	b.clock.Advance(30 * time.Second)
	require.Equal(t, map[string]int64{"contacts.refused": 1}, kinds(b.poll()))
	for range 5 {
		b.clock.Advance(30 * time.Second)
		require.Empty(t, kinds(b.poll()))
	}
	b.clock.Advance(10 * time.Minute)
	require.Equal(t, map[string]int64{"contacts.refused": 1}, kinds(b.poll()))
	b.clock.Advance(10 * time.Minute)
	require.Empty(t, kinds(b.poll()))
	b.sim.Write("res.partner", ids[0], odoosim.Values{"zip": "35000"})
	b.clock.Advance(30 * time.Second)
	require.Equal(t, map[string]int64{"contacts.stale": 1}, kinds(b.poll()))
	require.Equal(t, "synced", b.rows("SELECT state FROM sync_status WHERE odoo_id = ? AND entity = 'contacts'", ids[0]))
}
