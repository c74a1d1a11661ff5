package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// restoredWithAStrangeLine leaves an Odoo that was restored from a backup, and
// in which an invoice got another line with the id of one that was added since.
// The lost one was edited here.
func restoredWithAStrangeLine(t *testing.T, edit string) (b *bench, line int64) {
	t.Helper()
	b = newBench(t, 17)
	b.partners(3)
	invoice := b.sim.Create("account.move", odoosim.Values{"move_type": "out_invoice", "partner_id": int64(2), "invoice_line_ids": []odoosim.Values{{"name": "Guide", "price_unit": 5.0}}})
	b.imported()
	old := b.sim.Snapshot()
	b.clock.Advance(time.Hour)
	line = b.sim.Create("account.move.line", odoosim.Values{"move_id": invoice, "name": "Bus", "price_unit": 10.0, "quantity": 1.0})
	b.poll()
	require.Equal(t, "Bus", b.rows("SELECT name FROM invoice_lines WHERE odoo_id = ?", line))
	b.clock.Advance(time.Hour)
	b.sim.Restore(old)
	require.Equal(t, line, b.sim.Create("account.move.line", odoosim.Values{"move_id": invoice, "name": "Musée", "price_unit": 700.0, "quantity": 1.0}))
	b.api(edit)
	return b, line
}

// An edit of a line that a restore lost is not sent to another line that has its
// id since.
func TestAnEditOfALostLineIsNotSentToAnother(t *testing.T) {
	b, line := restoredWithAStrangeLine(t, "UPDATE invoice_lines SET quantity = 40 WHERE name = 'Bus'")
	_, _ = b.sweeper.Poll(b.ctx)
	for range 3 {
		b.push()
		b.clock.Advance(2 * time.Minute)
	}
	require.Equal(t, 1.0, b.sim.Get("account.move.line", line)["quantity"], "of %v", b.sim.Get("account.move.line", line)["name"])
	require.Equal(t, olderCopy, b.halts())
	b.accepted()
	for range 3 {
		b.poll()
		b.push()
		b.clock.Advance(12 * time.Minute)
	}
	require.Equal(t, 1.0, b.sim.Get("account.move.line", line)["quantity"])
	require.Equal(t, "Musée | 1.000000", b.rows("SELECT name, quantity FROM invoice_lines WHERE odoo_id = ?", line))
	require.Equal(t, "40.000000 | conflict", b.rows("SELECT l.quantity, k.state FROM invoice_lines l JOIN sync_links k ON k.entity = 'invoices' AND k.local_id = l.invoice_id WHERE l.name = 'Bus'"),
		"what was edited here waits for a person")
}

// A lost line that nobody edited is gone, as any that Odoo deleted.
func TestALostLineMakesRoomForTheOneWithItsID(t *testing.T) {
	b, line := restoredWithAStrangeLine(t, "UPDATE invoice_lines SET quantity = 3 WHERE name = 'Guide'")
	_, _ = b.sweeper.Poll(b.ctx)
	b.accepted()
	for range 3 {
		b.poll()
		b.push()
		b.clock.Advance(12 * time.Minute)
	}
	require.Equal(t, "Guide | 3.000000\nMusée | 1.000000", b.rows("SELECT name, quantity FROM invoice_lines ORDER BY name"))
	require.Equal(t, 1.0, b.sim.Get("account.move.line", line)["quantity"])
	require.Len(t, b.sim.IDs("account.move.line"), 2)
}
