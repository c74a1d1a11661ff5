package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// What the API's own code wrote into a column, however odd, does not keep
// Odoo's changes of the other columns out.
func TestAnOddLocalValueDoesNotBlockTheRecord(t *testing.T) {
	for name, edit := range map[string]string{
		"an object for a list":  `UPDATE quote_lines SET tax_codes = '{"a": 1}'`,
		"a list of lists":       `UPDATE quote_lines SET tax_codes = '[["a"]]'`,
		"a year before 1000":    `UPDATE quotes SET date_order = '0999-01-01 00:00:00'`,
		"a NUL in a text":       "UPDATE quotes SET client_ref = CONCAT('a', CHAR(0), 'b')",
		"a boolean of two":      `UPDATE quotes SET locked = 2`,
		"a long line name":      `UPDATE quote_lines SET name = REPEAT('é', 30000)`,
		"an empty text":         `UPDATE quotes SET name = ''`,
		"trailing spaces, case": `UPDATE quotes SET client_ref = 'X  '`,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, 17)
			order := b.sim.Create("sale.order", odoosim.Values{"amount_total": 5.0, "order_line": []odoosim.Values{{"name": "Rome"}}})
			b.sync("sale.order", order)
			b.exec(edit)
			b.sim.Write("sale.order", order, odoosim.Values{"client_order_ref": "PO 7"})
			got := b.syncOn(b.engine, "sale.order", order)
			require.NoError(t, got.Err)
			require.Equal(t, "PO 7", b.rows("SELECT client_ref FROM quotes"))
			require.Equal(t, "0 | Rome", b.rows("SELECT position, name FROM quote_lines"))
		})
	}
}
