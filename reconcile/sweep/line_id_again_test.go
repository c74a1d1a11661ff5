package sweep_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// A new invoice whose line has the id of one that a restore lost arrives, though
// that one was edited here.
func TestAnInvoiceWithTheLineIDOfALostAndEditedOneArrives(t *testing.T) {
	b := newBench(t, 17)
	b.partners(3)
	invoice := b.sim.Create("account.move", odoosim.Values{"move_type": "out_invoice", "partner_id": int64(2), "invoice_line_ids": []odoosim.Values{{"name": "Guide", "price_unit": 5.0}}})
	b.imported()
	old := b.sim.Snapshot()
	b.clock.Advance(time.Hour)
	line := b.sim.Create("account.move.line", odoosim.Values{"move_id": invoice, "name": "Bus", "price_unit": 10.0, "quantity": 1.0})
	b.poll()
	b.clock.Advance(time.Hour)
	b.sim.Restore(old)
	other := b.sim.Create("account.move", odoosim.Values{"move_type": "out_invoice", "partner_id": int64(2), "invoice_line_ids": []odoosim.Values{{"name": "Musée", "price_unit": 700.0}}})
	require.Equal(t, []int64{line}, b.sim.Get("account.move", other)["invoice_line_ids"])
	b.api("UPDATE invoice_lines SET quantity = 40 WHERE odoo_id = " + strconv.FormatInt(line, 10))
	_, _ = b.sweeper.Poll(b.ctx)
	b.accepted()
	for range 3 {
		b.poll()
		b.push()
		b.clock.Advance(12 * time.Minute)
	}
	b.swept()
	assert.Equal(t, 1.0, b.sim.Get("account.move.line", line)["quantity"])
	require.Equal(t, "Musée", b.rows("SELECT l.name FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id WHERE i.odoo_id = ?", other),
		b.rows("SELECT odoo_id, state, error FROM sync_links WHERE entity = 'invoices'"))
}
