package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

const newestContacts = "    policy: newest\n    adopt: ask\n"

func TestBothSidesEditOneField(t *testing.T) {
	for _, tt := range []struct {
		name, policy     string
		odooLater        time.Duration // than the row's edit
		odoo, local      string
		state, winner    string
		conflictLeftOpen bool
	}{
		{name: "Odoo wins", policy: "odoo", odoo: "theirs", local: "theirs", state: "synced", winner: "odoo"},
		{name: "the row wins", policy: "local", odoo: "ours", local: "ours", state: "synced", winner: "local"},
		{name: "the newest is Odoo's", policy: "newest", odooLater: time.Hour, odoo: "theirs", local: "theirs", state: "synced", winner: "odoo"},
		{name: "the newest is the row's", policy: "newest", odooLater: -time.Hour, odoo: "ours", local: "ours", state: "synced", winner: "local"},
		{name: "ask", policy: "ask", odoo: "theirs", local: "ours", state: "conflict", winner: "NULL", conflictLeftOpen: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newPushBench(t, 17, newestContacts, "    policy: "+tt.policy+"\n    adopt: ask\n")
			id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes"})
			b.sync("res.partner", id)
			b.sim.Write("res.partner", id, odoosim.Values{"city": "theirs"})
			b.writtenAt("res.partner", id, tt.odooLater)
			b.api("UPDATE contacts SET city = 'ours'")
			b.push()
			require.Empty(t, b.pending())
			require.Equal(t, tt.odoo, b.sim.Get("res.partner", id)["city"])
			require.Equal(t, tt.local, b.rows("SELECT city FROM contacts"))
			require.Equal(t, "city | Vannes | theirs | ours | "+tt.winner, b.rows("SELECT field, base_odoo, odoo_value, local_value, winner FROM sync_conflicts"))
			require.Equal(t, tt.state, b.rows("SELECT state FROM sync_status WHERE entity = 'contacts'"))
		})
	}
}

// Later edits keep an open conflict current, and agreement ends it.
func TestAnOpenConflictStaysCurrent(t *testing.T) {
	b := newPushBench(t, 17, newestContacts, "    policy: ask\n    adopt: ask\n")
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes"})
	b.sync("res.partner", id)
	b.sim.Write("res.partner", id, odoosim.Values{"city": "theirs"})
	b.api("UPDATE contacts SET city = 'ours'")
	b.push()
	b.api("UPDATE contacts SET city = 'ours, later', phone = '02'")
	b.push()
	require.Equal(t, "theirs | ours, later | open", b.rows("SELECT odoo_value, local_value, state FROM sync_conflicts"))
	require.Equal(t, "02", b.sim.Get("res.partner", id)["phone"], "other fields go on")
	b.sim.Write("res.partner", id, odoosim.Values{"city": "ours, later"})
	b.sync("res.partner", id)
	require.Equal(t, "resolved", b.rows("SELECT state FROM sync_conflicts"))
	require.Equal(t, "synced", b.rows("SELECT state FROM sync_status"))
}

func TestAnEditAgainstTheDirectionIsRevertedAndKept(t *testing.T) {
	b := newPushBench(t, 17)
	id := b.sim.Create("sale.order", odoosim.Values{"client_order_ref": "PO 1"})
	b.sync("sale.order", id)
	b.api("UPDATE quotes SET client_ref = 'mine'")
	b.push()
	require.Empty(t, b.pending())
	require.Equal(t, "PO 1", b.rows("SELECT client_ref FROM quotes"))
	require.Equal(t, "client_ref | PO 1 | mine | direction | odoo", b.rows("SELECT field, odoo_value, local_value, policy, winner FROM sync_conflicts"))
	b.api("INSERT INTO quotes (name, client_ref) VALUES ('Q', 'made here')")
	b.push()
	require.Contains(t, b.rows("SELECT error FROM sync_status WHERE odoo_id IS NULL"), "rows of quotes come from Odoo only")
	require.Len(t, b.sim.IDs("sale.order"), 1)
}

// A value Odoo normalises is taken back once, and costs one write.
func TestANormalFormIsTakenBackOnce(t *testing.T) {
	b := newPushBench(t, 17)
	b.api("INSERT INTO contacts (name, is_company, country_code, vat) VALUES ('Lycée', 1, 'FR', 'FR 23 334 175 221')")
	b.settle()
	id := b.sim.IDs("res.partner")[0]
	require.Equal(t, "FR23334175221", b.sim.Get("res.partner", id)["vat"])
	require.Equal(t, "FR23334175221", b.rows("SELECT vat FROM contacts"))
	require.EqualValues(t, 1, b.sim.Stats().Writes)
	require.Empty(t, b.rows("SELECT id FROM sync_conflicts"))
}

// Lines that each side changed, added and removed.
func TestLinesOfBothSidesMerge(t *testing.T) {
	b := newPushBench(t, 17)
	id := b.sim.Create("account.move", odoosim.Values{"invoice_line_ids": []odoosim.Values{{"name": "a"}, {"name": "b"}, {"name": "c"}, {"name": "d"}}})
	b.sync("account.move", id)
	lines := b.sim.Get("account.move", id)["invoice_line_ids"].([]int64)
	b.api("UPDATE invoice_lines SET name = 'a, ours' WHERE position = 0", "DELETE FROM invoice_lines WHERE position = 1",
		"INSERT INTO invoice_lines (invoice_id, position, name, quantity) SELECT id, 9, 'ours', 1 FROM invoices")
	b.sim.Write("account.move.line", lines[2], odoosim.Values{"name": "c, theirs"})
	b.sim.Unlink("account.move.line", lines[3])
	b.sim.Write("account.move", id, odoosim.Values{"invoice_line_ids": []odoosim.Values{{"name": "theirs"}}})
	b.push()
	require.Empty(t, b.pending())
	require.Equal(t, "a, ours\nc, theirs\ntheirs\nours", b.rows("SELECT name FROM invoice_lines ORDER BY position"))
	var names []any
	for _, line := range b.sim.Get("account.move", id)["invoice_line_ids"].([]int64) {
		names = append(names, b.sim.Get("account.move.line", line)["name"])
	}
	require.ElementsMatch(t, []any{"a, ours", "c, theirs", "theirs", "ours"}, names)
	require.Empty(t, b.rows("SELECT id FROM sync_conflicts"))
}

// A contact's VAT is its company's in Odoo, and on 19 so is its address: what
// the API gives the contact is kept, and does not change the company.
func TestWhatAContactSharesWithItsCompanyIsNotSent(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			b := newPushBench(t, version)
			company := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "is_company": true, "vat": "FR23334175221", "city": "Nantes"})
			b.sync("res.partner", company)
			b.api("INSERT INTO contacts (name, parent_id, vat) SELECT 'Secrétariat', id, 'FR40303265045' FROM contacts")
			b.push()
			require.Empty(t, b.pending())
			require.Equal(t, "FR23334175221", b.sim.Get("res.partner", company)["vat"])
			require.Equal(t, "vat | FR40303265045 | direction", b.rows("SELECT field, local_value, policy FROM sync_conflicts"))
			b.api("UPDATE contacts SET city = 'Vannes' WHERE parent_id IS NOT NULL")
			b.push()
			require.Empty(t, b.pending())
			require.Equal(t, "Nantes", b.sim.Get("res.partner", company)["city"])
			want := "Vannes"
			if version >= 19 {
				want = "Nantes"
			}
			require.Equal(t, want, b.rows("SELECT city FROM contacts WHERE parent_id IS NOT NULL"))
		})
	}
}
