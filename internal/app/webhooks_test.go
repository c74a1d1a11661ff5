package app_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
)

// Where the events' own data is applied, a replayed older event overwrites
// nothing that a newer one told; of two at one time the later receipt stays.
func TestAReplayOverwritesNothingNewer(t *testing.T) {
	d := start(t, dbtest.DSN(t), nil)
	for _, e := range []struct{ at, data string }{
		{"10:00:00", `"name": "First", "city": "Vannes", "phone": "1"`},
		{"10:05:00", `"name": "Second"`},
		{"10:05:00", `"name": "Third"`},
		{"10:01:00", `"city": "Nantes"`},
	} {
		require.Equal(t, 200, d.post("partner", fmt.Sprintf(`{"event": "res.partner.updated", "timestamp": "2025-01-22T%sZ", "data": {"id": 7, %s}}`, e.at, e.data)))
		d.finished(1)
	}
	d.eventually("Third | Nantes | 1", "SELECT name, city, phone FROM contacts")
	for id, again := range map[int]int{1: 1, 2: 2, 3: 1} {
		status, body := d.admin("POST", fmt.Sprintf("webhooks/%d/replay", id), "", "token")
		require.Equal(t, 202, status, body)
		require.Contains(t, body, fmt.Sprintf(`"again":%d`, again))
		d.finished(again)
		require.Equal(t, "Third | Nantes | 1", d.rows("SELECT name, city, phone FROM contacts"), "after the webhook %d", id)
	}
	d.eventually("4", "SELECT COUNT(*) FROM webhook_logs WHERE status = 'success'")
	require.Equal(t, 200, d.post("partner", `{"event": "res.partner.deleted", "timestamp": "2025-01-22T11:00:00Z", "data": {"id": 7}}`))
	d.finished(1)
	status, _ := d.admin("POST", "webhooks/1/replay", "", "token")
	require.Equal(t, 202, status)
	d.finished(1)
	require.Equal(t, "1", d.rows("SELECT deleted_at IS NOT NULL FROM contacts"), "a deletion is final")
	status, body := d.admin("GET", "webhooks?q=7&status=success", "", "token")
	require.Equal(t, 200, status)
	require.Contains(t, body, `"event":"res.partner.deleted"`)
}
