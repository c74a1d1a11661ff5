package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
)

// The import has read a record; then it is deleted, and the deletion's hint is
// worked first. The import must not bring it to life.
func TestAnImportDoesNotReviveWhatAHintFoundDeleted(t *testing.T) {
	b := newBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	reader := &betweenRead{Reader: b.client, model: "res.partner", then: func() {
		b.sim.Unlink("res.partner", id)
		b.hint("res.partner.deleted", "res.partner", id)
		b.work(b.engine, nil)
	}}
	require.NoError(t, b.engineOn(reader).Import(b.ctx, reconcile.ImportOptions{Pager: b.client}))
	require.Equal(t, "success", b.rows("SELECT status FROM webhook_logs"))
	require.Equal(t, "0", b.rows("SELECT COUNT(*) FROM contacts WHERE deleted_at IS NULL"))
}

// The same for an invoice that turned into a vendor bill meanwhile.
func TestAnImportDoesNotBringWhatAHintFoundOutside(t *testing.T) {
	b := newBench(t, 17)
	id := b.sim.Create("account.move", odoosim.Values{"move_type": "out_invoice"})
	reader := &betweenRead{Reader: b.client, model: "account.move", then: func() {
		b.sim.Write("account.move", id, odoosim.Values{"move_type": "in_invoice"})
		b.hint("account.move.updated", "account.move", id)
		b.work(b.engine, nil)
	}}
	require.NoError(t, b.engineOn(reader).Import(b.ctx, reconcile.ImportOptions{Pager: b.client}))
	require.Empty(t, b.rows("SELECT l.state FROM invoices JOIN sync_links l ON l.entity = 'invoices' WHERE l.state = 'synced'"))
}
