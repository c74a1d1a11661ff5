package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
)

// Rows that are there before the first sync are matched by the mapping's keys,
// in either direction; what fits several is listed; the rest is made.
func TestTwoFilledDatabasesAreMatched(t *testing.T) {
	for name, run := range map[string]func(b *pushBench){
		"the import first": func(b *pushBench) {
			require.NoError(b.t, b.engine.Import(b.ctx, reconcile.ImportOptions{Pager: b.client}))
			b.push()
		},
		"the push first": func(b *pushBench) {
			b.push()
			require.NoError(b.t, b.engine.Import(b.ctx, reconcile.ImportOptions{Pager: b.client}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newPushBench(t, 17)
			vat := b.sim.Create("res.partner", odoosim.Values{"name": "Lycée", "is_company": true, "vat": "FR23334175221", "city": "Nantes"})
			mail := b.sim.Create("res.partner", odoosim.Values{"name": "Anne Roux", "email": "anne@example.org", "phone": "02"})
			for range 2 {
				b.sim.Create("res.partner", odoosim.Values{"name": "Twin", "ref": "T1"})
			}
			odooOnly := b.sim.Create("res.partner", odoosim.Values{"name": "Odoo's own"})
			b.api("INSERT INTO contacts (id, name, is_company, vat, phone) VALUES (1, 'Lycée', 1, 'FR 23 334 175 221', '01')",
				"INSERT INTO contacts (id, name, email, phone) VALUES (2, 'Anne Roux', 'anne@example.org', '03')",
				"INSERT INTO contacts (id, name, ref) VALUES (3, 'Twin of ours', 'T1')",
				"INSERT INTO contacts (id, name) VALUES (4, 'Ours alone')")
			run(b)
			require.Equal(t, vat, b.linked(1))
			require.Equal(t, mail, b.linked(2))
			require.Equal(t, "Nantes | 01 | FR23334175221", b.rows("SELECT city, phone, vat FROM contacts WHERE id = 1"), "an empty value is filled, a spelling is Odoo's")
			require.Empty(t, b.rows("SELECT field FROM sync_conflicts WHERE local_id = '1'"))
			require.Equal(t, "01", b.sim.Get("res.partner", vat)["phone"], "on both sides")
			require.Equal(t, "phone | 02 | 03 | ask | open", b.rows("SELECT field, odoo_value, local_value, policy, state FROM sync_conflicts WHERE local_id = '2'"), "other differences are kept")
			require.Contains(t, b.rows("SELECT error FROM sync_status WHERE local_id = '3'"), "could be the same as several by ref")
			require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM contacts WHERE odoo_id = ?", odooOnly))
			require.Len(t, b.sim.IDs("res.partner"), 6, "only what had no match was made")
		})
	}
}

func (b *pushBench) linked(row int) int64 {
	b.t.Helper()
	var id int64
	require.NoError(b.t, b.db.QueryRowContext(b.ctx, "SELECT COALESCE(odoo_id, 0) FROM sync_links WHERE entity = 'contacts' AND local_id = ?", row).Scan(&id))
	return id
}

// A row whose own odoo_id says which record it is.
func TestARowThatNamesItsRecord(t *testing.T) {
	b := newPushBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	b.api("INSERT INTO contacts (id, odoo_id, name, city) VALUES (9, 1, 'Mairie', 'Nantes')")
	b.push()
	require.Empty(t, b.pending())
	require.Equal(t, id, b.linked(9))
	require.Equal(t, "Nantes", b.sim.Get("res.partner", id)["city"])
}

// A row that names a record Odoo does not have is no deleted one.
func TestARowThatNamesNoRecordIsRefused(t *testing.T) {
	b := newPushBench(t, 17)
	b.api("INSERT INTO contacts (id, odoo_id, name) VALUES (9, 4711, 'Mairie')")
	b.push()
	require.Equal(t, "1", b.rows("SELECT deleted_at IS NULL FROM contacts"))
	require.Contains(t, b.rows("SELECT error FROM sync_status"), "row 9 of contacts says it is res.partner 4711, which Odoo does not have")
	b.api("UPDATE contacts SET odoo_id = NULL")
	b.push()
	require.Empty(t, b.pending())
	require.Len(t, b.sim.IDs("res.partner"), 1)
}
