package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/dbtest"
	"odoosync/internal/odoosim"
	"odoosync/internal/openapitest"
)

// admin asks the admin API.
func (d *daemon) admin(method, path, body, token string) (int, string) {
	d.t.Helper()
	req, err := http.NewRequest(method, d.app.URL()+"/admin/api/"+path, strings.NewReader(body))
	require.NoError(d.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(d.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(d.t, err)
	openapitest.Admin().Check(d.t, method, "/admin/api/"+path, req.Header, body, resp.StatusCode, resp.Header, string(text))
	return resp.StatusCode, string(text)
}

// api runs statements as the API's own program does.
func (d *daemon) api(statements ...string) {
	d.t.Helper()
	conn, err := d.app.DB().Conn(context.Background())
	require.NoError(d.t, err)
	defer conn.Close()
	for _, s := range append(append([]string{"SET @odoosync_applying = NULL"}, statements...), "SET @odoosync_applying = 1") {
		_, err := conn.ExecContext(context.Background(), s)
		require.NoError(d.t, err, s)
	}
}

// eventually waits for a query's answer.
func (d *daemon) eventually(want, query string) {
	d.t.Helper()
	require.Eventually(d.t, func() bool { return d.rows(query) == want }, 30*time.Second, 20*time.Millisecond, "%s: %s", query, want)
}

// A conflict is seen and ended over HTTP, and the value arrives in Odoo without
// anything else being asked for.
func TestAConflictIsResolvedOverHTTP(t *testing.T) {
	sim := odoosim.New(odoosim.Options{})
	url, err := sim.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sim.Close()) })
	school := sim.Create("res.partner", odoosim.Values{"name": "École", "city": "Vannes", "street": "1, rue du Port"})
	mapping := filepath.Join(t.TempDir(), "mapping.yaml")
	text := strings.Replace(string(configs.Mapping), "    policy: newest\n    adopt: ask\n", "    policy: ask\n    adopt: ask\n", 1)
	require.NoError(t, os.WriteFile(mapping, []byte(text), 0o600))
	d := start(t, dbtest.DSN(t), func(c *configs.Config) {
		simulated(url)(c)
		c.Mapping.File, c.Admin.ReadToken, c.Schedule.Push = mapping, "read", time.Hour // nothing is pushed but on demand
	})
	d.eventually("Vannes", "SELECT city FROM contacts")
	sim.Write("res.partner", school, odoosim.Values{"city": "theirs", "street": "theirs"})
	d.api("UPDATE contacts SET city = 'ours', street = 'ours'")
	status, _ := d.admin("POST", "push", "", "token")
	require.Equal(t, 202, status)
	d.eventually("2", "SELECT COUNT(*) FROM sync_conflicts WHERE state = 'open'")

	status, body := d.admin("GET", "conflicts?entity=contacts", "", "read")
	require.Equal(t, 200, status, body)
	var page struct{ Conflicts []struct{ ID int64 } }
	require.NoError(t, json.Unmarshal([]byte(body), &page))
	require.Len(t, page.Conflicts, 2)
	require.Contains(t, body, `"odoo":"theirs","local":"ours"`)
	status, body = d.admin("GET", "status", "", "read")
	require.Equal(t, 200, status)
	require.Contains(t, body, `"open_conflicts":2`)
	require.Contains(t, body, `{"entity":"contacts","state":"conflict","records":1`)

	resolve := fmt.Sprintf("conflicts/%d/resolve", page.Conflicts[0].ID)
	status, _ = d.admin("POST", resolve, `{"take": "odoo"}`, "read")
	require.Equal(t, 403, status)
	require.Equal(t, "2", d.rows("SELECT COUNT(*) FROM sync_conflicts WHERE state = 'open'"))
	status, body = d.admin("POST", resolve, `{"take": {"city": "local", "street": "odoo"}}`, "token")
	require.Equal(t, 200, status, body)
	status, _ = d.admin("POST", "push", "", "token")
	require.Equal(t, 202, status)
	d.eventually("synced", "SELECT state FROM sync_status WHERE entity = 'contacts'")
	require.Equal(t, "ours | theirs", d.rows("SELECT city, street FROM contacts"))
	require.Equal(t, []any{"ours", "theirs"}, []any{sim.Get("res.partner", school)["city"], sim.Get("res.partner", school)["street"]})
	require.Equal(t, "local | admin API\nodoo | admin API", d.rows("SELECT winner, resolved_by FROM sync_conflicts ORDER BY field"))
	status, body = d.admin("POST", resolve, `{"take": {"city": "odoo"}}`, "token")
	require.Equal(t, 409, status, body)
}

func TestTheAdminAPIWithoutAnOdoo(t *testing.T) {
	d := start(t, dbtest.DSN(t), nil)
	status, body := d.admin("GET", "conflicts", "", "token")
	require.Equal(t, 200, status)
	require.JSONEq(t, `{"conflicts": []}`, body)
	status, body = d.admin("POST", "push", "", "token")
	require.Equal(t, 422, status)
	require.Contains(t, body, "set odoo.url")
	status, body = d.admin("POST", "conflicts/7/resolve", `{"take": "odoo"}`, "token")
	require.Equal(t, 404, status)
	require.Contains(t, body, "there is no conflict 7")
	status, _ = d.admin("GET", "nothing", "", "token")
	require.Equal(t, 404, status)
	status, _ = d.admin("DELETE", "conflicts", "", "token")
	require.Equal(t, 405, status)
}

// Where no token is set, one is made, kept for its owner alone, and shown once.
func TestAnAdminTokenIsMadeOnce(t *testing.T) {
	dir, dsn := t.TempDir(), dbtest.DSN(t)
	begin := func() string {
		c := configs.Default()
		c.Database.DSN, c.HTTP.Listen = configs.Secret(dsn), "127.0.0.1:0"
		var out strings.Builder
		a, err := app.Start(context.Background(), c, app.Options{VarDir: dir, Out: &out})
		require.NoError(t, err)
		defer func() { require.NoError(t, a.Stop(context.Background())) }()
		token, err := os.ReadFile(filepath.Join(dir, "admin-token"))
		require.NoError(t, err)
		d := &daemon{t: t, app: a}
		status, _ := d.admin("GET", "status", "", strings.TrimSpace(string(token)))
		require.Equal(t, 200, status)
		http.DefaultClient.CloseIdleConnections()
		return out.String()
	}
	require.Contains(t, begin(), "A new admin token (for the dashboard at /, and for /admin/api: Authorization: Bearer ...) was made")
	info, err := os.Stat(filepath.Join(dir, "admin-token"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NotContains(t, begin(), "admin token")
}

// What is asked of one record, one webhook, the edits and the audit stands in the
// database, and is answered in the described form.
func TestWhatAPersonAsks(t *testing.T) {
	sim := odoosim.New(odoosim.Options{})
	url, err := sim.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sim.Close()) })
	school := sim.Create("res.partner", odoosim.Values{"name": "École", "city": "Vannes"})
	d := start(t, dbtest.DSN(t), func(c *configs.Config) {
		simulated(url)(c)
		c.Admin.ReadToken, c.Schedule.Push = "read", time.Hour
	})
	d.eventually("Vannes", "SELECT city FROM contacts")
	sim.SetWebhooks(odoosim.WebhookOptions{URL: d.app.URL(), Key: "key"})
	sim.Write("res.partner", school, odoosim.Values{"city": "Nantes"})
	d.finished(1)
	get := func(path string) string {
		t.Helper()
		status, body := d.admin("GET", path, "", "read")
		require.Equal(t, 200, status, body)
		return body
	}
	body := get("webhooks/1")
	require.Contains(t, body, `"status":"success","outcome":"applied"`)
	require.Contains(t, body, `"changes":{"city":["Vannes","Nantes"]`)
	require.Contains(t, body, `"request_id":"`)
	require.Equal(t, get("records/contacts/1"), get(fmt.Sprintf("records/contacts/%d?side=odoo", school)))
	body = get("records/contacts/1?limit=1")
	require.Contains(t, body, `"cause":{"kind":"webhook","id":"1","webhook":{"id":1,"event":"res.partner.updated"`)
	require.Contains(t, body, `"next":`)
	status, _ := d.admin("GET", "records/contacts/999", "", "read")
	require.Equal(t, 404, status)

	d.api("UPDATE contacts SET city = 'Brest' WHERE id = 1")
	require.Contains(t, get("edits?entity=contacts&local_id=1"), `"op":"update","columns":["city"],"state":"waiting"`)
	status, body = d.admin("POST", "webhooks/replay", `{"event": "res.partner.updated", "since": "1h"}`, "token")
	require.Equal(t, 202, status, body)
	require.Contains(t, body, `"again":1`)
	d.finished(1)
	status, _ = d.admin("POST", "runs/999/cancel", "", "token")
	require.Equal(t, 404, status)
	body = get("audit")
	require.Contains(t, body, `"action":"replay","details":{"event":"res.partner.updated","since":"1h"},"result":"done","client":"127.0.0.1"`)
	require.Contains(t, body, `"action":"cancel","target":"runs/999/cancel","result":"there is no run 999`)
	require.Contains(t, get("figures?step=day"), `"received":1`)
	status, body = d.admin("GET", "figures?from=2020-01-01", "", "token")
	require.Equal(t, 422, status, body)
	for _, name := range []string{"openapi.yaml", "openapi.json"} {
		resp, err := http.Get(d.app.URL() + "/admin/api/" + name)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 200, resp.StatusCode, name)
	}
}
