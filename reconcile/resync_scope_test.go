package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
)

// A resync of one record, or of one entity, does what its plan showed and leaves
// the rest alone.
func TestAScopedResyncSendsNothingElse(t *testing.T) {
	for _, tt := range []struct {
		name            string
		options         reconcile.ResyncOptions
		contacts, leads int
	}{
		{"one record", reconcile.ResyncOptions{Entity: "contacts", OdooIDs: []int64{1}}, 1, 0},
		{"one entity", reconcile.ResyncOptions{Entity: "contacts"}, 2, 0},
		{"an entity that only comes from Odoo", reconcile.ResyncOptions{Entity: "quotes"}, 1, 0},
		{"everything", reconcile.ResyncOptions{}, 2, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newPushBench(t, 17)
			id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "ref": "M1"})
			b.api("INSERT INTO contacts (name, ref, city) VALUES ('Mairie', 'M1', 'Nantes')", "INSERT INTO contacts (name) VALUES ('Anne')", "INSERT INTO leads (name, email) VALUES ('Rome', 'r@example.org')")
			b.catchUp()
			b.resync(tt.options)
			require.Len(t, b.sim.IDs("res.partner"), tt.contacts)
			require.Len(t, b.sim.IDs("crm.lead"), tt.leads)
			if tt.options.Entity != "quotes" {
				require.Equal(t, "Nantes", b.sim.Get("res.partner", id)["city"], "what it is for arrives")
			}
		})
	}
}
