package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Lines that are added to a known invoice, of which Odoo refuses the later ones,
// are not sent again with what mends it.
func TestAddedLinesThatArrivedBeforeARefusalAreNotDoubled(t *testing.T) {
	b := newPushBench(t, 17)
	b.sim.SetModule(true)
	b.api("INSERT INTO contacts (id, name) VALUES (3, 'Lycée')", "INSERT INTO invoices (id, contact_id, ref) VALUES (3, 3, 'old')",
		"INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) VALUES (3, 0, 'Bus', 1, 1, '[]')")
	b.push()
	require.Empty(t, b.pending())
	b.api("INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) VALUES (3, 1, 'Guide', 1, 2, '[]')",
		"INSERT INTO invoice_lines (invoice_id, position, odoo_product_id, name, quantity, price_unit, tax_codes) VALUES (3, 2, 99999, 'Musée', 1, 2, '[]')")
	b.push()
	b.api("UPDATE invoice_lines SET odoo_product_id = NULL WHERE name = 'Musée'")
	b.push()
	require.Empty(t, b.pending())
	require.Equal(t, "Bus | 1\nGuide | 1\nMusée | 1", b.rows("SELECT name, odoo_id IS NOT NULL FROM invoice_lines ORDER BY position, id"))
	require.Len(t, b.sim.IDs("account.move.line"), 3)
}
