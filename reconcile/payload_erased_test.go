package reconcile_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/queue"
	"odoosync/reconcile"
)

// A webhook whose values were erased is not applied by what is left of them,
// whoever had it worked again.
func TestAnErasedWebhookIsNotApplied(t *testing.T) {
	b, _ := newPayloadBench(t)
	clock := clockwork.NewFakeClockAt(storyDay)
	inbox := queue.NewInbox(b.db, queue.Options{Clock: clock})
	t.Cleanup(inbox.Stop)
	b.inbox = inbox
	payloads := reconcile.NewPayloads(reconcile.New(reconcile.Options{DB: b.db, Mapping: b.mappingWith(nil, "  leads:\n", "  leads:\n"), Hints: inbox, Clock: clock}))
	data, now := `{"id": 1, "name": "Rome", "email": "rome@example.org"}`, clock.Now().UTC()
	_, err := inbox.Append(b.ctx, queue.Event{Type: "res.partner.updated", Model: "res.partner", OdooID: 1, Source: queue.SourceWebhook,
		Data: json.RawMessage(data), Body: []byte(`{"data": ` + data + `}`), EventTime: now, ReceivedAt: now})
	require.NoError(t, err)
	b.work(payloads, clock)
	n, err := queue.Erase(b.ctx, b.db, []int64{1}, queue.EraseFields([]string{"email"}))
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	clock.Advance(time.Hour)
	_, err = queue.Replay{IDs: []int64{1}}.Run(b.ctx, b.db, clock.Now()) // while Odoo was asked, say
	require.NoError(t, err)
	b.work(payloads, clock)
	require.Equal(t, "rome@example.org", b.rows("SELECT email FROM contacts"))
	require.Equal(t, "pending | rejected", b.rows("SELECT status, error_code FROM webhook_logs"))
	require.Contains(t, b.rows("SELECT error_message FROM webhook_logs"), "erased")
}
