package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A line that the API's own code put first does not cut Odoo's lines off from
// their rows.
func TestALineOfOursBeforeOdoosKeepsTheirs(t *testing.T) {
	b, payloads := newPayloadBench(t)
	b.tell(payloads, "account.move.created", "account.move", 9, 0, `{"id": 9, "move_type": "out_invoice", "invoice_line_ids": [{"name": "Rome", "quantity": 1}]}`)
	b.exec("UPDATE invoice_lines SET position = 1")
	b.exec("INSERT INTO invoice_lines (invoice_id, position, name) SELECT id, 0, 'ours' FROM invoices")
	b.tell(payloads, "account.move.updated", "account.move", 9, 1, `{"id": 9, "invoice_line_ids": [{"name": "Rome", "quantity": 2}, {"name": "Milan", "quantity": 1}]}`)
	require.Equal(t, "ours | NULL\nRome | 2.000000\nMilan | 1.000000", b.rows("SELECT name, quantity FROM invoice_lines ORDER BY position"))
	b.tell(payloads, "account.move.updated", "account.move", 9, 2, `{"id": 9, "invoice_line_ids": [{"name": "Rome", "quantity": 2}, {"name": "Milan", "quantity": 5}]}`)
	require.Equal(t, "ours | NULL\nRome | 2.000000\nMilan | 5.000000", b.rows("SELECT name, quantity FROM invoice_lines ORDER BY position"))
}
