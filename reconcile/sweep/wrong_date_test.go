package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
	"odoosync/reconcile/sweep"
)

// dated is an Odoo behind a proxy whose Date is off.
type dated struct {
	*odooclient.Client
	off *time.Duration
}

func (d dated) Clock() time.Time { return d.Client.Clock().Add(*d.off) }

// A Date that was years off once does not make every day to come a closed one.
func TestAWrongDateOnceDoesNotCloseTheDaysToCome(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(5)
	b.imported()
	o, off := b.o, 10*365*24*time.Hour
	o.Odoo = dated{b.client, &off}
	b.start(o)
	b.sweep(sweep.SweepOptions{Depth: sweep.Lists})
	off = 0
	b.clock.Advance(24 * time.Hour)
	b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Nantes"})
	b.sync("res.partner", ids[0])
	// Two changes of one day that nobody told, after which the counts are equal.
	b.clock.Advance(time.Hour)
	b.sim.Unlink("res.partner", ids[0])
	made := b.sim.Create("res.partner", odoosim.Values{"name": "Nouveau"})
	b.clock.Advance(48 * time.Hour)
	b.sweep(sweep.SweepOptions{Depth: sweep.Lists})
	require.Equal(t, "Nouveau", b.rows("SELECT name FROM contacts WHERE odoo_id = ?", made))
	require.Equal(t, "1", b.deletedRows())
}

// Nor does it hide what is renamed from the next sweep, nor one that is off by
// less than a day.
func TestAWrongDateOnceHidesNoRename(t *testing.T) {
	for _, ahead := range []time.Duration{10 * 365 * 24 * time.Hour, 20 * time.Hour} {
		b := newBench(t, 17)
		var lead int64
		for range 40 {
			lead = b.sim.Create("crm.lead", odoosim.Values{"name": "Rome"})
		}
		b.imported()
		stage := b.sim.Get("crm.lead", lead)["stage_id"].(int64)
		o, off := b.o, ahead
		o.Odoo = dated{b.client, &off}
		b.start(o)
		b.swept()
		off = 0
		b.clock.Advance(12 * time.Hour)
		b.sim.Write("crm.stage", stage, odoosim.Values{"name": "À rappeler"})
		b.clock.Advance(12 * time.Hour)
		b.swept()
		require.Equal(t, "À rappeler", b.rows("SELECT stage FROM leads WHERE odoo_id = ?", lead), ahead)
	}
}

// A place that was saved by a clock that was wrong then is left for now.
func TestAPlaceThatLiesAheadHidesNothing(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(3)
	lead := b.sim.Create("crm.lead", odoosim.Values{"name": "Rome"})
	b.imported()
	stage := b.sim.Get("crm.lead", lead)["stage_id"].(int64)
	b.exec("UPDATE sync_cursors SET value = JSON_SET(value, '$.settled', '2036-01-01 00:00:00') WHERE name LIKE 'poll:%' OR name LIKE 'names:%'")
	b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Nantes"})
	b.sim.Write("crm.stage", stage, odoosim.Values{"name": "À rappeler"})
	b.clock.Advance(time.Minute)
	b.poll()
	require.Equal(t, "Nantes", b.city(ids[0]))
	b.swept()
	require.Equal(t, "À rappeler", b.rows("SELECT stage FROM leads WHERE odoo_id = ?", lead))
	require.Equal(t, "0", b.rows("SELECT COUNT(*) FROM sync_cursors WHERE value LIKE '%2036-01-01%'"))
}

// A Date that was years back once does not have the next poll read everything.
func TestAWrongDateOnceHasNotEverythingReadAgain(t *testing.T) {
	b := newBench(t, 17)
	b.partners(300)
	b.imported()
	o, off := b.o, -10*365*24*time.Hour
	o.Odoo = dated{b.client, &off}
	b.start(o)
	b.poll()
	off = 0
	b.clock.Advance(time.Minute)
	before := b.sim.Stats().RecordsRead
	b.poll()
	require.Less(t, b.sim.Stats().RecordsRead-before, int64(100))
}
