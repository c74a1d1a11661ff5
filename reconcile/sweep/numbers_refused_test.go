package sweep_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
	"odoosync/reconcile/sweep"
)

// A model that the sync user may not read keeps no other model's webhooks from
// being looked for, and costs no run at each poll.
func TestAModelThatCannotBeReadStopsNoOther(t *testing.T) {
	b, o := newTold(t)
	lead := b.sim.Create("crm.lead", odoosim.Values{"name": "Voyage"})
	b.sim.Forbid("crm.lead", "read")
	b.arrived(9)
	b.missed()
	b.clock.Advance(sweep.Grace)
	var ids []int64
	for n := range int64(4) { // in any order of the models
		ids = append(ids, b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"}))
		o.add(1+n, "res.partner", ids[n], "failed")
		o.add(5+n, "crm.lead", lead, "failed")
	}
	for range 5 {
		_, _ = b.sweeper.Missed(b.ctx)
	}
	require.Equal(t, "4", b.rows("SELECT COUNT(*) FROM contacts"))
	require.Equal(t, "5\n6\n7\n8", b.open())
	require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM sync_runs WHERE kind = 'missed'"))
}

// A delivery that Odoo tells of in a way that nobody understands keeps no other
// from being looked for.
func TestNonsenseOfOneDeliveryStopsNoOther(t *testing.T) {
	b, o := newTold(t)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	o.rows[1] = odooclient.Raw{"sequence": int64(1), "model": "res.partner", "res_id": int64(0), "state": "sent"}
	o.add(2, "res.partner", id, "failed")
	b.arrived(3)
	b.missed()
	b.clock.Advance(sweep.Grace)
	_, _ = b.sweeper.Missed(b.ctx)
	require.Equal(t, "Mairie", b.rows("SELECT name FROM contacts"))
	require.Equal(t, "1", b.open())
}
