package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// A Date that was some hours off once hides no rename either.
func TestADateSomeHoursOffOnceHidesNoRename(t *testing.T) {
	b := newBench(t, 17)
	var lead int64
	for range 40 {
		lead = b.sim.Create("crm.lead", odoosim.Values{"name": "Rome"})
	}
	b.imported()
	stage := b.sim.Get("crm.lead", lead)["stage_id"].(int64)
	o, off := b.o, 20*time.Hour
	o.Odoo = dated{b.client, &off}
	b.start(o)
	b.swept()
	off = 0
	b.clock.Advance(12 * time.Hour)
	b.sim.Write("crm.stage", stage, odoosim.Values{"name": "À rappeler"})
	b.clock.Advance(12 * time.Hour)
	b.exec("DELETE FROM sync_cursors WHERE name = 'deep:leads'") // it is not the last one's turn tonight
	b.swept()
	require.Equal(t, "À rappeler", b.rows("SELECT stage FROM leads WHERE odoo_id = ?", lead))
}
