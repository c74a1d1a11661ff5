package app_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/configs"
	"odoosync/internal/dbtest"
)

// A webhook that failed while nobody looked is told when the daemon starts, and
// only once by two of them.
func TestAFailedWebhookAlerts(t *testing.T) {
	got := make(chan map[string]any, 10)
	site := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var one map[string]any
		_ = json.NewDecoder(r.Body).Decode(&one)
		got <- one
	}))
	t.Cleanup(site.Close)
	dsn := dbtest.DSN(t)
	first := start(t, dsn, nil)
	require.Equal(t, 200, first.post("partner", `{"event": "res.partner.updated", "timestamp": "2025-01-22T10:00:00Z", "data": {"id": 1, "name": "Mairie"}}`))
	first.finished(1)
	_, err := first.app.DB().Exec("UPDATE webhook_logs SET status = 'error', outcome = 'failed', attempts = 3")
	require.NoError(t, err)
	require.NoError(t, first.app.Stop(t.Context()))
	alerting := func(c *configs.Config) {
		c.Alerts.WebhookURL, c.Alerts.Link = configs.Secret(site.URL), "https://sync.example"
	}
	second := start(t, dsn, alerting)
	select {
	case one := <-got:
		require.Equal(t, []any{"firing", "failed_webhooks", "webhooks failed for good: 1", "https://sync.example"}, []any{one["status"], one["reason"], one["message"], one["url"]})
	case <-time.After(30 * time.Second):
		t.Fatal("nobody was told")
	}
	second.eventually("1", "SELECT COUNT(*) FROM sync_alerts WHERE told_at IS NOT NULL")
	require.NoError(t, second.app.Stop(t.Context()))
	third := start(t, dsn, alerting)
	third.eventually("1", "SELECT COUNT(*) FROM sync_leases WHERE name = 'alerts' AND fence > 1")
	require.NoError(t, third.app.Stop(t.Context()))
	require.Empty(t, got, "a restart tells nothing again")
}
