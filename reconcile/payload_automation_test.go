package reconcile_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/queue"
)

// Odoo's own notification names the record by _id; nothing makes it send id.
func TestAnAutomationsOrderNeedsNoID(t *testing.T) {
	b, payloads := newPayloadBench(t)
	body := `{"_model": "sale.order", "_id": 7, "_action": "Send Webhook Notification(#1)", "name": "S7", "state": "sale"}`
	_, err := b.inbox.Append(b.ctx, queue.Event{Type: "automation", Model: "sale.order", OdooID: 7, Source: "automation", Data: json.RawMessage(body), Body: []byte(body), EventTime: storyDay})
	require.NoError(t, err)
	b.work(payloads, nil)
	require.Equal(t, "success | NULL", b.rows("SELECT status, error_message FROM webhook_logs"))
	require.Equal(t, "S7 | confirmed", b.rows("SELECT q.name, t.status FROM quotes q JOIN travels t ON t.quote_id = q.id"))
}
