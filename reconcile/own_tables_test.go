package reconcile_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/capture"
	"odoosync/internal/dbtest"
	"odoosync/internal/odoosim"
	"odoosync/internal/queue"
	"odoosync/mapping"
	"odoosync/reconcile"
)

// ownTables are the tables of the example, beside those of the daemon alone.
var ownTables = []string{"clients", "factures", "facture_lignes"}

// newOwnTables is a bench on the tables and the mapping of configs/examples.
// change replaces pieces of the tables' text.
func newOwnTables(t testing.TB, version int, change ...string) *pushBench {
	t.Helper()
	b := &pushBench{bench: newBench(t, version)}
	for _, statement := range tablesOf(t, change...) {
		b.exec(statement)
	}
	m, err := b.ownMapping()
	require.NoError(t, err)
	b.mapped = m
	_, err = capture.Install(b.ctx, b.db, b.mapped)
	require.NoError(t, err)
	b.outbox = queue.NewOutbox(b.db, queue.OutboxOptions{Clock: b.clock})
	b.remote(b.client)
	return b
}

func tablesOf(t testing.TB, change ...string) []string {
	t.Helper()
	data, err := os.ReadFile("../configs/examples/own-tables.sql")
	require.NoError(t, err)
	text := string(data)
	for i := 0; i+1 < len(change); i += 2 {
		require.Contains(t, text, change[i])
		text = strings.ReplaceAll(text, change[i], change[i+1])
	}
	var out []string
	for _, statement := range strings.Split(text, ";\n") {
		if strings.TrimSpace(statement) != "" {
			out = append(out, statement)
		}
	}
	return out
}

// ownMapping binds the example's mapping to what is there.
func (b *bench) ownMapping() (*mapping.Mapping, error) {
	b.t.Helper()
	data, err := os.ReadFile("../configs/examples/own-tables.yaml")
	require.NoError(b.t, err)
	spec, err := mapping.Parse(data)
	require.NoError(b.t, err)
	schema, err := reconcile.LoadSchema(b.ctx, b.client, b.db, spec)
	require.NoError(b.t, err)
	return spec.Compile(schema)
}

var autoIncrement = regexp.MustCompile(` AUTO_INCREMENT=\d+`)

// definitions are what the server says of the example's tables.
func (b *bench) definitions() string {
	b.t.Helper()
	out := ""
	for _, table := range ownTables {
		out += b.rows("SHOW CREATE TABLE "+table) + "\n"
	}
	return autoIncrement.ReplaceAllString(out, "")
}

func TestTablesOfOnesOwn(t *testing.T) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			b := newOwnTables(t, version)
			before := b.definitions()
			partner := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie de Vannes", "is_company": true, "city": "Vannes", "country_id": 75})
			move := b.sim.Create("account.move", odoosim.Values{"partner_id": partner, "ref": "ODOO-1", "invoice_line_ids": []odoosim.Values{
				{"name": "Bus", "quantity": 2.0, "price_unit": 100.0, "tax_ids": []int64{1}}, {"name": "Guide", "quantity": 1.0, "price_unit": 50.0, "tax_ids": []int64{}}}})
			b.sim.Create("account.move", odoosim.Values{"partner_id": partner, "move_type": "out_refund"})
			require.NoError(t, b.engine.Import(b.ctx, reconcile.ImportOptions{Pager: b.client}))
			require.Equal(t, "Mairie de Vannes | 1 | Vannes | FR | odoo | NULL | 36", b.rows("SELECT raison_sociale, societe, ville, pays, origine, note_interne, LENGTH(client_no) FROM clients"))
			require.Equal(t, "ODOO-1 | brouillon | 290.00 | 1", b.rows("SELECT f.reference, f.etat, f.total_ttc, c.erp_id FROM factures f JOIN clients c USING (client_no)"))
			require.Equal(t, "0 | Bus | 2.000 | 100.0000 | [\"20%\"]\n1 | Guide | 1.000 | 50.0000 | []", b.rows("SELECT rang, libelle, quantite, prix_unitaire, taxes FROM facture_lignes ORDER BY rang"))

			b.ownEdits(partner, move)
			require.Equal(t, before, b.definitions(), "nothing but triggers is added to the tables")
		})
	}
}

// ownEdits works an insert, an update and a delete of every table, with values
// in the columns that are not mapped.
func (b *pushBench) ownEdits(partner, move int64) {
	t := b.t
	b.api("UPDATE clients SET note_interne = 'appeler le matin', origine = 'site', ville = 'Nantes'",
		"UPDATE factures SET relancee_le = '2026-01-02 03:04:05'", "UPDATE facture_lignes SET eleve_id = 10 + rang, quantite = 3 WHERE rang = 0",
		"INSERT INTO clients (client_no, raison_sociale, pays, origine, note_interne) VALUES ('C-0001', 'Lycée', 'FR', 'salon', 'secret')",
		"INSERT INTO factures (facture_no, client_no, reference, total_ttc, relancee_le) VALUES (70, 'C-0001', 'API-1', 120, '2026-02-03 00:00:00')",
		`INSERT INTO facture_lignes (facture_no, rang, libelle, quantite, prix_unitaire, taxes, eleve_id) VALUES (70, 0, 'Séjour', 1, 100, '["20%"]', 7), (70, 1, 'Assurance', 1, 0, '[]', 8)`)
	b.settle()
	require.Empty(t, b.pending())
	require.Equal(t, "Nantes", b.sim.Get("res.partner", partner)["city"])
	require.Equal(t, 410.0, b.sim.Get("account.move", move)["amount_total"])
	require.Equal(t, "2", b.rows("SELECT erp_id FROM clients WHERE client_no = 'C-0001'"))
	moves := b.sim.IDs("account.move")
	require.Equal(t, "out_invoice", b.sim.Get("account.move", moves[2])["move_type"])
	require.Equal(t, "brouillon | 120.00 | API-1", b.rows("SELECT etat, total_ttc, reference FROM factures WHERE facture_no = 70"))

	b.api("DELETE FROM facture_lignes WHERE facture_no = 70 AND rang = 1", "UPDATE clients SET supprime_le = UTC_TIMESTAMP() WHERE client_no = 'C-0001'",
		"UPDATE facture_lignes SET quantite = 4 WHERE facture_no = 70")
	b.sim.Write("res.partner", partner, odoosim.Values{"city": "Rezé"})
	b.hint("res.partner.updated", "res.partner", partner)
	b.settle()
	require.Empty(t, b.pending())
	require.Equal(t, false, b.sim.Get("res.partner", 2)["active"])
	require.Len(t, b.sim.Get("account.move", moves[2])["invoice_line_ids"], 1)
	require.Equal(t, "Rezé | site | appeler le matin\nNULL | salon | secret", b.rows("SELECT ville, origine, note_interne FROM clients ORDER BY erp_id"))
	require.Equal(t, "2026-01-02 03:04:05\n2026-02-03 00:00:00", b.rows("SELECT CAST(relancee_le AS CHAR) FROM factures ORDER BY facture_no"))
	require.Equal(t, "10\nNULL\n7", b.rows("SELECT eleve_id FROM facture_lignes ORDER BY facture_no, rang"))

	b.api("DELETE FROM facture_lignes WHERE facture_no = 70", "DELETE FROM factures WHERE facture_no = 70", "DELETE FROM clients WHERE client_no = 'C-0001'")
	b.settle()
	require.Len(t, b.sim.IDs("account.move"), 2)
	require.Equal(t, "1\n2", b.rows("SELECT odoo_id FROM sync_status WHERE entity = 'clients' ORDER BY odoo_id"))
}

// What the tables' keys must be is said before anything is synced.
func TestTablesThatCannotBeSynced(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change []string
		want   string
	}{
		{"MyISAM", []string{"    eleve_id       INT NULL,                            -- the API's own\n    FOREIGN KEY (facture_no) REFERENCES factures (facture_no)\n) ENGINE=InnoDB", "    eleve_id INT NULL) ENGINE=MyISAM"},
			"the table facture_lignes is MyISAM: only InnoDB has the transactions a sync needs (ALTER TABLE facture_lignes ENGINE=InnoDB)"},
		{"a text key that nothing fills", []string{"DEFAULT (UUID()) ", ""},
			"column clients.client_no is the row's own id, and nothing gives one to the row of a record that comes from Odoo: make it AUTO_INCREMENT, or a text with DEFAULT (UUID())"},
		{"a key whose default is always the same", []string{"DEFAULT (UUID()) ", "DEFAULT '' "}, "column clients.client_no is the row's own id, and nothing gives one"},
		{"a number that does not increment", []string{"ligne_no       INT AUTO_INCREMENT", "ligne_no       INT"}, "column facture_lignes.ligne_no is the row's own id, and nothing gives one"},
		{"a long text key", []string{"VARCHAR(36)", "VARCHAR(100)"}, "column clients.client_no is the row's own id and is varchar(100): at most 64 characters of it are kept"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, 17)
			for _, statement := range tablesOf(t, tt.change...) {
				b.exec(statement)
			}
			_, err := b.ownMapping()
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// A server that counts in steps, as one of several primaries does.
func TestSteppedIDs(t *testing.T) {
	b := newOwnTables(t, 17)
	b.db = dbtest.Open(t, b.dsn+"?auto_increment_increment=2&auto_increment_offset=2")
	b.outbox = queue.NewOutbox(b.db, queue.OutboxOptions{Clock: b.clock})
	b.remote(b.client)
	partner := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	for range 3 {
		b.sim.Create("account.move", odoosim.Values{"partner_id": partner, "invoice_line_ids": []odoosim.Values{{"name": "a"}, {"name": "b"}, {"name": "c"}}})
	}
	require.NoError(t, b.engine.Import(b.ctx, reconcile.ImportOptions{Pager: b.client}))
	require.Equal(t, "2\n4\n6", b.rows("SELECT facture_no FROM factures ORDER BY facture_no"))
	b.api("UPDATE facture_lignes SET libelle = CONCAT(libelle, '!') WHERE rang > 0", "UPDATE factures SET reference = facture_no",
		"INSERT INTO facture_lignes (facture_no, rang, libelle, quantite, prix_unitaire) SELECT facture_no, 9, 'd', 1, 1 FROM factures",
		"INSERT INTO factures (client_no, reference) SELECT client_no, '8' FROM clients",
		"INSERT INTO facture_lignes (facture_no, rang, libelle, quantite, prix_unitaire) VALUES (LAST_INSERT_ID(), 0, 'a', 1, 1), (LAST_INSERT_ID(), 1, 'b!', 1, 1)")
	b.settle()
	require.Empty(t, b.pending())
	want := [][]any{{"a", "b!", "c!", "d"}, {"a", "b!", "c!", "d"}, {"a", "b!", "c!", "d"}, {"a", "b!"}}
	for i, id := range b.sim.IDs("account.move") {
		move := b.sim.Get("account.move", id)
		require.Equal(t, fmt.Sprint(2*i+2), move["ref"])
		var names []any
		for _, line := range move["invoice_line_ids"].([]int64) {
			names = append(names, b.sim.Get("account.move.line", line)["name"])
		}
		require.Equal(t, want[i], names)
	}
	require.Equal(t, "14", b.rows("SELECT COUNT(*) FROM facture_lignes l JOIN factures f USING (facture_no) WHERE l.erp_id IS NOT NULL"))
}

// The page shows the files that are tested.
func TestTheOwnTablesPage(t *testing.T) {
	page, err := os.ReadFile("../docs/own-tables.md")
	require.NoError(t, err)
	for name, fence := range map[string]string{"own-tables.sql": "sql", "own-tables.yaml": "yaml"} {
		file, err := os.ReadFile("../configs/examples/" + name)
		require.NoError(t, err)
		require.Contains(t, string(page), "```"+fence+"\n"+string(file)+"```\n", "docs/own-tables.md shows another text than configs/examples/%s", name)
	}
}

// Keys are kept as ASCII; a row with another one is refused aloud.
func TestAKeyThatIsNotASCII(t *testing.T) {
	b := newOwnTables(t, 17)
	b.api("INSERT INTO clients (client_no, raison_sociale) VALUES ('É-1', 'École'), ('E-2', 'Lycée')")
	b.settle()
	require.Len(t, b.sim.IDs("res.partner"), 1)
	require.Contains(t, b.rows("SELECT error FROM sync_status WHERE state = 'error'"), "ASCII")
}
