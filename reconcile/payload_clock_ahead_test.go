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

// A sender whose clock runs ahead (it writes local time, say) has its events
// clamped to their receipt. One that it delivers twice is no newer for that.
func TestADoubledEventOfAClockAheadIsOldNews(t *testing.T) {
	b, _ := newPayloadBench(t)
	clock := clockwork.NewFakeClockAt(storyDay)
	inbox := queue.NewInbox(b.db, queue.Options{Clock: clock})
	t.Cleanup(inbox.Stop)
	b.inbox = inbox
	payloads := reconcile.NewPayloads(reconcile.New(reconcile.Options{DB: b.db, Mapping: b.mappingWith(nil, "  leads:\n", "  leads:\n"), Hints: inbox, Clock: clock}))
	for _, name := range []string{"Rome", "Milan", "Rome"} {
		data, now := `{"id": 1, "name": "`+name+`"}`, clock.Now().UTC()
		_, err := inbox.Append(b.ctx, queue.Event{Type: "res.partner.updated", Model: "res.partner", OdooID: 1, Source: queue.SourceWebhook,
			Data: json.RawMessage(data), Body: []byte(`{"timestamp": "ahead: ` + name + `", "data": ` + data + `}`), EventTime: now, ReceivedAt: now})
		require.NoError(t, err)
		b.work(payloads, clock)
		clock.Advance(time.Minute)
	}
	require.Equal(t, "Milan", b.rows("SELECT name FROM contacts"))
	require.Equal(t, "3", b.rows("SELECT COUNT(*) FROM webhook_logs WHERE status = 'success'"))
}
