package app_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
)

// send posts a contact's payload and returns the answer's status, Retry-After
// and body.
func (d *daemon) send(ctx context.Context, id int) (status int, retryAfter, body string, err error) {
	payload := fmt.Sprintf(`{"event": "res.partner.created", "timestamp": "2025-01-22T10:00:00Z", "data": {"id": %d, "name": "Contact %d"}}`, id, id)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.app.URL()+"/webhooks/odoo/partner", strings.NewReader(payload))
	if err != nil {
		return 0, "", "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer key")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header.Get("Retry-After"), string(text), err
}

// MySQL dies in the middle of a burst: senders get 503, what was acknowledged
// is applied once MySQL is back, and nobody has to restart the daemon.
func TestMySQLGoneDuringABurst(t *testing.T) {
	server := dbtest.NewServer(t, "burst")
	d := start(t, server.DSN("burst"), nil)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var mu sync.Mutex
	acknowledged, refused := map[int]bool{}, 0
	enough := make(chan struct{})
	var group sync.WaitGroup
	for sender := range 8 {
		group.Go(func() {
			for i := range 1_000 {
				id := sender*1_000 + i + 1
				status, retryAfter, body, err := d.send(ctx, id)
				mu.Lock()
				switch {
				case err != nil:
					t.Error(err)
				case status == http.StatusOK:
					if acknowledged[id] = true; len(acknowledged) == 200 {
						close(enough)
					}
				default:
					refused++
					if status != http.StatusServiceUnavailable || retryAfter == "" || !strings.Contains(body, `"status":"error"`) || strings.Contains(body, "INSERT") {
						t.Errorf("answered %d, Retry-After %q: %s", status, retryAfter, body)
					}
				}
				mu.Unlock()
				if err != nil || status != http.StatusOK {
					return // a sender that comes again later
				}
			}
		})
	}
	<-enough
	server.Kill()
	group.Wait()
	require.Equal(t, 8, refused)
	resp, err := http.Get(d.app.URL() + "/readyz")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	require.NoError(t, server.Resume(ctx))

	require.Eventually(t, func() bool {
		return d.rows("SELECT 1 FROM webhook_logs WHERE status = 'pending' AND source = 'webhook' LIMIT 1") == ""
	}, 30*time.Second, 50*time.Millisecond,
		"work goes on by itself, and soon")
	for id := range acknowledged {
		require.Equal(t, "1", d.rows(fmt.Sprintf("SELECT COUNT(*) FROM contacts WHERE odoo_id = %d AND name = 'Contact %d'", id, id)))
	}
	status, _, _, err := d.send(ctx, 100_000)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	t.Logf("%d acknowledged before the kill, %d refused after it", len(acknowledged), refused)
}
