package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// An event whose record is being written to Odoo (payload mode with an odoo.url)
// waits for the write to end; the events of other records do not.
func TestAPayloadWaitsForAnOpenWrite(t *testing.T) {
	b, payloads := newPayloadBench(t)
	b.tell(payloads, "res.partner.created", "res.partner", 1, 0, `{"id": 1, "name": "École"}`)
	b.exec(`UPDATE sync_links SET intent = '{"token": "t", "step": "update", "sent": {}}', intent_deadline = UTC_TIMESTAMP(6) + INTERVAL 3 MINUTE`)
	b.tell(payloads, "res.partner.updated", "res.partner", 1, 1, `{"id": 1, "name": "Lycée"}`)
	b.tell(payloads, "res.partner.created", "res.partner", 2, 2, `{"id": 2, "name": "Mairie"}`)
	require.Equal(t, "1 | École\n2 | Mairie", b.rows("SELECT odoo_id, name FROM contacts ORDER BY odoo_id"))
	require.Equal(t, "success | 0\npending | 0\nsuccess | 0", b.rows("SELECT status, attempts FROM webhook_logs ORDER BY id"))

	b.exec("UPDATE sync_links SET intent_deadline = '2000-01-01' WHERE odoo_id = 1") // Odoo is not there any more to ask
	b.exec("UPDATE webhook_logs SET next_attempt_at = '2000-01-01' WHERE status = 'pending'")
	b.work(payloads, nil)
	require.Equal(t, "Lycée", b.rows("SELECT name FROM contacts WHERE odoo_id = 1"))
	require.Equal(t, "1", b.rows("SELECT intent IS NULL FROM sync_links WHERE odoo_id = 1"))
}
