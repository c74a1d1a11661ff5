package store_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
)

// Every foreign key and every CHECK of the tables has a statement here that
// breaks it.
var broken = map[string]string{
	"fk_contacts_parent":       "INSERT INTO contacts (name, parent_id) VALUES ('x', 99)",
	"fk_contacts_merged":       "INSERT INTO contacts (name, merged_into) VALUES ('x', 99)",
	"fk_quotes_contact":        "INSERT INTO quotes (contact_id) VALUES (99)",
	"ck_quotes_state":          "INSERT INTO quotes (state) VALUES ('done')",
	"fk_quote_lines_quote":     "INSERT INTO quote_lines (quote_id, position) VALUES (99, 0)",
	"fk_travels_quote":         "INSERT INTO travels (quote_id, status) VALUES (99, 'confirmed')",
	"fk_travels_contact":       "INSERT INTO travels (quote_id, status, contact_id) VALUES (1, 'confirmed', 99)",
	"ck_travels_status":        "INSERT INTO travels (quote_id, status) VALUES (1, 'perhaps')",
	"fk_invoices_contact":      "INSERT INTO invoices (contact_id) VALUES (99)",
	"fk_invoices_quote":        "INSERT INTO invoices (quote_id) VALUES (99)",
	"fk_invoices_reversed":     "INSERT INTO invoices (reversed_invoice_id) VALUES (99)",
	"ck_invoices_move_type":    "INSERT INTO invoices (move_type) VALUES ('in_invoice')",
	"ck_invoices_state":        "INSERT INTO invoices (state) VALUES ('paid')",
	"fk_invoice_lines_invoice": "INSERT INTO invoice_lines (invoice_id, position) VALUES (99, 0)",
	"fk_leads_contact":         "INSERT INTO leads (contact_id) VALUES (99)",
	"ck_leads_type":            "INSERT INTO leads (type) VALUES ('dream')",
	"ck_leads_status":          "INSERT INTO leads (status) VALUES ('asleep')",
	"ck_webhook_logs_done":     "INSERT INTO webhook_logs (event_type, body, source, next_attempt_at, received_us, status) VALUES ('x', '', 'webhook', NOW(6), NOW(6), 'success')",
	"ck_webhook_logs_lease":    "INSERT INTO webhook_logs (event_type, body, source, next_attempt_at, received_us, lease_owner) VALUES ('x', '', 'webhook', NOW(6), NOW(6), 'me')",
	"ck_links_state":           "INSERT INTO sync_links (entity, odoo_id, uuid, state) VALUES ('contacts', 1, 'u', 'fine')",
	"ck_links_error":           "INSERT INTO sync_links (entity, odoo_id, uuid, state) VALUES ('contacts', 1, 'u', 'error')",
	"ck_links_intent":          "INSERT INTO sync_links (entity, odoo_id, uuid, state, intent) VALUES ('contacts', 1, 'u', 'pending', '{}')",
	"ck_links_ids":             "INSERT INTO sync_links (entity, uuid, state) VALUES ('contacts', 'u', 'pending')",
	"ck_conflicts_resolved":    "INSERT INTO sync_conflicts (entity, odoo_id, field, policy, state, created_at, updated_at) VALUES ('contacts', 1, 'name', 'ask', 'resolved', NOW(6), NOW(6))",
	"ck_runs_finished":         "INSERT INTO sync_runs (kind, state, started_at, heartbeat_at) VALUES ('import', 'done', NOW(6), NOW(6))",
}

func TestEveryConstraintHolds(t *testing.T) {
	db := dbtest.New(t)
	_, err := db.Exec("INSERT INTO quotes (name) VALUES ('S1')")
	require.NoError(t, err)
	rows, err := db.Query("SELECT CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE() AND CONSTRAINT_TYPE IN ('FOREIGN KEY', 'CHECK')")
	require.NoError(t, err)
	defer rows.Close()
	tried := 0
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		if !strings.HasPrefix(name, "fk_") && !strings.HasPrefix(name, "ck_") {
			continue // MariaDB's own check that a JSON column holds JSON
		}
		tried++
		require.NotEmpty(t, broken[name], "%s is not tried", name)
		_, err := db.Exec(broken[name])
		require.Error(t, err, name)
		require.Equal(t, record.CodeRejected, record.CodeOf(mysqldb.Explain(err)), "%s: %v", name, err)
		require.Contains(t, record.Message(mysqldb.Explain(err)), name)
	}
	require.NoError(t, rows.Err())
	require.Len(t, broken, tried)
}

// A parent with children cannot be removed, nor its id changed.
func TestForeignKeysRestrict(t *testing.T) {
	db := dbtest.New(t)
	for _, statement := range []string{"INSERT INTO contacts (id, name) VALUES (1, 'École')", "INSERT INTO quotes (id, contact_id) VALUES (1, 1)",
		"INSERT INTO quote_lines (quote_id, position) VALUES (1, 0)"} {
		_, err := db.Exec(statement)
		require.NoError(t, err)
	}
	for _, statement := range []string{"DELETE FROM contacts", "UPDATE contacts SET id = 2", "DELETE FROM quotes", "UPDATE quotes SET id = 2"} {
		_, err := db.Exec(statement)
		require.ErrorContains(t, mysqldb.Explain(err), "other rows still refer to this one", statement)
	}
}
