package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
)

// With an Odoo to import from and webhooks.source payload, an event from
// before the import's read is older than what was read.
func TestAnEventOlderThanTheReadChangesNothing(t *testing.T) {
	b := newBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Nantes"})
	b.sync("res.partner", id)
	b.tell(reconcile.NewPayloads(b.engine), "res.partner.updated", "res.partner", id, 0, `{"id": 1, "city": "Brest"}`)
	require.Equal(t, "Nantes", b.rows("SELECT city FROM contacts"))
}
