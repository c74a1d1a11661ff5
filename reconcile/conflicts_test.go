package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// A conflict that both sides have ended by agreeing is open no more.
func TestAgreementEndsAConflict(t *testing.T) {
	b := newBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "phone": "1"})
	b.sync("res.partner", id)
	b.exec("UPDATE contacts SET phone = '22'")
	b.sim.Write("res.partner", id, odoosim.Values{"phone": "33"})
	b.sync("res.partner", id)
	require.Equal(t, "phone | 33 | 22 | open", b.rows("SELECT field, odoo_value, local_value, state FROM sync_conflicts"))
	b.exec("UPDATE contacts SET phone = '33'")
	b.sync("res.partner", id)
	require.Equal(t, "synced", b.rows("SELECT state FROM sync_links"))
	require.Equal(t, "resolved", b.rows("SELECT state FROM sync_conflicts"))
}

// A deletion does not wipe out the value an open conflict has kept.
func TestADeletionKeepsTheConflictsValues(t *testing.T) {
	b := newBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "phone": "1"})
	b.sync("res.partner", id)
	b.exec("UPDATE contacts SET phone = '22'")
	b.sim.Write("res.partner", id, odoosim.Values{"phone": "33"})
	b.sync("res.partner", id)
	b.sim.Unlink("res.partner", id)
	b.sync("res.partner", id)
	require.Equal(t, "33", b.rows("SELECT odoo_value FROM sync_conflicts WHERE odoo_value IS NOT NULL"))
}
