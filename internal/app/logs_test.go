package app_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/configs"
	"odoosync/internal/dbtest"
	"odoosync/internal/logs"
	"odoosync/internal/odoosim"
)

// written is a log that is written and read at once.
type written struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// line is the first line with all of these texts.
func (w *written) line(texts ...string) string {
	for l := range strings.Lines(w.String()) {
		found := true
		for _, text := range texts {
			found = found && strings.Contains(l, text)
		}
		if found {
			return l
		}
	}
	return ""
}

// Through success, conflict and every kind of refusal the log tells what happened
// to which record, and neither what is in it nor any key.
func TestTheLogTellsNoValuesAndNoSecrets(t *testing.T) {
	sim := odoosim.New(odoosim.Options{})
	var mu sync.Mutex
	asked := map[string]bool{} // X-Request-Id of the calls to Odoo
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.Header.Get("X-Request-Id")] = true
		mu.Unlock()
		sim.ServeHTTP(w, r)
	}))
	t.Cleanup(site.Close)
	t.Cleanup(func() { require.NoError(t, sim.Close()) })
	marked := odoosim.Values{"name": "Quintessa Zmarkova", "city": "Zmarkville", "email": "q.zmarkova@private.example", "phone": "+33 6 98 76 54 32"}
	person := sim.Create("res.partner", marked)
	mapping := filepath.Join(t.TempDir(), "mapping.yaml")
	text := strings.Replace(string(configs.Mapping), "    policy: newest\n    adopt: ask\n", "    policy: ask\n    adopt: ask\n", 1)
	require.NoError(t, os.WriteFile(mapping, []byte(text), 0o600))
	log := &written{}
	logger, err := logs.New(logs.Options{Level: "debug", Format: "json", Out: log})
	require.NoError(t, err)
	const hookKey, adminKey, readKey, signing = "hook-key-4711", "admin-key-4712", "read-key-4713", "signing-4714"
	d := startWith(t, dbtest.DSN(t), logger, func(c *configs.Config) {
		simulated(site.URL)(c)
		c.Mapping.File, c.Schedule.Push = mapping, time.Hour
		c.Webhooks.APIKeys, c.Admin.Token, c.Admin.ReadToken = []configs.Secret{hookKey}, adminKey, readKey
	})
	send := func(method, path, body string, headers ...string) int {
		t.Helper()
		req, err := http.NewRequest(method, d.app.URL()+path, strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	hook := func(id, body string) int {
		return send("POST", "/webhooks/odoo/partner", body, "Authorization", "Bearer "+hookKey, "X-Request-Id", id)
	}
	d.eventually("Zmarkville", "SELECT city FROM contacts")

	// Success, and a refusal of the request.
	event := `{"event": "res.partner.updated", "timestamp": "2025-01-22T10:00:00Z", "data": {"id": %d, "name": "Quintessa Zmarkova", "email": "q.zmarkova@private.example"}}`
	require.Equal(t, 200, hook("request-1", fmt.Sprintf(event, person)))
	d.finished(1)
	require.Equal(t, 422, hook("request-2", `{"event": "Zmarkova.exploded", "timestamp": "2025-01-22T10:00:00Z", "data": {"id": 1}}`))
	require.Equal(t, 422, hook("request-3", `{"event": "res.partner.updated", "timestamp": "Zmarkova", "data": {"id": 1}}`))
	require.Equal(t, 400, hook("request-4", `{"Zmarkova": 1, "Zmarkova": 2}`))
	require.Equal(t, 401, send("POST", "/webhooks/odoo/automation/"+signing, `{}`))
	require.Equal(t, 200, send("POST", "/webhooks/odoo/automation/"+hookKey, fmt.Sprintf(`{"_model": "res.partner", "_id": %d, "_action": "x", "name": "Zmarkova"}`, person)))
	d.finished(1)

	// A conflict, and refusals by Odoo and by our own check.
	sim.Write("res.partner", person, odoosim.Values{"city": "Zmarktown"})
	d.api("UPDATE contacts SET city = 'Zmarkhausen'",
		"INSERT INTO contacts (name, type, country_code, vat, is_company) VALUES ('Zmarkova SARL', 'contact', 'FR', 'FR23334175220', 1)",
		"INSERT INTO contacts (name, type, country_code) VALUES ('Zmarkova Lost', 'contact', 'ZQ')")
	auth := []string{"Authorization", "Bearer " + adminKey, "X-Request-Id", "request-5"}
	require.Equal(t, 202, send("POST", "/admin/api/push", "", auth...))
	d.eventually("1", "SELECT COUNT(*) FROM sync_conflicts WHERE state = 'open'")
	d.eventually("2", "SELECT COUNT(*) FROM sync_outbox WHERE status = 'error'")
	require.Contains(t, d.rows("SELECT GROUP_CONCAT(error_message) FROM sync_outbox WHERE status = 'error'"), "FR23334175220", "the record has the sentence")
	require.Equal(t, 200, send("POST", "/admin/api/conflicts/1/resolve", `{"take": "odoo"}`, auth...))
	require.Equal(t, 400, send("GET", "/admin/api/conflicts?token="+adminKey, "", auth...))
	require.Equal(t, 401, send("GET", "/admin/api/status?q=Zmarkova", "", "Authorization", "Bearer "+signing))
	require.Equal(t, 404, send("GET", "/admin/api/records/contacts/Zmarkova", "", auth...))

	for _, want := range [][]string{
		{`"webhook received"`, `"request-1"`},
		{`"webhook processed"`, `"request_id":"request-1"`, `"outcome":`, `"took":`, `"event":"res.partner.updated"`},
		{`"call to Odoo"`, `"request_id":"request-1"`, `"took":`},
		{`"webhook refused"`, `"request-3"`, `"reason":`},
		{`"row was refused"`, `"code":"rejected"`, `"row":"2"`},
		{`"conflict resolved"`, `"request-5"`},
		{`"request"`, `"route":"/webhooks/odoo/automation/:key"`, `"status":401`},
		{`"request"`, `"route":"/admin/api/conflicts"`, `"status":400`, `"took":`},
	} {
		require.NotEmpty(t, log.line(want...), "%v\n%s", want, log)
	}
	mu.Lock()
	require.True(t, asked["request-1"], "Odoo is told too")
	mu.Unlock()
	require.Equal(t, "request-1", d.rows("SELECT request_id FROM webhook_logs WHERE id = 1"))
	for _, secret := range []string{"zmark", "Zmark", "quintessa", "Quintessa", "98 76", "FR23334175220", hookKey, adminKey, readKey, signing, "sim-key"} {
		require.NotContains(t, log.String(), secret, log.line(secret))
	}
}
