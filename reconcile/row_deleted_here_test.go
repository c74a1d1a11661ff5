package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// A contact whose row was deleted here by plain SQL does not keep its later
// documents out.
func TestADeletedRowDoesNotRefuseTheDocumentsOfItsRecord(t *testing.T) {
	b := newBench(t, 17)
	school := b.sim.Create("res.partner", odoosim.Values{"name": "École"})
	b.sync("res.partner", school)
	b.exec("DELETE FROM contacts")
	b.sync("res.partner", school)
	order := b.sim.Create("sale.order", odoosim.Values{"partner_id": school})
	got := b.syncOn(b.engine, "sale.order", order)
	require.NoError(t, got.Err)
	require.Equal(t, "S00001 | NULL", b.rows("SELECT name, contact_id FROM quotes"))
}
