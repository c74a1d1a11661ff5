package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/store"
)

// The documents of a merged contact follow it although their model was halted
// when it was merged: Odoo moved them by SQL, and no date tells of it.
func TestDocumentsOfAMergedContactFollowAfterAHalt(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(5)
	for range 30 {
		b.sim.Create("sale.order", odoosim.Values{"partner_id": ids[2]})
	}
	order := b.sim.Create("sale.order", odoosim.Values{"partner_id": ids[1]})
	b.imported()
	require.NoError(t, store.SetHalts(b.ctx, b.db, b.clock.Now(), store.Halt{Model: "sale.order", Kind: "hidden", Reason: "a rule"}))
	b.sim.MergePartners(ids[0], ids[1])
	b.sync("res.partner", ids[1])
	require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM contacts WHERE merged_into IS NOT NULL"))
	_, err := b.engine.ResolveWaits(b.ctx)
	require.NoError(t, err)
	require.NoError(t, b.engine.AllowDeletes(b.ctx, "quotes"))
	b.clock.Advance(time.Hour)
	_, err = b.engine.ResolveWaits(b.ctx)
	require.NoError(t, err)
	require.Equal(t, b.rows("SELECT id FROM contacts WHERE odoo_id = ?", ids[0]), b.rows("SELECT contact_id FROM quotes WHERE odoo_id = ?", order))
	require.Empty(t, b.rows("SELECT odoo_id FROM sync_waits"))
}
