package reconcile_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
)

// Rows that differ for a reason that is shown already are left alone, and what
// changes silently after that is found.
func TestRowsThatDifferForAReasonAreLeftAlone(t *testing.T) {
	b := newSchool(t)
	outbox := func() string { return b.rows("SELECT COUNT(*) FROM sync_outbox") }
	stays := func(what string) {
		t.Helper()
		before := outbox()
		for range 2 {
			require.Empty(t, b.sweepValues(), what)
		}
		require.Equal(t, before, outbox(), what)
	}
	b.api("UPDATE contacts SET city = 'Rezé' WHERE name = 'Mairie'")
	stays("its edit waits")
	b.settle()
	stays("it went through")

	b.api("UPDATE leads SET salesperson = 'nobody'")
	b.settle()
	require.Contains(t, b.rows("SELECT error FROM sync_links WHERE entity = 'leads'"), "nobody")
	stays("Odoo refused it")
	b.behind("UPDATE leads SET phone = '02 40'")
	require.Equal(t, one("leads"), b.sweepValues(), "it changed since")
	b.settle()
	stays("refused once more")
	b.behind("UPDATE leads SET salesperson = NULL")
	require.Equal(t, one("leads"), b.sweepValues())
	b.settle()
	require.Equal(t, "02 40", b.sim.Get("crm.lead", b.lead)["phone"])
	require.Equal(t, "synced", b.rows("SELECT state FROM sync_links WHERE entity = 'leads'"))

	b.api("INSERT INTO leads (name, email, salesperson) VALUES ('Rome', 'r@example.org', 'nobody')")
	b.settle()
	require.Equal(t, "error | NULL", b.rows("SELECT state, odoo_id FROM sync_status WHERE entity = 'leads' AND local_id = '2'"))
	stays("a new row was refused")
	b.behind("UPDATE leads SET salesperson = NULL WHERE id = 2")
	require.Equal(t, drifts{"leads": {Inserted: 1}}, b.sweepValues())
	b.settle()
	require.Len(t, b.sim.IDs("crm.lead"), 2)
	stays("it is a record now")

	b.api("INSERT INTO contacts (id, name) VALUES (70, 'A'), (71, 'B')", "UPDATE contacts SET parent_id = 141 - id WHERE id IN (70, 71)")
	b.settle()
	require.Contains(t, b.rows("SELECT error FROM sync_links WHERE local_id = '70'"), "circle")
	stays("rows that refer to each other are refused")
	b.api("UPDATE contacts SET city = 'Rezé' WHERE id IN (70, 71)")
	b.settle()
	stays("and again, after an edit that was told of")
}

func TestConflictsAreNoDrift(t *testing.T) {
	b := newSchool(t)
	b.api("UPDATE invoices SET amount_total = 1")
	b.settle()
	require.Equal(t, "amount_total", b.rows("SELECT field FROM sync_conflicts WHERE state = 'open'"))
	require.Empty(t, b.sweepValues(), "the row expects another sum")
	b.behind("UPDATE invoices SET payment_reference = 'VIR'")
	require.Equal(t, one("invoices"), b.sweepValues(), "no conflict tells of this")
	b.settle()
	require.Equal(t, "VIR", b.sim.Get("account.move", b.invoice)["payment_reference"])
	require.Empty(t, b.sweepValues())
	b.behind("UPDATE invoices SET amount_total = 2")
	require.Equal(t, one("invoices"), b.sweepValues(), "nor of this")
	b.settle()
	require.Equal(t, "2.00", b.rows("SELECT local_value FROM sync_conflicts WHERE field = 'amount_total' AND state = 'open'"))
	require.Empty(t, b.sweepValues())

	b.sim.Write("crm.lead", b.lead, odoosim.Values{"phone": "02 51"})
	b.api("UPDATE leads SET deleted_at = UTC_TIMESTAMP()")
	b.settle()
	require.Equal(t, "conflict", b.rows("SELECT state FROM sync_links WHERE entity = 'leads'"))
	require.Empty(t, b.sweepValues(), "deleted here, edited there")
	b.behind("DELETE FROM leads")
	require.Empty(t, b.sweepValues())

	b.sim.Unlink("res.partner", b.ecole)
	b.api("UPDATE contacts SET phone = '02 52' WHERE name = 'École'")
	b.hint("res.partner.deleted", "res.partner", b.ecole)
	b.settle()
	require.Equal(t, "conflict", b.rows("SELECT state FROM sync_links WHERE entity = 'contacts' AND odoo_id = ?", b.ecole))
	require.Empty(t, b.sweepValues(), "deleted there, edited here")
	require.Empty(t, b.pending())
}

// A write on its way explains the row until it is confirmed.
func TestAnOpenWriteIsNoDrift(t *testing.T) {
	b := newSchool(t)
	b.api("UPDATE contacts SET city = 'Rezé' WHERE name = 'Mairie'")
	found := drifts{}
	b.remote(&slowLook{Client: b.client, then: func() {
		b.exec("UPDATE sync_outbox SET status = 'done'")
		found = b.sweepValues()
	}})
	b.catchUp()
	_ = b.pusher.Push(b.ctx, time.Second) // its edits were taken from it
	require.Empty(t, found)
	require.Equal(t, "Rezé", b.sim.Get("res.partner", b.mairie)["city"])
}

// An edit that got lost on its way to Odoo is found as one that was never told.
func TestALostHintIsFound(t *testing.T) {
	b := newSchool(t)
	b.api("UPDATE contacts SET city = 'Rezé' WHERE name = 'Mairie'", "INSERT INTO contacts (name) VALUES ('Lycée')")
	b.exec("DELETE FROM sync_outbox")
	require.Equal(t, drifts{"contacts": {Drifted: 1, Inserted: 1}}, b.sweepValues())
	require.Empty(t, b.sweepValues(), "it waits now")
	b.settle()
	require.Len(t, b.sim.IDs("res.partner"), 3)
	require.Empty(t, b.sweepValues())
}

// A field that was never agreed on is no difference; the row is compared anew
// once the mapping is another.
func TestAMappingThatGainsAField(t *testing.T) {
	b := newSchool(t)
	b.exec("ALTER TABLE contacts ADD COLUMN website VARCHAR(100) NULL DEFAULT 'https://example.org'")
	b.mapped = b.mappingWith(b.client, "      phone: {odoo: phone}\n      mobile", "      phone: {odoo: phone}\n      website: {odoo: function}\n      mobile")
	b.remote(b.client)
	report, err := b.engine.SweepValues(b.ctx, reconcile.DriftOptions{})
	require.NoError(t, err)
	require.Equal(t, reconcile.DriftCounts{Compared: 2}, report["contacts"], "no hash is good any more, and nothing differs")
	compared, byHash := b.looked()
	require.Equal(t, compared, byHash)
	b.behind("UPDATE contacts SET city = 'Rezé', website = 'x' WHERE name = 'Mairie'")
	require.Equal(t, one("contacts"), b.sweepValues())

	b.mapped = b.mappingWith(b.client, "      email: {odoo: email_from}\n      phone: {odoo: phone}", "      email: {odoo: email_from}\n      phone2: {odoo: phone, column: phone}")
	b.remote(b.client)
	report, err = b.engine.SweepValues(b.ctx, reconcile.DriftOptions{})
	require.NoError(t, err)
	require.Zero(t, report["leads"].ByHash, "another field in the same column")
}

// TRUNCATE and a cascade fire no trigger; a posted invoice's deletion that Odoo
// refuses is found once.
func TestRowsThatVanish(t *testing.T) {
	b := newSchool(t)
	b.behind("TRUNCATE leads", "DELETE FROM contacts WHERE name = 'École'")
	require.Equal(t, drifts{"leads": {Vanished: 1}, "contacts": {Vanished: 1}}, b.sweepValues())
	require.Empty(t, b.sweepValues(), "their deletions wait")
	b.settle()
	require.Equal(t, false, b.sim.Get("crm.lead", b.lead)["active"])
	require.Empty(t, b.sweepValues())

	require.NoError(t, b.sim.Call("account.move", "action_post", b.invoice))
	b.sync("account.move", b.invoice)
	b.behind("DELETE FROM invoice_lines", "DELETE FROM invoices")
	require.Equal(t, drifts{"invoices": {Vanished: 1}}, b.sweepValues())
	b.settle()
	require.Contains(t, b.rows("SELECT error FROM sync_status WHERE entity = 'invoices'"), "locked")
	require.Empty(t, b.sweepValues(), "Odoo refused it")
}

// Whoever holds rows does not hold up the sweep, nor the other way round.
func TestASweepLocksNoRow(t *testing.T) {
	b := newSchool(t)
	b.exec("UPDATE sync_links SET row_hash = NULL")
	b.behind("UPDATE contacts SET city = 'Rezé' WHERE name = 'Mairie'", "UPDATE invoice_lines SET quantity = 7 WHERE position = 0")
	holder, err := b.db.BeginTx(b.ctx, nil)
	require.NoError(t, err)
	defer holder.Rollback()
	for _, query := range []string{"SELECT * FROM contacts FOR UPDATE", "SELECT * FROM invoices FOR UPDATE", "SELECT * FROM invoice_lines FOR UPDATE", "SELECT * FROM leads FOR UPDATE", "SELECT * FROM quotes FOR UPDATE"} {
		rows, err := holder.QueryContext(b.ctx, query)
		require.NoError(t, err)
		require.NoError(t, rows.Close())
	}
	began := time.Now()
	other := b.engine
	edited := false
	report, err := other.SweepValues(b.ctx, reconcile.DriftOptions{Chunk: 1, Passed: func(ctx context.Context, entity, last string) error {
		if entity == "contacts" && !edited {
			edited = true
			_, err := holder.ExecContext(ctx, "UPDATE contacts SET zip = '44000'")
			return err
		}
		return nil
	}})
	require.NoError(t, err)
	require.Less(t, time.Since(began), 3*time.Second, "a lock is waited for as long as that")
	require.Equal(t, int64(1), report["contacts"].Drifted)
	require.Equal(t, int64(1), report["invoices"].Drifted)
	require.True(t, edited)
}

// Keys that are texts are gone through in the server's order; one that no link
// can name is refused aloud, once.
func TestSilentEditsOfTablesOfOnesOwn(t *testing.T) {
	b := newOwnTables(t, 17)
	for _, key := range []string{"b-1", "A-1", "a-2", "done", "Z 9", "10", "9"} {
		b.api("INSERT INTO clients (client_no, raison_sociale) VALUES ('" + key + "', 'Client " + key + "')")
	}
	b.api("INSERT INTO factures (facture_no, client_no, reference) VALUES (70, 'done', 'API-1')",
		"INSERT INTO facture_lignes (facture_no, rang, libelle, quantite, prix_unitaire) VALUES (70, 0, 'Bus', 1, 100), (70, 1, 'Guide', 1, 10)")
	b.settle()
	require.Empty(t, b.sweepValues())
	_, byHash := b.looked()
	require.EqualValues(t, 8, byHash)

	var passed []string
	_, err := b.engine.SweepValues(b.ctx, reconcile.DriftOptions{Chunk: 2, Passed: func(_ context.Context, entity, last string) error {
		passed = append(passed, entity+" "+last)
		return nil
	}})
	require.NoError(t, err)
	require.Equal(t, []string{"clients 9", "clients a-2", "clients Z 9", "clients done", "factures 70", "factures done"}, passed, "a row called done ends nothing")

	b.behind("UPDATE clients SET ville = 'Nantes' WHERE client_no IN ('done', 'a-2')", "UPDATE clients SET note_interne = 'x'", "DELETE FROM facture_lignes WHERE rang = 1",
		"INSERT INTO clients (client_no, raison_sociale) VALUES ('É-1', 'École'), ('E-2', 'Lycée')")
	require.Equal(t, drifts{"clients": {Drifted: 2, Inserted: 2}, "factures": {Drifted: 1}}, b.sweepValues())
	b.settle()
	require.Equal(t, "?-1", b.rows("SELECT local_id FROM sync_status WHERE state = 'error'"))
	require.Len(t, b.sim.IDs("res.partner"), 8)
	require.Empty(t, b.sweepValues())
}
