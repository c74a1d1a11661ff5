package reconcile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
)

// A record that waited for its parent and was deleted waits no more.
func TestWhatIsDeletedWaitsNoMore(t *testing.T) {
	for name, end := range map[string]func(b *bench, lead int64){
		"deleted": func(b *bench, lead int64) { b.sim.Unlink("crm.lead", lead) },
		"hidden":  func(b *bench, lead int64) { b.sim.Hide("crm.lead", lead, true) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, 17)
			school := b.sim.Create("res.partner", odoosim.Values{"name": "École"})
			b.sim.Hide("res.partner", school, true)
			lead := b.sim.Create("crm.lead", odoosim.Values{"name": "Classe verte", "partner_id": school})
			b.sync("crm.lead", lead)
			require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM sync_waits"))
			end(b, lead)
			b.sim.Hide("res.partner", school, false)
			b.sync("res.partner", school)
			for range 3 {
				_, err := b.engine.ResolveWaits(b.ctx)
				require.NoError(t, err)
			}
			n, err := b.engine.ResolveWaits(b.ctx)
			require.NoError(t, err)
			require.Zero(t, n, "the same record is read again every ten seconds for ever")
		})
	}
}

// Records that cannot be synced do not keep the others waiting.
func TestAPoisonedWaitStopsNobody(t *testing.T) {
	b := newBench(t, 17)
	b.engine = reconcile.New(reconcile.Options{DB: b.db, Odoo: b.client, Mapping: b.mapping(""), Hints: b.inbox, Batch: 2})
	school := b.sim.Create("res.partner", odoosim.Values{"name": "École"})
	b.sim.Hide("res.partner", school, true)
	var leads []int64
	for i := range 4 {
		leads = append(leads, b.sim.Create("crm.lead", odoosim.Values{"name": fmt.Sprint("Lead ", i), "partner_id": school}))
	}
	b.sync("crm.lead", leads...)
	b.sim.Hide("res.partner", school, false)
	b.sync("res.partner", school)
	for _, id := range leads[:2] {
		b.sim.Raw("crm.lead", id, odoosim.Values{"phone": strings.Repeat("1", 65)})
	}
	for range 5 {
		_, err := b.engine.ResolveWaits(b.ctx)
		require.NoError(t, err)
	}
	require.Equal(t, "2", b.rows("SELECT COUNT(*) FROM leads WHERE contact_id IS NOT NULL"))
}
