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

// Nor does it hide what is renamed from the next sweep.
func TestAWrongDateOnceHidesNoRename(t *testing.T) {
	b := newBench(t, 17)
	var lead int64
	for range 40 {
		lead = b.sim.Create("crm.lead", odoosim.Values{"name": "Rome"})
	}
	b.imported()
	stage := b.sim.Get("crm.lead", lead)["stage_id"].(int64)
	o, off := b.o, 10*365*24*time.Hour
	o.Odoo = dated{b.client, &off}
	b.start(o)
	b.swept()
	off = 0
	b.clock.Advance(12 * time.Hour)
	b.sim.Write("crm.stage", stage, odoosim.Values{"name": "À rappeler"})
	b.clock.Advance(12 * time.Hour)
	b.swept()
	require.Equal(t, "À rappeler", b.rows("SELECT stage FROM leads WHERE odoo_id = ?", lead))
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
