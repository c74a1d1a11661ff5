package sweep_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// An invoice arrives with lines of one that was deleted in Odoo and edited here:
// what a person has to decide about that one stops no other.
func TestLinesOfADeletedAndEditedInvoiceArriveInAnother(t *testing.T) {
	b := newBench(t, 17)
	b.partners(3)
	from := b.sim.Create("account.move", odoosim.Values{"move_type": "out_invoice", "partner_id": int64(2), "invoice_line_ids": []odoosim.Values{{"name": "Bus", "price_unit": 10.0}}})
	into := b.sim.Create("account.move", odoosim.Values{"move_type": "out_invoice", "partner_id": int64(2)})
	line := b.sim.Get("account.move", from)["invoice_line_ids"].([]int64)[0]
	b.imported()
	b.api("UPDATE invoices SET ref = 'PO 7' WHERE odoo_id = " + strconv.FormatInt(from, 10))
	b.sim.Write("account.move.line", line, odoosim.Values{"move_id": into})
	b.sim.Unlink("account.move", from)
	b.sync("account.move", from)
	require.Equal(t, "conflict", b.rows("SELECT state FROM sync_links WHERE entity = 'invoices' AND odoo_id = ?", from))
	b.clock.Advance(time.Hour)
	b.swept()
	require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM invoice_lines l JOIN invoices q ON q.id = l.invoice_id WHERE q.odoo_id = ? AND l.odoo_id = ?", into, line),
		b.rows("SELECT odoo_id, state, error FROM sync_links WHERE entity = 'invoices'"))
}
