package reconcile_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

const postOnState = "    post: never\n"

// invoice inserts a draft with one line of 100.00 before taxes.
func (b *pushBench) invoice(id int, state string, expected string) {
	b.t.Helper()
	b.api(fmt.Sprintf("INSERT INTO contacts (id, name) VALUES (%d, 'Lycée %d')", id, id),
		fmt.Sprintf("INSERT INTO invoices (id, contact_id, ref, state, amount_total) VALUES (%d, %d, 'API-%d', %s, %s)", id, id, id, state, expected),
		fmt.Sprintf(`INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) VALUES (%d, 0, 'Guide', 1, 100, '["20%%"]')`, id))
}

func TestAnInvoiceIsPostedOnItsState(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			b := newPushBench(t, version, postOnState, "    post: on_state\n")
			b.invoice(3, "'posted'", "120.00")
			b.push()
			require.Empty(t, b.pending())
			require.Equal(t, "posted | 1 | synced", b.rows("SELECT i.state, i.name LIKE 'FAC/%', l.state FROM invoices i JOIN sync_links l ON l.entity = 'invoices'"))
			require.Equal(t, "create\nupdate", b.rows("SELECT op FROM sync_changes WHERE entity = 'invoices' AND side = 'odoo' ORDER BY id"))
		})
	}
}

func TestAnInvoiceOfAnotherTotalStaysADraft(t *testing.T) {
	b := newPushBench(t, 17, postOnState, "    post: on_state\n")
	b.invoice(3, "'posted'", "119.99")
	b.push()
	id := b.sim.IDs("account.move")[0]
	require.Equal(t, "draft", b.sim.Get("account.move", id)["state"])
	require.Equal(t, "amount_total | 120.00 | 119.99 | expected | open", b.rows("SELECT field, odoo_value, local_value, policy, state FROM sync_conflicts"))
	require.Contains(t, b.rows("SELECT error FROM sync_status WHERE entity = 'invoices'"), "not posted while a conflict is open")
	require.Equal(t, "119.99", b.rows("SELECT amount_total FROM invoices"), "what the API expected is kept")

	b.api("UPDATE invoices SET amount_total = 120")
	b.push()
	require.Empty(t, b.pending())
	require.Equal(t, "posted", b.sim.Get("account.move", id)["state"])
	require.Empty(t, b.rows("SELECT id FROM sync_conflicts WHERE state = 'open'"))
}

func TestPostingIsOffByDefault(t *testing.T) {
	b := newPushBench(t, 17)
	b.invoice(3, "'posted'", "NULL")
	b.push()
	require.Equal(t, "draft", b.sim.Get("account.move", b.sim.IDs("account.move")[0])["state"])
	require.Contains(t, b.rows("SELECT error FROM sync_status WHERE entity = 'invoices'"), "post")
	require.Equal(t, "posted", b.rows("SELECT state FROM invoices"), "the API's wish is kept")
}

// Odoo 16 and 17 would let a posted entry's lines be rewritten: we are the guard.
func TestAPostedInvoiceTakesOnlyItsReference(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			b := newPushBench(t, version, postOnState, "    post: on_state\n")
			b.invoice(3, "'posted'", "NULL")
			b.push()
			id := b.sim.IDs("account.move")[0]
			b.api("UPDATE invoices SET ref = 'API-3bis'")
			b.push()
			require.Empty(t, b.pending())
			require.Equal(t, "API-3bis", b.sim.Get("account.move", id)["ref"])

			b.api("UPDATE invoice_lines SET price_unit = 1", "UPDATE invoices SET ref = 'API-3ter'")
			b.push()
			require.Equal(t, "API-3ter", b.sim.Get("account.move", id)["ref"], "what may change goes")
			require.Contains(t, b.rows("SELECT error FROM sync_status WHERE entity = 'invoices'"), "locked in Odoo (posted), where only ref may change: invoice_line_ids is not sent")
			require.Equal(t, "1.000000", b.rows("SELECT price_unit FROM invoice_lines"), "the refused edit is kept")
			require.Equal(t, 120.0, b.sim.Get("account.move", id)["amount_total"])
			writes := b.sim.Stats().Writes
			b.push()
			require.Equal(t, writes, b.sim.Stats().Writes, "it is not tried again until something changes")
		})
	}
}

func TestACreditNoteNamesWhatItReverses(t *testing.T) {
	b := newPushBench(t, 17, postOnState, "    post: on_state\n")
	b.invoice(3, "'posted'", "NULL")
	b.push()
	b.api("INSERT INTO invoices (id, contact_id, move_type, reversed_invoice_id, ref) VALUES (4, 3, 'out_refund', 3, 'AV-3')",
		"INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) VALUES (4, 0, 'Guide', 1, 100, '[\"20%\"]')")
	b.push()
	require.Empty(t, b.pending())
	ids := b.sim.IDs("account.move")
	require.Len(t, ids, 2)
	require.Equal(t, ids[0], b.sim.Get("account.move", ids[1])["reversed_entry_id"])
	require.Equal(t, "120.00 | -120.00", b.rows("SELECT amount_total, amount_total_signed FROM invoices WHERE id = 4"))
}

func TestALeadIsConvertedWonAndLost(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			b := newPushBench(t, version)
			b.api("INSERT INTO leads (id, name, type, email) VALUES (1, 'Rome', 'lead', 'a@example.org'), (2, 'Londres', 'opportunity', 'b@example.org')")
			b.push()
			require.Empty(t, b.pending())
			ids := b.sim.IDs("crm.lead")
			require.Equal(t, []any{"lead", "opportunity"}, []any{b.sim.Get("crm.lead", ids[0])["type"], b.sim.Get("crm.lead", ids[1])["type"]})
			b.api("UPDATE leads SET type = 'opportunity', status = 'won' WHERE id = 1", "UPDATE leads SET status = 'lost' WHERE id = 2")
			b.push()
			require.Empty(t, b.pending())
			require.Equal(t, "opportunity | won | 1\nopportunity | lost | 0", b.rows("SELECT type, status, active FROM leads ORDER BY id"))
			require.Equal(t, false, b.sim.Get("crm.lead", ids[1])["active"])
			b.api("UPDATE leads SET status = 'open' WHERE id = 2")
			b.push()
			require.Empty(t, b.pending())
			require.Equal(t, "open | 1 | synced", b.rows("SELECT d.status, d.active, l.state FROM leads d JOIN sync_links l ON l.entity = 'leads' AND l.local_id = d.id WHERE d.id = 2"))
			require.Greater(t, b.sim.Get("crm.lead", ids[1])["probability"], 0.0, "Odoo scores it again")
		})
	}
}

// Odoo's convert_opportunity empties the contact of a lead that it is called for
// from outside, and leaves alone one that is won or lost.
func TestAConvertedLeadKeepsItsContact(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			b := newPushBench(t, version)
			b.api("INSERT INTO contacts (id, name, street, city) VALUES (1, 'Mme Petit', 'Rue A', 'Vannes')",
				"INSERT INTO leads (id, name, type, contact_id, street) VALUES (1, 'Rome', 'lead', 1, 'Rue B'), (2, 'Londres', 'lead', 1, NULL), (3, 'Milan', 'lead', 1, NULL), (4, 'Kiel', 'lead', 1, NULL)")
			b.push()
			b.api("UPDATE leads SET type = 'opportunity' WHERE id = 1", "UPDATE leads SET type = 'opportunity', status = 'won' WHERE id = 2",
				"UPDATE leads SET type = 'opportunity', status = 'lost' WHERE id = 3", "UPDATE leads SET status = 'lost' WHERE id = 4")
			b.push()
			b.api("UPDATE leads SET type = 'opportunity' WHERE id = 4")
			b.push()
			require.Empty(t, b.pending())
			require.Equal(t, "opportunity | open | 1 | 1 | Rue B\nopportunity | won | 1 | 1 | Rue A\nopportunity | lost | 1 | 1 | Rue A\nopportunity | lost | 1 | 1 | Rue A",
				b.rows("SELECT type, status, contact_id, converted_at IS NOT NULL, street FROM leads ORDER BY id"))
			require.Empty(t, b.rows("SELECT error FROM sync_status WHERE error IS NOT NULL"))
			contact := b.sim.IDs("res.partner")[0]
			for _, id := range b.sim.IDs("crm.lead") {
				r := b.sim.Get("crm.lead", id)
				require.Equal(t, []any{"opportunity", contact}, []any{r["type"], r["partner_id"]})
				require.NotEqual(t, false, r["date_conversion"])
			}
		})
	}
}

func TestARefusedRowStopsNobody(t *testing.T) {
	b := newPushBench(t, 17)
	for i := range 20 {
		b.api(fmt.Sprintf("INSERT INTO contacts (name, country_code, email) VALUES (%s, '%s', 'x%d@example.org')",
			map[bool]string{true: "NULL", false: "'Contact'"}[i == 7], map[bool]string{true: "ZZ", false: "FR"}[i == 3], i))
	}
	b.push()
	require.Len(t, b.sim.IDs("res.partner"), 18)
	require.Equal(t, "4 | error\n8 | error", b.rows("SELECT local_id, state FROM sync_status WHERE state <> 'synced' ORDER BY CAST(local_id AS SIGNED)"))
	require.Contains(t, b.rows("SELECT error FROM sync_status WHERE local_id = '4'"), `Odoo has no res.country with code "ZZ"`)
	b.api("UPDATE contacts SET vat = 'FR23334175220', is_company = 1 WHERE id = 1", "INSERT INTO invoices (id, contact_id) VALUES (3, 1)",
		`INSERT INTO invoice_lines (invoice_id, name, quantity, price_unit, tax_codes) VALUES (3, 'Guide', 1, 100, '["19.6%"]')`)
	b.push()
	require.Regexp(t, `^contacts 1: The VAT number \[.*\] for partner`, b.rows("SELECT error FROM sync_status WHERE entity = 'contacts' AND local_id = '1'"))
	require.Contains(t, b.rows("SELECT error FROM sync_status WHERE entity = 'invoices'"), `Odoo has no account.tax with name "19.6%" in company 1 or in none where`)
	b.api("UPDATE contacts SET vat = NULL WHERE id = 1", "DELETE FROM invoice_lines", "DELETE FROM invoices")
	b.api("UPDATE contacts SET country_code = 'FR' WHERE id = 4", "UPDATE contacts SET name = 'Contact' WHERE id = 8")
	b.push()
	require.Empty(t, b.pending())
	require.Len(t, b.sim.IDs("res.partner"), 20)
}

// What load cannot carry goes by write: an emptied many2one, archiving.
func TestAnEmptiedCountryAndAnArchivedContact(t *testing.T) {
	b := newPushBench(t, 17)
	for range 3 {
		b.sync("res.partner", b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "country_id": 75, "city": "Vannes"}))
	}
	b.api("UPDATE contacts SET country_code = NULL WHERE id = 1", "UPDATE contacts SET active = 0 WHERE id = 2", "UPDATE contacts SET city = NULL WHERE id = 3")
	b.push()
	require.Empty(t, b.pending())
	ids := b.sim.IDs("res.partner")
	require.Equal(t, []any{false, false, false}, []any{b.sim.Get("res.partner", ids[0])["country_id"], b.sim.Get("res.partner", ids[1])["active"], b.sim.Get("res.partner", ids[2])["city"]})
	require.Equal(t, "synced", b.rows("SELECT DISTINCT state FROM sync_links"))
}

// A row of another company than the first gets that company's taxes and journal.
func TestAnInvoiceOfAnotherCompany(t *testing.T) {
	b := newPushBench(t, 17)
	b.api("INSERT INTO contacts (id, name) VALUES (3, 'Lycée')",
		"INSERT INTO invoices (id, contact_id, ref, odoo_company_id) VALUES (3, 3, 'API-3', 2)",
		`INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) VALUES (3, 0, 'Guide', 1, 100, '["20%"]')`)
	b.push()
	require.Empty(t, b.pending())
	move := b.sim.Get("account.move", b.sim.IDs("account.move")[0])
	line := b.sim.Get("account.move.line", move["invoice_line_ids"].([]int64)[0])
	tax := b.sim.Get("account.tax", line["tax_ids"].([]int64)[0])
	journal := b.sim.Get("account.journal", move["journal_id"].(int64))
	require.Equal(t, []any{int64(2), int64(2), int64(2)}, []any{move["company_id"], tax["company_id"], journal["company_id"]})
}

// A due date of the row's own stands against the customer's payment term, also
// when the invoice is posted.
func TestADueDateOfItsOwnEmptiesTheTerm(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			b := newPushBench(t, version, postOnState, "    post: on_state\n")
			customer := b.sim.Create("res.partner", odoosim.Values{"name": "Lycée", "property_payment_term_id": int64(1)})
			b.sync("res.partner", customer)
			b.api("INSERT INTO invoices (id, contact_id, ref, state, invoice_date, invoice_date_due) SELECT 3, id, 'API-3', 'posted', '2026-11-02', '2027-03-01' FROM contacts",
				`INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) VALUES (3, 0, 'Guide', 1, 100, '[]')`)
			b.push()
			require.Empty(t, b.pending())
			require.Equal(t, "posted | 2027-03-01 | NULL", b.rows("SELECT state, CAST(invoice_date_due AS CHAR), payment_term FROM invoices"))
			require.Equal(t, "2027-03-01", b.sim.Get("account.move", b.sim.IDs("account.move")[0])["invoice_date_due"])
		})
	}
}
