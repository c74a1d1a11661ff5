package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// An invoice whose lines were edited here is edited: its deletion in Odoo is a
// conflict, as for the invoice's own columns.
func TestAnEditedLineStandsAgainstADeletion(t *testing.T) {
	for name, edit := range map[string]string{
		"a line changed": "UPDATE invoice_lines SET name = 'ours'",
		"a line added":   "INSERT INTO invoice_lines (invoice_id, position, name) SELECT id, 1, 'ours' FROM invoices",
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, 17)
			id := b.sim.Create("account.move", odoosim.Values{"invoice_line_ids": []odoosim.Values{{"name": "Rome"}}})
			b.sync("account.move", id)
			b.exec(edit)
			b.sim.Unlink("account.move", id)
			b.sync("account.move", id)
			require.Equal(t, "0 | conflict", b.rows("SELECT deleted_at IS NOT NULL, l.state FROM invoices JOIN sync_links l ON l.entity = 'invoices'"))
		})
	}
}

// Rows that only Odoo may change come back when they were deleted here.
func TestADeletedRowOfOdoosComesBack(t *testing.T) {
	for name, edit := range map[string][]string{
		"a travel": {"DELETE FROM travels"},
		"a line":   {"DELETE FROM quote_lines"},
		"a quote":  {"DELETE FROM travels", "DELETE FROM quote_lines", "DELETE FROM quotes"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, 17)
			id := b.sim.Create("sale.order", odoosim.Values{"state": "sale", "order_line": []odoosim.Values{{"name": "Rome"}}})
			b.sync("sale.order", id)
			for _, e := range edit {
				b.exec(e)
			}
			b.sim.Write("sale.order", id, odoosim.Values{"client_order_ref": "PO 7"})
			b.sync("sale.order", id)
			require.Equal(t, "PO 7 | Rome | confirmed", b.rows("SELECT q.client_ref, l.name, t.status FROM quotes q JOIN quote_lines l ON l.quote_id = q.id JOIN travels t ON t.quote_id = q.id"))
		})
	}
}
