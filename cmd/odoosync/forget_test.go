package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/odoosim"
)

// A person is forgotten once both sides have deleted them, and does not come back.
func TestForget(t *testing.T) {
	sim, db, environ := twoSides(t)
	t.Chdir(t.TempDir())
	exec := func(query string) {
		t.Helper()
		_, err := db.Exec(query)
		require.NoError(t, err)
	}
	do := func(code int, args ...string) string {
		t.Helper()
		out, err := run(t, environ, args...)
		if err != nil {
			out += sentence(err)
		}
		require.Equal(t, code, exitCode(err), out)
		return out
	}
	ann := sim.Create("res.partner", odoosim.Values{"name": "Ann Onyme", "email": "ann@example.org", "phone": "0601020304"})
	do(exitDone, "resync")
	sim.Write("res.partner", ann, odoosim.Values{"phone": "0699999999"})
	do(exitDone, "resync")
	webhook := func(event, model string, id int64, data, status string) {
		_, err := db.Exec("INSERT INTO webhook_logs (event_type, event_data, status, processed_at, model, odoo_id, body, source, next_attempt_at, received_us, subject, error_message)"+
			" VALUES (?, ?, ?, IF(? = 'pending', NULL, NOW()), ?, ?, CONCAT('{\"event\": \"', ?, '\", \"data\": ', ?, '}'), 'webhook', NOW(), NOW(), JSON_VALUE(?, '$.name'), 'Ann Onyme is odd')", event, data, status, status, model, id, event, data, data)
		require.NoError(t, err)
	}
	webhook("res.partner.updated", "res.partner", ann, `{"id": 1, "name": "Ann Onyme", "email": "ann@example.org"}`, "success")
	webhook("sale.order.updated", "sale.order", 5, `{"id": 5, "name": "S00005", "partner_id": 1, "partner_name": "Ann Onyme"}`, "success")
	webhook("sale.order.updated", "sale.order", 6, `{"id": 6, "name": "S00006", "partner_id": [1, "Ann Onyme"], "partner_name": "Ann Onyme"}`, "error")
	webhook("sale.order.updated", "sale.order", 7, `{"id": 7, "name": "S00007", "partner_id": 11, "partner_name": "Bob"}`, "success")
	webhook("sale.order.updated", "sale.order", 8, `{"id": 8, "name": "S00008", "partner_id": 1, "partner_name": "Ann Onyme"}`, "pending")

	require.Contains(t, do(exitUsage, "forget", "--entity", "contact"), "--id 12")
	require.Contains(t, do(exitFailed, "forget", "--entity", "kontact", "--id", "1"), "did you mean contacts?")
	require.Contains(t, do(exitFailed, "forget", "--entity", "contact", "--id", "1", "--yes"), "Odoo still has res.partner 1 (archived counts as there)")
	sim.Unlink("res.partner", ann)
	require.Contains(t, do(exitFailed, "forget", "--entity", "contacts", "--id", "1"), "row 1 of contacts is not deleted")
	do(exitDone, "resync", "--allow-deletes")
	require.Equal(t, "1", text(t, db, "SELECT COUNT(*) FROM contacts WHERE deleted_at IS NOT NULL"))

	out := do(exitPartly, "forget", "--entity", "contact", "--id", "1")
	require.Contains(t, out, "Would be erased of row 1 of contacts, Odoo's res.partner 1:")
	require.Contains(t, out, "webhook_logs    3 rows")
	require.Contains(t, out, "add --yes")
	require.Equal(t, "1", text(t, db, "SELECT COUNT(*) FROM webhook_logs WHERE subject = 'Ann Onyme'"))
	out = do(exitPartly, "forget", "--entity", "contact", "--id", "1", "--odoo", "--yes")
	require.Contains(t, out, "webhook_logs    3 rows")
	require.Contains(t, out, "sync_links      1 rows")
	require.Contains(t, out, "row 1 of contacts")
	require.Contains(t, out, "wait to be worked: 1.")
	exec("UPDATE webhook_logs SET status = 'success', processed_at = NOW() WHERE status = 'pending'")
	out = do(exitDone, "forget", "--entity", "contact", "--id", "1", "--yes")
	require.Contains(t, out, "webhook_logs    1 rows")
	require.Contains(t, out, "sync_changes    0 rows")

	for _, query := range []string{
		"SELECT COUNT(*) FROM webhook_logs WHERE CONCAT_WS(' ', event_data, body, subject) LIKE '%Ann%' OR body LIKE '%ann@%'",
		"SELECT COUNT(*) FROM webhook_logs WHERE odoo_id <> 7 AND error_message LIKE '%Ann%'",
		"SELECT COUNT(*) FROM sync_changes WHERE changes LIKE '%Ann%' OR changes LIKE '%06%'",
		"SELECT COUNT(*) FROM sync_links WHERE base IS NOT NULL AND entity = 'contacts' AND odoo_id = 1",
	} {
		require.Equal(t, "0", text(t, db, query), query)
	}
	require.Equal(t, "1", text(t, db, "SELECT COUNT(*) FROM webhook_logs WHERE event_data LIKE '%Bob%' AND body_sha IS NULL"))
	require.Contains(t, text(t, db, "SELECT body FROM webhook_logs WHERE odoo_id = 5"), `"name":"S00005"`)
	require.Equal(t, `{"data":{"id":1},"event":"res.partner.updated"}`, text(t, db, "SELECT body FROM webhook_logs WHERE odoo_id = 1 AND model = 'res.partner'"))
	require.Equal(t, "deleted 1 1", text(t, db, "SELECT CONCAT(state, ' ', local_id, ' ', odoo_id) FROM sync_links WHERE entity = 'contacts' AND odoo_id = 1"))
	require.Equal(t, "3", text(t, db, "SELECT COUNT(*) FROM sync_audit WHERE action = 'forget'"), "and the refusal")
	require.Equal(t, "0", text(t, db, "SELECT COUNT(*) FROM sync_audit WHERE CONCAT_WS(' ', target, details, result) LIKE '%Ann%'"))

	// Nothing brings the person back, nor does the API's own erasing.
	api, err := mysqldb.Open(mysqldb.Options{DSN: strings.TrimPrefix(environ[0], "ODOOSYNC_DATABASE_DSN="), Foreign: true, MaxOpen: 1})
	require.NoError(t, err)
	defer api.Close()
	_, err = api.Exec("UPDATE contacts SET name = '', email = NULL, phone = NULL WHERE id = 1")
	require.NoError(t, err)
	require.Equal(t, "1", text(t, db, "SELECT COUNT(*) FROM sync_outbox WHERE local_id = '1' AND status = 'pending'"))
	do(exitDone, "resync")
	require.Equal(t, "1", text(t, db, "SELECT COUNT(*) FROM contacts WHERE deleted_at IS NOT NULL AND name = ''"))
	require.Equal(t, "0", text(t, db, "SELECT COUNT(*) FROM sync_conflicts WHERE state = 'open'"))
}

// Without an Odoo to ask, the deletion that a webhook told must do.
func TestForgetWithoutOdoo(t *testing.T) {
	db, environ := alone(t)
	t.Chdir(t.TempDir())
	for _, statement := range []string{
		"INSERT INTO contacts (id, odoo_id, name, deleted_at) VALUES (3, 12, 'Ann Onyme', NOW())",
		"INSERT INTO sync_links (entity, local_id, odoo_id, uuid, state, base) VALUES ('contacts', '3', 12, '0193a5f0-0000-7000-8000-000000000000', 'synced', '{\"f\": {\"name\": \"Ann Onyme\"}}')",
		"INSERT INTO webhook_logs (event_type, event_data, status, processed_at, model, odoo_id, body, source, next_attempt_at, received_us)" +
			" VALUES ('res.partner.created', '{\"id\": 12, \"name\": \"Ann Onyme\"}', 'success', NOW(), 'res.partner', 12, '{\"_model\": \"res.partner\", \"_id\": 12, \"name\": \"Ann Onyme\"}', 'automation', NOW(), NOW())",
	} {
		_, err := db.Exec(statement)
		require.NoError(t, err)
	}
	_, err := run(t, environ, "forget", "--entity", "contact", "--id", "3", "--yes")
	require.Equal(t, exitFailed, exitCode(err))
	require.Contains(t, sentence(err), "no webhook has told that Odoo deleted res.partner 12")
	_, err = db.Exec("UPDATE sync_links SET state = 'deleted'")
	require.NoError(t, err)
	out, err := run(t, environ, "forget", "--entity", "contact", "--id", "3", "--yes")
	require.NoError(t, err)
	require.Contains(t, out, "Erased of row 3 of contacts, Odoo's res.partner 12:")
	require.Equal(t, `{"_id":12,"_model":"res.partner"}`, text(t, db, "SELECT body FROM webhook_logs"))
	require.Equal(t, `{"id":12}`, text(t, db, "SELECT event_data FROM webhook_logs"))
	require.Equal(t, "done", text(t, db, "SELECT result FROM sync_audit WHERE result = 'done'"))
}

// alone is a database with the settings of a program without an Odoo.
func alone(t *testing.T) (*mysqldb.DB, []string) {
	t.Helper()
	dsn := dbtest.DSN(t)
	return dbtest.Open(t, dsn), []string{"ODOOSYNC_DATABASE_DSN=" + dsn, "ODOOSYNC_LOG_LEVEL=error"}
}
