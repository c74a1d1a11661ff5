package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

func TestADeletedContactIsArchivedAndStays(t *testing.T) {
	for name, statement := range map[string]string{
		"the row is deleted": "DELETE FROM contacts",
		"the row is marked":  "UPDATE contacts SET deleted_at = UTC_TIMESTAMP()",
	} {
		t.Run(name, func(t *testing.T) {
			b := newPushBench(t, 17)
			id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
			b.sync("res.partner", id)
			b.api(statement)
			b.push()
			require.Empty(t, b.pending())
			require.Equal(t, false, b.sim.Get("res.partner", id)["active"])
			require.Equal(t, "deleted", b.rows("SELECT state FROM sync_status"))
			before := b.rows("SELECT COUNT(*), COUNT(deleted_at) FROM contacts")
			b.hint("res.partner.updated", "res.partner", id)
			b.settle()
			require.Equal(t, before, b.rows("SELECT COUNT(*), COUNT(deleted_at) FROM contacts"), "a tombstone is not undone by the echo")

			b.sim.Write("res.partner", id, odoosim.Values{"city": "Nantes"})
			b.hint("res.partner.updated", "res.partner", id)
			b.settle()
			require.Equal(t, "city | deleted | open", b.rows("SELECT field, policy, state FROM sync_conflicts"), "an edit of a deleted record is a conflict")
			require.Equal(t, before, b.rows("SELECT COUNT(*), COUNT(deleted_at) FROM contacts"))
		})
	}
}

func TestADraftIsUnlinkedAndAPostedInvoiceStays(t *testing.T) {
	b := newPushBench(t, 17, postOnState, "    post: on_state\n")
	b.invoice(3, "NULL", "NULL")
	b.invoice(4, "'posted'", "NULL")
	b.push()
	require.Len(t, b.sim.IDs("account.move"), 2)
	b.api("DELETE FROM invoice_lines", "DELETE FROM invoices")
	b.push()
	require.Len(t, b.sim.IDs("account.move"), 1, "the draft is gone")
	require.Equal(t, "posted", b.sim.Get("account.move", b.sim.IDs("account.move")[0])["state"])
	require.Equal(t, "3 | deleted\n4 | error", b.rows("SELECT local_id, state FROM sync_status WHERE entity = 'invoices' ORDER BY local_id"))
	require.Contains(t, b.rows("SELECT error FROM sync_status WHERE entity = 'invoices' AND state = 'error'"), "locked in Odoo")
}

func TestDeletedHereAndEditedThere(t *testing.T) {
	b := newPushBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	b.sync("res.partner", id)
	b.api("DELETE FROM contacts")
	b.sim.Write("res.partner", id, odoosim.Values{"city": "Nantes"})
	b.push()
	require.Equal(t, true, b.sim.Get("res.partner", id)["active"])
	require.Equal(t, "city | Nantes | deleted | open", b.rows("SELECT field, odoo_value, policy, state FROM sync_conflicts"))
	require.Equal(t, "conflict", b.rows("SELECT state FROM sync_status"))
}

func TestDeletedThereAndEditedHere(t *testing.T) {
	b := newPushBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	b.sync("res.partner", id)
	b.sim.Unlink("res.partner", id)
	b.api("UPDATE contacts SET city = 'Nantes'")
	b.settle()
	require.Empty(t, b.sim.IDs("res.partner"), "it is not made again by itself")
	require.Equal(t, "city | Nantes | deleted | open", b.rows("SELECT field, local_value, policy, state FROM sync_conflicts"))
	require.Equal(t, "1", b.rows("SELECT deleted_at IS NULL FROM contacts"))
}

func TestAClearedMarkRevives(t *testing.T) {
	t.Run("what was archived", func(t *testing.T) {
		b := newPushBench(t, 17)
		id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
		b.sync("res.partner", id)
		b.api("UPDATE contacts SET deleted_at = UTC_TIMESTAMP()")
		b.push()
		b.api("UPDATE contacts SET deleted_at = NULL, city = 'Nantes'")
		b.push()
		require.Empty(t, b.pending())
		got := b.sim.Get("res.partner", id)
		require.Equal(t, []any{true, "Nantes"}, []any{got["active"], got["city"]})
		require.Len(t, b.sim.IDs("res.partner"), 1)
		require.Equal(t, "synced", b.rows("SELECT state FROM sync_status"))
	})
	t.Run("what Odoo deleted", func(t *testing.T) {
		b := newPushBench(t, 17)
		id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
		b.sync("res.partner", id)
		b.sim.Unlink("res.partner", id)
		b.sync("res.partner", id)
		require.Equal(t, "1", b.rows("SELECT deleted_at IS NOT NULL FROM contacts"))
		b.api("UPDATE contacts SET deleted_at = NULL")
		b.push()
		require.Empty(t, b.pending())
		require.Len(t, b.sim.IDs("res.partner"), 1, "a new record")
		require.Equal(t, "deleted | NULL\nsynced | 1", b.rows("SELECT state, local_id FROM sync_links ORDER BY id"))
	})
}

// REPLACE deletes the row and inserts another one under the same odoo_id.
func TestAReplacedRowKeepsItsRecord(t *testing.T) {
	b := newPushBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	b.sync("res.partner", id)
	b.api("REPLACE INTO contacts (odoo_id, name, city, type, lang) SELECT odoo_id, 'Mairie de Nantes', 'Nantes', type, lang FROM contacts")
	b.push()
	require.Empty(t, b.pending())
	got := b.sim.Get("res.partner", id)
	require.Equal(t, []any{"Mairie de Nantes", "Nantes", true}, []any{got["name"], got["city"], got["active"]})
	require.Len(t, b.sim.IDs("res.partner"), 1)
	require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM contacts c JOIN sync_links l ON l.local_id = c.id AND l.odoo_id = c.odoo_id"))
}

// A row that is deleted before it ever left leaves no trace in Odoo.
func TestInsertedAndDeletedAtOnce(t *testing.T) {
	b := newPushBench(t, 17)
	b.api("INSERT INTO contacts (name) VALUES ('a')", "DELETE FROM contacts")
	b.push()
	require.Empty(t, b.pending())
	require.Empty(t, b.sim.IDs("res.partner"))
	require.Empty(t, b.rows("SELECT id FROM sync_links"))
}

// A row that is deleted together with the one it points at follows it: that its
// reference leads nowhere any more is no edit made in Odoo.
func TestADeletedRowFollowsItsParent(t *testing.T) {
	for _, tt := range []struct {
		name     string
		together bool
	}{
		{name: "in one transaction", together: true},
		{name: "one after the other"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newPushBench(t, 17)
			b.invoice(3, "NULL", "NULL")
			b.api("INSERT INTO leads (name, contact_id, type) VALUES ('Rome', 3, 'lead')", "INSERT INTO contacts (name, parent_id) VALUES ('Secrétariat', 3)")
			b.settle()
			statements := []string{"DELETE FROM invoice_lines", "DELETE FROM invoices", "DELETE FROM leads", "DELETE FROM contacts WHERE parent_id = 3", "DELETE FROM contacts"}
			if tt.together {
				b.api(statements...)
			} else {
				for _, s := range statements {
					b.api(s)
				}
			}
			b.settle()
			require.Empty(t, b.pending())
			require.Empty(t, b.rows("SELECT field FROM sync_conflicts"))
			require.Empty(t, b.sim.IDs("account.move"))
			require.Equal(t, false, b.sim.Get("crm.lead", 1)["active"])
			require.Equal(t, "deleted", b.rows("SELECT DISTINCT state FROM sync_status"))
		})
	}
}
