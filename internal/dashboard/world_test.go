package dashboard_test

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/dbtest"
	"odoosync/internal/odoosim"
)

// hostile is what somebody hopes a page will run.
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>' {{.}} javascript:alert(1)`

// world is a daemon between a simulated Odoo and a database, with everything a
// person may have to look at: a conflict, a failed webhook, a refused edit, runs.
type world struct {
	t    *testing.T
	sim  *odoosim.Server
	app  *app.App
	base string

	school   int64 // a contact whose two fields are in conflict
	conflict int64
	failed   int64 // a webhook that failed
}

func newWorld(t *testing.T, change func(*configs.Config)) *world {
	t.Helper()
	w := &world{t: t, sim: odoosim.New(odoosim.Options{Seed: 1})}
	address, err := w.sim.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.sim.Close()) })
	w.sim.SeedSchoolTrips(odoosim.Size{Contacts: 12, Orders: 6, Invoices: 5, Leads: 4})
	w.school = w.sim.Create("res.partner", odoosim.Values{"name": "École " + hostile, "is_company": true, "city": "Vannes", "street": "1, rue du Port"})
	rules := filepath.Join(t.TempDir(), "mapping.yaml")
	text := strings.Replace(string(configs.Mapping), "    policy: newest\n    adopt: ask\n", "    policy: ask\n    adopt: ask\n", 1)
	require.NoError(t, os.WriteFile(rules, []byte(text), 0o600))
	c := configs.Default()
	c.Database.DSN, c.HTTP.Listen = configs.Secret(dbtest.DSN(t)), "127.0.0.1:0"
	c.Odoo.URL, c.Odoo.Database, c.Odoo.Login, c.Odoo.APIKey = address, "odoosim", "sync", "sim-key"
	c.Webhooks.APIKeys = []configs.Secret{"key"}
	c.Admin.Token, c.Admin.ReadToken, c.Mapping.File = "token", "read", rules
	c.Schedule.Push = 200 * time.Millisecond
	if change != nil {
		change(&c)
	}
	imported := make(chan struct{})
	w.app, err = app.Start(context.Background(), c, app.Options{VarDir: t.TempDir(), Logger: zaptest.NewLogger(t, zaptest.Level(zap.FatalLevel)), OnImported: func() { close(imported) }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.app.Stop(context.Background())) })
	w.base = w.app.URL()
	select {
	case <-imported:
	case <-time.After(time.Minute):
		t.Fatal("the import did not end")
	}
	return w
}

// troubled adds what a person has to look at.
func (w *world) troubled() *world {
	w.t.Helper()
	_, err := w.app.Pause(context.Background(), false, true) // both sides are edited before either follows
	require.NoError(w.t, err)
	w.edit("UPDATE contacts SET city = 'ours', street = 'ours' WHERE odoo_id = " + fmt.Sprint(w.school))
	w.sim.Write("res.partner", w.school, odoosim.Values{"city": "theirs " + hostile, "street": "theirs"})
	w.post("partner", fmt.Sprintf(`{"event": "res.partner.updated", "timestamp": "2026-01-15T10:30:00", "data": {"id": %d, "name": %q}}`, w.school, "École "+hostile))
	w.eventually("2", "SELECT COUNT(*) FROM sync_conflicts WHERE state = 'open'")
	_, err = w.app.Resume(context.Background(), false, true)
	require.NoError(w.t, err)
	w.conflict = w.number("SELECT MIN(id) FROM sync_conflicts WHERE state = 'open'")
	// One that failed as it was worked, one that was refused as it came.
	w.post("lead", fmt.Sprintf(`{"event": "crm.lead.updated", "timestamp": "2026-01-15T10:30:00", "data": {"id": %d, "name": "Voyage"}}`, w.sim.IDs("crm.lead")[0]))
	w.eventually("success", "SELECT status FROM webhook_logs WHERE event_type = 'crm.lead.updated' AND source = 'webhook'")
	w.failed = w.number("SELECT MIN(id) FROM webhook_logs WHERE event_type = 'crm.lead.updated'")
	w.exec("UPDATE webhook_logs SET status = 'error', attempts = 3, outcome = 'failed', error_code = 'rejected', error_message = ? WHERE id = ?", hostile, w.failed)
	require.Equal(w.t, 422, w.post("partner", fmt.Sprintf(`{"event": %q, "timestamp": "2026-01-15T10:30:00", "data": {"id": 1}}`, "res.partner."+hostile)))
	w.exec("INSERT INTO sync_outbox (entity, local_id, op, changed_columns, changed_at, status, error_message, next_attempt_at) VALUES ('contacts', '1', 'update', ?, NOW(6), 'error', ?, NOW(6))", `["city"]`, hostile)
	w.exec("INSERT INTO sync_audit (at, who, action, target, result) VALUES (NOW(6), ?, 'forget', ?, ?)", hostile, hostile, hostile)
	return w
}

func (w *world) edit(statement string) {
	w.t.Helper()
	db, err := w.app.OpenAsAPI()
	require.NoError(w.t, err)
	defer db.Close()
	_, err = db.ExecContext(context.Background(), statement)
	require.NoError(w.t, err)
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	_, err := w.app.DB().ExecContext(context.Background(), query, args...)
	require.NoError(w.t, err)
}

func (w *world) text(query string) string {
	w.t.Helper()
	rows, err := w.app.DB().QueryContext(context.Background(), query)
	require.NoError(w.t, err)
	defer rows.Close()
	var out string
	for rows.Next() {
		require.NoError(w.t, rows.Scan(&out))
	}
	require.NoError(w.t, rows.Err())
	return out
}

func (w *world) number(query string) (n int64) {
	w.t.Helper()
	_, err := fmt.Sscan(w.text(query), &n)
	require.NoError(w.t, err)
	return n
}

func (w *world) eventually(want, query string) {
	w.t.Helper()
	require.Eventually(w.t, func() bool { return w.text(query) == want }, 30*time.Second, 20*time.Millisecond, "%s: %s", query, want)
}

// post sends a webhook.
func (w *world) post(path, body string) int {
	w.t.Helper()
	req, err := http.NewRequest(http.MethodPost, w.base+"/webhooks/odoo/"+path, strings.NewReader(body))
	require.NoError(w.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer key")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(w.t, err)
	defer resp.Body.Close()
	return resp.StatusCode
}

// visitor is a browser without scripts.
type visitor struct {
	*world
	client *http.Client
	lang   string
}

// visit is somebody who has not logged in.
func (w *world) visit(lang string) *visitor {
	jar, err := cookiejar.New(nil)
	require.NoError(w.t, err)
	v := &visitor{w, &http.Client{Jar: jar, Transport: &http.Transport{}}, lang}
	w.t.Cleanup(v.client.CloseIdleConnections)
	return v
}

// as is somebody who has logged in.
func (w *world) as(token, lang string) *visitor {
	w.t.Helper()
	v := w.visit(lang)
	page := v.submit("/login", url.Values{"token": {token}})
	require.Equal(w.t, 200, page.status)
	return v
}

// answer is a page that was parsed.
type answer struct {
	*goquery.Document
	t      *testing.T
	status int
	header http.Header
	url    *url.URL
	html   string
}

func (v *visitor) do(req *http.Request) answer {
	v.t.Helper()
	req.Header.Set("Accept", "text/html,application/xhtml+xml")
	req.Header.Set("Accept-Language", v.lang)
	resp, err := v.client.Do(req)
	require.NoError(v.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(v.t, err)
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(string(body)))
	require.NoError(v.t, err)
	return answer{doc, v.t, resp.StatusCode, resp.Header, resp.Request.URL, string(body)}
}

func (v *visitor) get(path string) answer {
	v.t.Helper()
	req, err := http.NewRequest(http.MethodGet, v.base+path, nil)
	require.NoError(v.t, err)
	return v.do(req)
}

func (v *visitor) submit(path string, form url.Values) answer {
	v.t.Helper()
	req, err := http.NewRequest(http.MethodPost, v.base+path, strings.NewReader(form.Encode()))
	require.NoError(v.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", v.base)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return v.do(req)
}

var tags = regexp.MustCompile(`<[^>]*>`)

// words is the text of the first element, with its white space in one.
func (a answer) words(selector string) string {
	a.t.Helper()
	found := a.Find(selector).First()
	if found.Length() == 0 {
		return ""
	}
	text, err := found.Html()
	require.NoError(a.t, err)
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(text, " "))), " ")
}
