package reconcile_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Lines that fill other columns go in calls of their own: each keeps its row and
// its place all the same.
func TestLinesOfOtherColumnsKeepTheirRowsAndTheirOrder(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			b := newPushBench(t, version)
			b.api("INSERT INTO contacts (id, name) VALUES (3, 'Lycée')",
				"INSERT INTO invoices (id, contact_id, ref) VALUES (3, 3, 'API-3')",
				`INSERT INTO invoice_lines (id, invoice_id, position, display_type, name, quantity, price_unit, discount, tax_codes) VALUES
					(21, 3, 0, NULL, 'Bus', 1, 1, NULL, '[]'), (22, 3, 1, NULL, 'Musée', 1, 2, 5, '[]'), (23, 3, 2, 'line_section', 'Extras', NULL, NULL, NULL, NULL),
					(24, 3, 3, NULL, 'Guide', 1, 3, NULL, '[]'), (25, 3, 4, NULL, 'Dîner', 1, 4, 7, '[]')`)
			b.push()
			require.Empty(t, b.pending())
			names := "Bus | 0\nMusée | 1\nExtras | 2\nGuide | 3\nDîner | 4"
			require.Equal(t, names, b.rows("SELECT name, position FROM invoice_lines ORDER BY id"))
			require.Equal(t, []string{"Bus 10", "Musée 20", "Extras 30", "Guide 40", "Dîner 50"}, b.places())

			b.api(`INSERT INTO invoice_lines (id, invoice_id, position, name, quantity, price_unit, discount, tax_codes) VALUES
				(26, 3, 5, 'Train', 1, 5, NULL, '[]'), (27, 3, 6, 'Avion', 1, 6, 5, '[]'), (28, 3, 7, 'Bateau', 1, 7, NULL, '[]')`)
			b.push()
			require.Empty(t, b.pending())
			require.Equal(t, names+"\nTrain | 5\nAvion | 6\nBateau | 7", b.rows("SELECT name, position FROM invoice_lines ORDER BY id"))
			require.Equal(t, []string{"Train 50", "Avion 50", "Bateau 50"}, b.places()[5:])
		})
	}
}

// An invoice whose later lines Odoo refuses is in Odoo already, with the first
// ones: they are not sent again with what mends it.
func TestLinesThatArrivedBeforeARefusalAreNotDoubled(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			b := newPushBench(t, version)
			b.api("INSERT INTO contacts (id, name) VALUES (3, 'Lycée')",
				"INSERT INTO invoices (id, contact_id, ref) VALUES (2, 3, 'API-2'), (3, 3, 'API-3'), (4, 3, 'API-4')",
				`INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) VALUES (2, 0, 'Bus', 1, 1, '[]'), (3, 0, 'Bus', 1, 1, '[]'), (4, 0, 'Bus', 1, 1, '[]')`,
				`INSERT INTO invoice_lines (invoice_id, position, odoo_product_id, name, quantity, price_unit, tax_codes) VALUES (2, 1, 1, 'Musée', 1, 1, '[]'), (3, 1, 99999, 'Musée', 1, 1, '[]'), (4, 1, 1, 'Musée', 1, 1, '[]')`)
			b.push()
			require.Equal(t, "2 | synced\n3 | error\n4 | synced", b.rows("SELECT local_id, state FROM sync_status WHERE entity = 'invoices' ORDER BY local_id"))
			require.Contains(t, b.rows("SELECT error FROM sync_status WHERE entity = 'invoices' AND local_id = '3'"), "99999")
			require.Equal(t, "Bus | 1\nMusée | 0", b.rows("SELECT name, odoo_id IS NOT NULL FROM invoice_lines WHERE invoice_id = 3 ORDER BY position"))

			b.api("UPDATE invoice_lines SET odoo_product_id = NULL WHERE invoice_id = 3")
			b.push()
			require.Empty(t, b.pending())
			require.Equal(t, "Bus | 1\nMusée | 1", b.rows("SELECT name, odoo_id IS NOT NULL FROM invoice_lines WHERE invoice_id = 3 ORDER BY position"))
			require.Len(t, b.sim.IDs("account.move"), 3)
			require.Len(t, b.sim.IDs("account.move.line"), 6)
		})
	}
}

// Odoo would put the new product's price and taxes in the place of the line's.
func TestALineWithAnotherProductKeepsItsPriceAndItsTaxes(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			b := newPushBench(t, version)
			b.api("INSERT INTO contacts (id, name) VALUES (3, 'Lycée')", "INSERT INTO invoices (id, contact_id) VALUES (3, 3)",
				"INSERT INTO invoice_lines (invoice_id, name, quantity, price_unit, tax_codes) VALUES (3, 'Guide', 1, 2, '[]')")
			b.push()
			for _, product := range []string{"1", "NULL"} {
				b.api("UPDATE invoice_lines SET odoo_product_id = " + product)
				b.push()
				require.Empty(t, b.pending())
				require.Equal(t, "Guide | 2.000000 | [] | 2.00", b.rows("SELECT name, price_unit, tax_codes, price_total FROM invoice_lines"), product)
			}
		})
	}
}

// places are the names and sequences of the first invoice's lines, as Odoo lists them.
func (b *pushBench) places() []string {
	b.t.Helper()
	var out []string
	for _, line := range b.sim.Get("account.move", b.sim.IDs("account.move")[0])["invoice_line_ids"].([]int64) {
		l := b.sim.Get("account.move.line", line)
		out = append(out, fmt.Sprint(l["name"], " ", l["sequence"]))
	}
	return out
}
