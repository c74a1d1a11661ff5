package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/configs"
	"odoosync/internal/dbtest"
)

// send posts with further headers.
func (d *daemon) sendRaw(path, body string, header map[string]string) int {
	d.t.Helper()
	req, err := http.NewRequest(http.MethodPost, d.app.URL()+"/webhooks/odoo/"+path, strings.NewReader(body))
	require.NoError(d.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer key")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(d.t, err)
	require.NoError(d.t, resp.Body.Close())
	return resp.StatusCode
}

const partner45 = `{"event": "res.partner.updated", "timestamp": "2025-01-22T09:00:00Z", "data": {"id": 45, "name": "École"}}`

// With a signing secret nothing unsigned changes a row: the automation address
// asks for no signature, so without an Odoo to read its body must not be believed.
func TestAnUnsignedBodyChangesNoRow(t *testing.T) {
	d := start(t, dbtest.DSN(t), func(c *configs.Config) {
		c.Webhooks.SigningSecrets = []configs.Secret{"a secret of thirty-two bytes long"}
	})
	require.Equal(t, 401, d.post("partner", partner45))
	status := d.post("automation/key", `{"_model": "res.partner", "_id": 45, "_action": "x", "name": "Forged", "email": "thief@example.org"}`)
	if status == 200 {
		d.finished(1)
	}
	require.Empty(t, d.rows("SELECT name, email FROM contacts"))
}

// A request's own id is for the log: whatever bytes it has, the event is stored.
func TestARequestIDRefusesNoEvent(t *testing.T) {
	d := start(t, dbtest.DSN(t), nil)
	for name, id := range map[string]string{
		"no text":             "\xff\xfe",
		"cut in a character":  strings.Repeat("a", 63) + "é",
		"a long one":          strings.Repeat("a", 1000),
		"four bytes a letter": "😀",
		"quotes":              `"'; DROP TABLE contacts; --`,
	} {
		require.Equal(t, 200, d.sendRaw("partner", partner45, map[string]string{"X-Request-ID": id}), name)
		d.finished(1)
	}
}

// An event that is refused with 422 is logged, however long its names are.
func TestARefusalIsLoggedHoweverLong(t *testing.T) {
	d := start(t, dbtest.DSN(t), nil)
	long := strings.Repeat("k", 70_000)
	for name, body := range map[string]string{
		"a key":   fmt.Sprintf(`{"event": "res.partner.updated", "data": {"id": 1, %q: 1e999}}`, long),
		"a value": fmt.Sprintf(`{"event": "res.partner.updated", "timestamp": %q, "data": {"id": 1}}`, long),
		"a type":  fmt.Sprintf(`{"event": %q, "data": {"id": 1}}`, long),
		"an id":   fmt.Sprintf(`{"event": "res.partner.updated", "data": {"id": %q}}`, long),
	} {
		before := d.rows("SELECT COUNT(*) + 1 FROM webhook_logs WHERE status = 'error'")
		require.Equal(t, 422, d.post("partner", body), name)
		require.Equal(t, before, d.rows("SELECT COUNT(*) FROM webhook_logs WHERE status = 'error'"), name)
	}
}
