package main

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/odooclient"
)

// TestAReceiverThatIsDown keeps the daemon away for ODOOSYNC_TEST_DOWN (1h) while
// people go on editing in a real Odoo. Then Odoo sends everything by itself, each
// record's events in their order; it may first wait as long as its last pause.
func TestAReceiverThatIsDown(t *testing.T) {
	if os.Getenv("ODOO_SRC") == "" || os.Getenv("ODOOSYNC_TEST_DOWN") == "" {
		t.Skip("it takes hours, and ODOO_SRC and ODOOSYNC_TEST_DOWN are not both set: make soak-odoo")
	}
	down, err := time.ParseDuration(os.Getenv("ODOOSYNC_TEST_DOWN"))
	require.NoError(t, err)
	w := newLive(t)
	var ids []int64
	for i := range 10 {
		ids = append(ids, w.create("res.partner", map[string]any{"name": fmt.Sprintf("down %d", i)}))
	}
	for _, id := range ids {
		w.row("contacts", "deleted_at IS NULL", id, "1")
	}
	w.stop()
	const edits = 60
	tick := time.NewTicker(down / edits)
	defer tick.Stop()
	for edit := range edits {
		<-tick.C
		for _, id := range ids {
			w.write("res.partner", id, map[string]any{"city": fmt.Sprintf("edit %d", edit)})
		}
	}
	w.begin()
	up := time.Now()
	unsent := func() int {
		found, err := w.client.Search(w.ctx, "webhook.delivery", []any{[]any{"model", "=", "res.partner"}, []any{"state", "!=", "sent"}}, odooclient.Page{})
		require.NoError(t, err)
		return len(found)
	}
	waiting := unsent()
	require.Eventually(t, func() bool { return unsent() == 0 }, down+time.Hour, time.Second, "what Odoo has not sent")
	t.Logf("%d events waited after %s; all were sent within %s", waiting, down, time.Since(up).Round(time.Second))
	for _, id := range ids {
		w.row("contacts", "city", id, fmt.Sprintf("edit %d", edits-1))
		require.Equal(t, edits, number(t, w.db, "SELECT COUNT(DISTINCT delivery_id) FROM webhook_logs WHERE odoo_id = ? AND event_type = 'res.partner.updated' AND source = 'webhook'", id))
		require.Zero(t, number(t, w.db, `SELECT COUNT(*) FROM webhook_logs a JOIN webhook_logs b ON b.odoo_id = a.odoo_id AND b.id > a.id
			WHERE a.odoo_id = ? AND a.source = 'webhook' AND b.source = 'webhook' AND b.event_time < a.event_time`, id), "their order")
	}
}
