package reconcile_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

var versions = []int{16, 17, 18, 19}

func TestANewContactBecomesOneRecord(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			b := newPushBench(t, version)
			b.api("INSERT INTO contacts (name, email, country_code, is_company) VALUES ('Lycée Voltaire', 'contact@voltaire.example', 'FR', 1)")
			b.push()
			require.Empty(t, b.pending())
			ids := b.sim.IDs("res.partner")
			require.Len(t, ids, 1)
			got := b.sim.Get("res.partner", ids[0])
			require.Equal(t, "Lycée Voltaire", got["name"])
			require.Equal(t, "contact@voltaire.example", got["email"])
			require.Equal(t, int64(75), got["country_id"])
			require.Equal(t, fmt.Sprintf("%d | synced | 1", ids[0]), b.rows("SELECT c.odoo_id, l.state, l.intent IS NULL FROM contacts c JOIN sync_links l ON l.entity = 'contacts' AND l.local_id = c.id AND l.odoo_id = c.odoo_id"))
			require.Equal(t, "odoo | create | outbox", b.rows("SELECT side, op, cause_kind FROM sync_changes WHERE side = 'odoo'"))
			writes := b.sim.Stats().Writes
			b.hint("res.partner.created", "res.partner", ids[0])
			b.settle()
			require.Equal(t, writes, b.sim.Stats().Writes, "an echo is nothing to send")
		})
	}
}

func TestAnEditOfAKnownContactArrives(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			b := newPushBench(t, version)
			id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes", "phone": "02"})
			b.sync("res.partner", id)
			b.api("UPDATE contacts SET city = 'Nantes', email = 'm@example.org'")
			b.sim.Write("res.partner", id, odoosim.Values{"phone": "03"})
			b.push()
			require.Empty(t, b.pending())
			got := b.sim.Get("res.partner", id)
			require.Equal(t, []any{"Nantes", "m@example.org", "03"}, []any{got["city"], got["email"], got["phone"]})
			require.Equal(t, "Nantes | m@example.org | 03", b.rows("SELECT city, email, phone FROM contacts"))
			require.Empty(t, b.rows("SELECT field FROM sync_conflicts"))
		})
	}
}

func TestAParentIsMadeBeforeItsChild(t *testing.T) {
	b := newPushBench(t, 17)
	b.api("INSERT INTO contacts (id, name, is_company) VALUES (7, 'Mairie', 1)", "INSERT INTO contacts (name, parent_id) VALUES ('Secrétariat', 7)",
		"INSERT INTO leads (name, contact_id, type) SELECT 'Rome', id, 'lead' FROM contacts WHERE parent_id = 7")
	b.push()
	require.Empty(t, b.pending())
	require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM leads l JOIN contacts c ON c.id = l.contact_id JOIN contacts p ON p.id = c.parent_id WHERE l.odoo_id IS NOT NULL AND c.odoo_id IS NOT NULL AND p.odoo_id IS NOT NULL"))
	ids := b.sim.IDs("res.partner")
	require.Len(t, ids, 2)
	require.Equal(t, ids[0], b.sim.Get("res.partner", ids[1])["parent_id"])
}

func TestADraftInvoiceWithLines(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			b := newPushBench(t, version)
			b.api("INSERT INTO contacts (id, name) VALUES (7, 'Lycée')",
				"INSERT INTO invoices (id, contact_id, ref, invoice_date, amount_total) VALUES (3, 7, 'API-2026-1', '2026-11-02', 5400.00)",
				`INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) VALUES (3, 0, 'Séjour à Rome', 30, 150, '["20%"]'), (3, 1, 'Assurance', 1, 0, '[]')`)
			b.push()
			require.Empty(t, b.pending())
			require.Equal(t, "draft | API-2026-1 | 5400.00 | synced", b.rows("SELECT i.state, i.ref, i.amount_total, l.state FROM invoices i JOIN sync_links l ON l.entity = 'invoices'"))
			require.Equal(t, "0 | Séjour à Rome | 5400.00 | 1\n1 | Assurance | 0.00 | 1", b.rows("SELECT position, name, price_total, odoo_id IS NOT NULL FROM invoice_lines ORDER BY position"))
			require.Len(t, b.sim.IDs("account.move"), 1)
			b.api("DELETE FROM invoice_lines WHERE position = 1", "UPDATE invoice_lines SET quantity = 31", "UPDATE invoices SET amount_total = 5580",
				`INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) VALUES (3, 1, 'Guide', 1, 0, '[]')`)
			b.push()
			require.Empty(t, b.pending())
			require.Equal(t, "0 | Séjour à Rome | 31.000000 | 5580.00\n1 | Guide | 1.000000 | 0.00", b.rows("SELECT position, name, quantity, price_total FROM invoice_lines ORDER BY position"))
			move := b.sim.Get("account.move", b.sim.IDs("account.move")[0])
			require.Len(t, move["invoice_line_ids"], 2)
		})
	}
}
