package sweep_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
	"odoosync/reconcile/sweep"
)

// A merge of which no webhook arrived is told by its delivery: a contact without
// documents leaves no other trace of its survivor.
func TestAMissingMergeIsToldByItsDelivery(t *testing.T) {
	b, o := newTold(t)
	kept, gone := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"}), b.sim.Create("res.partner", odoosim.Values{"name": "Mairie bis"})
	b.sync("res.partner", kept, gone)
	b.sim.MergePartners(kept, gone)
	o.rows[1] = odooclient.Raw{"id": int64(1), "sequence": int64(1), "model": "res.partner", "res_id": gone, "state": "failed", "event": "res.partner.deleted", "merged_into": kept}
	b.arrived(2)
	b.missed()
	b.clock.Advance(sweep.Grace)
	require.EqualValues(t, 1, b.missed().Repaired)
	require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM contacts WHERE deleted_at IS NOT NULL"))
	require.Equal(t, "Mairie", b.rows("SELECT s.name FROM contacts c JOIN contacts s ON s.id = c.merged_into WHERE c.name = 'Mairie bis'"))
}
