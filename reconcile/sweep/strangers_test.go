package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// restoredWithAStranger leaves an Odoo that was restored from a backup and has
// given the id of a contact that was made since to another one. Its model is
// halted.
func restoredWithAStranger(t *testing.T) (b *bench, id int64) {
	t.Helper()
	b = newBench(t, 17)
	b.partners(10)
	for range 30 {
		b.sim.Create("sale.order", odoosim.Values{"partner_id": int64(2)})
	}
	b.imported()
	old := b.sim.Snapshot()
	b.clock.Advance(time.Hour)
	id = b.sim.Create("res.partner", odoosim.Values{"name": "Nouveau"})
	b.poll()
	b.clock.Advance(time.Hour)
	b.sim.Restore(old)
	require.Equal(t, id, b.sim.Create("res.partner", odoosim.Values{"name": "Un tout autre"}))
	return b, id
}

// A document of Odoo's is not given to the customer who had the id before the
// restore, and has its own customer once a person has accepted the restore.
func TestADocumentIsNotGivenToWhoeverHadTheIDBefore(t *testing.T) {
	b, id := restoredWithAStranger(t)
	order := b.sim.Create("sale.order", odoosim.Values{"partner_id": id})
	b.pollHalts()
	customer := func() string {
		return b.rows("SELECT c.name FROM quotes q JOIN contacts c ON c.id = q.contact_id WHERE q.odoo_id = ?", order)
	}
	assert.NotEqual(t, "Nouveau", customer(), "while the customers are halted")
	b.clock.Advance(time.Hour) // until somebody has looked
	b.poll()
	b.accepted()
	b.poll()
	b.swept()
	require.Equal(t, "Un tout autre", customer(), "once the restore is accepted")
}

// A document from here is not sent to a stranger who has the id of its customer
// since the restore.
func TestADocumentIsNotSentToAStranger(t *testing.T) {
	b, id := restoredWithAStranger(t)
	b.pollHalts()
	b.api("INSERT INTO invoices (move_type, contact_id, ref) SELECT 'out_invoice', id, 'API-1' FROM contacts WHERE name = 'Nouveau'")
	b.push()
	for _, move := range b.sim.IDs("account.move") {
		require.NotEqual(t, id, b.sim.Get("account.move", move)["partner_id"], "the invoice is addressed to %v", b.sim.Get("res.partner", id)["name"])
	}
}
