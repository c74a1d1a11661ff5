package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/addons"
	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/realodoo"
	"odoosync/odooclient"
)

// live is a real Odoo with the module, the daemon as a program, and the API's
// database.
type live struct {
	t       *testing.T
	ctx     context.Context
	odoo    *realodoo.Server
	client  *odooclient.Client
	db      *mysqldb.DB
	environ []string
	daemon  daemon
	dir     string
	end     *testing.T // of the whole test
}

const (
	liveKey    = "the key of the test"
	liveSecret = "the secret of the test"
)

// What nobody can try without an Odoo: both directions of each model, with the
// module's own webhooks, through restarts of either side.
func TestWithARealOdoo(t *testing.T) {
	if os.Getenv("ODOO_SRC") == "" {
		t.Skip("ODOO_SRC names no checkout of Odoo")
	}
	w := newLive(t)
	for _, part := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"contacts", w.contacts}, {"orders", w.orders}, {"invoices", w.invoices}, {"leads", w.leads},
		{"from a save in Odoo to the row", w.latency}, {"many edits here", w.bulk}, {"edits on both sides at once", w.concurrent},
		{"the same field on both sides", w.sameField}, {"deletions", w.deletions},
		{"the daemon down, then up", w.daemonDown}, {"a delivery that never arrives", w.gap},
		{"Odoo killed before it sends", w.odooKilled}, {"no echo goes round", w.quiet},
	} {
		t.Run(part.name, func(t *testing.T) {
			w.t = t
			defer func() { w.t = nil }()
			part.run(t)
		})
	}
}

func newLive(t *testing.T) *live {
	source := os.Getenv("ODOO_SRC")
	series, err := realodoo.Series(source)
	require.NoError(t, err)
	folder, err := filepath.Abs(filepath.Dir(addons.Folder(filepath.Join("..", "..", "addons"), series)))
	require.NoError(t, err)
	modules := []string{addons.Module}
	if series == 16 {
		modules = append(modules, "l10n_generic_coa") // a chart of accounts
	}
	w := &live{t: t, end: t, dir: t.TempDir(), ctx: context.Background()}
	w.odoo, err = realodoo.New(w.ctx, realodoo.Options{Source: source, Addons: []string{folder}, Modules: modules, CronThreads: 1})
	require.NoError(t, err)
	t.Cleanup(w.odoo.Close)
	require.NoError(t, w.odoo.Start(w.ctx))
	w.client, err = odooclient.New(odooclient.Options{URL: w.odoo.URL(), Database: realodoo.Database, Login: realodoo.Login, APIKey: realodoo.Password})
	require.NoError(t, err)
	t.Cleanup(w.client.Close)
	dsn := dbtest.DSN(t)
	w.db = dbtest.Open(t, dsn)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	w.environ = []string{"ODOOSYNC_DATABASE_DSN=" + dsn, "ODOOSYNC_ODOO_URL=" + w.odoo.URL(), "ODOOSYNC_ODOO_DATABASE=" + realodoo.Database, "ODOOSYNC_ODOO_LOGIN=" + realodoo.Login,
		"ODOOSYNC_ODOO_API_KEY=" + realodoo.Password, "ODOOSYNC_HTTP_LISTEN=" + address, "ODOOSYNC_WEBHOOKS_API_KEYS=" + liveKey, "ODOOSYNC_WEBHOOKS_SIGNING_SECRETS=" + liveSecret,
		"ODOOSYNC_ADMIN_TOKEN=" + liveKey, "ODOOSYNC_SCHEDULE_POLL=15s", "ODOOSYNC_LOG_LEVEL=warn"}
	w.begin()
	w.await("the import", func() bool {
		return number(t, w.db, "SELECT COUNT(*) FROM sync_cursors WHERE name LIKE 'import:%' AND JSON_CONTAINS(value, 'true', '$.done')") == 4
	})
	for model, path := range map[string]string{"sale.order": "sale-order", "account.move": "invoice", "res.partner": "partner", "crm.lead": "lead"} {
		w.create("webhook.config", map[string]any{"name": model, "model": model, "webhook_url": "http://" + address + "/webhooks/odoo/" + path, "api_key": liveKey, "signing_secret": liveSecret})
	}
	return w
}

func (w *live) begin() {
	w.daemon = daemon{}
	w.daemon.cmd, w.daemon.url = program(w.t, w.dir, w.environ)
	cmd := w.daemon.cmd
	w.end.Cleanup(func() { _ = cmd.Process.Kill() })
}

func (w *live) stop() {
	require.NoError(w.t, w.daemon.cmd.Process.Signal(os.Interrupt))
	require.NoError(w.t, w.daemon.cmd.Wait())
}

func (w *live) await(what string, f func() bool) {
	w.t.Helper()
	require.Eventually(w.t, f, time.Minute, 5*time.Millisecond, what)
}

func (w *live) create(model string, values map[string]any) int64 {
	w.t.Helper()
	ids, err := w.client.Create(w.ctx, model, []map[string]any{values}, nil)
	require.NoError(w.t, err)
	return ids[0]
}

func (w *live) write(model string, id int64, values map[string]any) {
	w.t.Helper()
	require.NoError(w.t, w.client.Write(w.ctx, model, []int64{id}, values, nil))
}

func (w *live) call(model, method string, id int64) {
	w.t.Helper()
	_, err := w.client.Call(w.ctx, model, method, []any{[]int64{id}}, nil)
	if err != nil {
		require.ErrorIs(w.t, err, odooclient.ErrNoneResult)
	}
}

// get is a field of a record.
func (w *live) get(model string, id int64, field string) any {
	w.t.Helper()
	found, err := w.client.Read(w.ctx, model, []int64{id}, []string{field})
	require.NoError(w.t, err)
	if len(found) == 0 {
		return nil
	}
	return found[0][field]
}

// row waits until the record's row has the value.
func (w *live) row(table, column string, id int64, want string) {
	w.t.Helper()
	alive := "deleted_at IS NULL"
	if table == "travels" { // cancelled, never deleted
		alive = "TRUE"
	}
	query := fmt.Sprintf("SELECT COALESCE((SELECT COALESCE(%s, '') FROM %s WHERE odoo_id = ? AND %s), 'no row')", column, table, alive)
	w.await(fmt.Sprintf("%s of %s %d is not %q", column, table, id, want), func() bool {
		var is string
		require.NoError(w.t, w.db.QueryRow(query, id).Scan(&is))
		return is == want
	})
}

// api does what the API does.
func (w *live) api(statement string, args ...any) {
	w.t.Helper()
	conn, err := w.db.Conn(w.ctx)
	require.NoError(w.t, err)
	defer conn.Close()
	_, err = conn.ExecContext(w.ctx, "SET @odoosync_applying = NULL")
	require.NoError(w.t, err)
	defer func() { _, _ = conn.ExecContext(w.ctx, "SET @odoosync_applying = 1") }()
	_, err = conn.ExecContext(w.ctx, statement, args...)
	require.NoError(w.t, err)
}

// field waits until the record has the value.
func (w *live) field(model string, id int64, field string, want any) {
	w.t.Helper()
	w.await(fmt.Sprintf("%s of %s %d is not %v", field, model, id, want), func() bool { return w.get(model, id, field) == want })
}

// record waits until a row has a record.
func (w *live) record(table, where string) int64 {
	w.t.Helper()
	query := "SELECT COALESCE(MAX(odoo_id), 0) FROM " + table + " WHERE " + where
	w.await("a record for the row of "+table, func() bool { return number(w.t, w.db, query) != 0 })
	return int64(number(w.t, w.db, query))
}

func (w *live) contacts(t *testing.T) {
	id := w.create("res.partner", map[string]any{"name": "Mairie", "city": "Vannes"})
	w.row("contacts", "city", id, "Vannes")
	w.write("res.partner", id, map[string]any{"city": "Brest"})
	w.row("contacts", "city", id, "Brest")
	w.api("UPDATE contacts SET phone = '0102030405' WHERE odoo_id = ?", id)
	w.field("res.partner", id, "phone", "0102030405")
	require.NoError(t, w.client.Unlink(w.ctx, "res.partner", []int64{id}, nil))
	w.row("contacts", "city", id, "no row")
	w.api("INSERT INTO contacts (name, city) VALUES ('Lycée', 'Nantes')")
	made := w.record("contacts", "name = 'Lycée'")
	require.Equal(t, "Nantes", w.get("res.partner", made, "city"))
}

func (w *live) orders(t *testing.T) {
	partner := w.create("res.partner", map[string]any{"name": "Collège"})
	product := w.create("product.product", map[string]any{"name": "Séjour", "type": "service"})
	id := w.create("sale.order", map[string]any{"partner_id": partner, "order_line": []any{[]any{0, 0, map[string]any{"product_id": product, "name": "Rome", "price_unit": 10.0}}}})
	w.row("quotes", "state", id, "draft")
	require.Equal(t, 1, number(t, w.db, "SELECT COUNT(*) FROM quote_lines l JOIN quotes q ON q.id = l.quote_id WHERE q.odoo_id = ? AND l.name = 'Rome'", id))
	w.write("sale.order", id, map[string]any{"client_order_ref": "theirs"})
	w.row("quotes", "client_ref", id, "theirs")
	w.call("sale.order", "action_confirm", id)
	w.row("quotes", "state", id, "sale")
	w.row("travels", "status", id, "confirmed")
	draft := w.create("sale.order", map[string]any{"partner_id": partner})
	w.row("quotes", "state", draft, "draft")
	require.NoError(t, w.client.Unlink(w.ctx, "sale.order", []int64{draft}, nil))
	w.row("quotes", "state", draft, "no row")
}

func (w *live) invoices(*testing.T) {
	partner := w.create("res.partner", map[string]any{"name": "École"})
	id := w.create("account.move", map[string]any{"move_type": "out_invoice", "partner_id": partner, "invoice_line_ids": []any{[]any{0, 0, map[string]any{"name": "Car", "price_unit": 50.0}}}})
	w.row("invoices", "state", id, "draft")
	w.write("account.move", id, map[string]any{"ref": "theirs"})
	w.row("invoices", "ref", id, "theirs")
	w.api("UPDATE invoices SET ref = 'ours' WHERE odoo_id = ?", id)
	w.field("account.move", id, "ref", "ours")
	w.call("account.move", "action_post", id)
	w.row("invoices", "state", id, "posted")
}

func (w *live) leads(*testing.T) {
	id := w.create("crm.lead", map[string]any{"name": "Voyage", "type": "opportunity"})
	w.row("leads", "name", id, "Voyage")
	w.write("crm.lead", id, map[string]any{"city": "Lille"})
	w.row("leads", "city", id, "Lille")
	w.api("UPDATE leads SET phone = '0102030405' WHERE odoo_id = ?", id)
	w.field("crm.lead", id, "phone", "0102030405")
	w.call("crm.lead", "action_set_won", id)
	w.row("leads", "status", id, "won")
}

func (w *live) latency(t *testing.T) {
	id := w.create("res.partner", map[string]any{"name": "Vite"})
	w.row("contacts", "name", id, "Vite")
	var took []time.Duration
	for i := range 50 {
		city := fmt.Sprintf("city %d", i)
		w.write("res.partner", id, map[string]any{"city": city})
		saved := time.Now()
		w.row("contacts", "city", id, city)
		took = append(took, time.Since(saved))
	}
	slices.Sort(took)
	t.Logf("from the save's answer to the row: median %s, %s to %s", took[25].Round(time.Millisecond), took[0].Round(time.Millisecond), took[49].Round(time.Millisecond))
	require.Less(t, took[25], time.Second)
}

// bulk edits many rows in one statement: with the module each is a call of its
// own, which compares.
func (w *live) bulk(t *testing.T) {
	const n = 200
	values := make([]map[string]any, n)
	for i := range values {
		values[i] = map[string]any{"name": fmt.Sprintf("bulk %d", i)}
	}
	ids, err := w.client.Create(w.ctx, "res.partner", values, nil)
	require.NoError(t, err)
	arrived := "SELECT COUNT(*) FROM contacts WHERE name LIKE 'bulk %'"
	w.await("the rows", func() bool { return number(t, w.db, arrived) == n })
	began := time.Now()
	w.api("UPDATE contacts SET city = 'Rennes' WHERE name LIKE 'bulk %'")
	w.await("the records", func() bool {
		found, err := w.client.Search(w.ctx, "res.partner", []any{[]any{"id", "in", ids}, []any{"city", "=", "Rennes"}}, odooclient.Page{})
		require.NoError(t, err)
		return len(found) == n
	})
	t.Logf("%d edits here were in Odoo after %s", n, time.Since(began).Round(time.Millisecond))
}

// concurrent edits different fields on both sides without a pause: none is lost.
func (w *live) concurrent(t *testing.T) {
	id := w.create("res.partner", map[string]any{"name": "À deux"})
	w.row("contacts", "name", id, "À deux")
	for i := range 30 {
		if i%3 == 0 {
			w.api("UPDATE contacts SET phone = ? WHERE odoo_id = ?", fmt.Sprintf("01020304%02d", i), id)
		}
		w.write("res.partner", id, map[string]any{"city": fmt.Sprintf("city %d", i)})
	}
	w.field("res.partner", id, "phone", "0102030427")
	w.row("contacts", "city", id, "city 29")
	require.Equal(t, "city 29", w.get("res.partner", id, "city"))
}

// sameField edits one field on both sides while the daemon is away: nobody is
// overwritten until a person has chosen.
func (w *live) sameField(t *testing.T) {
	id := w.create("res.partner", map[string]any{"name": "Deux avis", "city": "Vannes"})
	w.row("contacts", "city", id, "Vannes")
	w.stop()
	w.write("res.partner", id, map[string]any{"city": "Brest"})
	w.api("UPDATE contacts SET city = 'Nantes' WHERE odoo_id = ?", id)
	w.begin()
	conflict := "FROM sync_conflicts WHERE odoo_id = ? AND field = 'city' AND resolved_at IS NULL"
	w.await("a conflict", func() bool { return number(t, w.db, "SELECT COUNT(*) "+conflict, id) == 1 })
	w.await("the end of the push", func() bool { return number(t, w.db, "SELECT COUNT(*) FROM sync_outbox WHERE status = 'pending'") == 0 })
	w.row("contacts", "city", id, "Nantes")
	require.Equal(t, "Brest", w.get("res.partner", id, "city"))
	w.post(fmt.Sprintf("/conflicts/%d/resolve", number(t, w.db, "SELECT id "+conflict, id)), `{"take": "local"}`)
	w.field("res.partner", id, "city", "Nantes")
	w.row("contacts", "city", id, "Nantes")
}

// deletions go both ways; those that the guide has no event for are found by a
// full resync.
func (w *live) deletions(t *testing.T) {
	contact := w.create("res.partner", map[string]any{"name": "Supprimé ici"})
	w.row("contacts", "name", contact, "Supprimé ici")
	w.api("UPDATE contacts SET deleted_at = NOW() WHERE odoo_id = ?", contact)
	w.field("res.partner", contact, "active", false)
	lead := w.create("crm.lead", map[string]any{"name": "Supprimé là-bas", "type": "lead"})
	invoice := w.create("account.move", map[string]any{"move_type": "out_invoice", "ref": "supprimée"})
	w.row("leads", "name", lead, "Supprimé là-bas")
	w.row("invoices", "ref", invoice, "supprimée")
	require.NoError(t, w.client.Unlink(w.ctx, "crm.lead", []int64{lead}, nil))
	require.NoError(t, w.client.Unlink(w.ctx, "account.move", []int64{invoice}, nil))
	w.post("/resync", `{}`)
	w.row("leads", "name", lead, "no row")
	w.row("invoices", "ref", invoice, "no row")
}

// post calls the admin API.
func (w *live) post(path, body string) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.ctx, http.MethodPost, w.daemon.url+"/admin/api"+path, strings.NewReader(body))
	require.NoError(w.t, err)
	request.Header.Set("Authorization", "Bearer "+liveKey)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(w.t, err)
	defer answer.Body.Close()
	require.Less(w.t, answer.StatusCode, 300)
}

func (w *live) daemonDown(t *testing.T) {
	w.stop()
	var ids []int64
	for i := range 10 {
		ids = append(ids, w.create("res.partner", map[string]any{"name": fmt.Sprintf("down %d", i)}))
	}
	w.begin()
	for _, id := range ids {
		w.row("contacts", "deleted_at IS NULL", id, "1")
	}
	w.await("the webhooks in their order", func() bool {
		return number(t, w.db, "SELECT COUNT(DISTINCT odoo_id) FROM webhook_logs WHERE event_type = 'res.partner.created' AND odoo_id >= ?", ids[0]) == len(ids)
	})
	require.Zero(t, number(t, w.db, "SELECT COUNT(*) FROM webhook_logs a JOIN webhook_logs b ON b.stream = a.stream AND b.stream_number > a.stream_number AND b.id < a.id WHERE a.odoo_id >= ?", ids[0]))
}

// gap has Odoo take a delivery for sent that was not.
func (w *live) gap(t *testing.T) {
	w.stop()
	id := w.create("res.partner", map[string]any{"name": "perdu"})
	var lost int64
	w.await("the tries of its first run", func() bool {
		found, err := w.client.Search(w.ctx, "webhook.delivery", []any{[]any{"res_id", "=", id}, []any{"sequence", ">", 0}, []any{"attempts", ">=", 3}}, odooclient.Page{}) // then it waits a minute
		require.NoError(t, err)
		if len(found) > 0 {
			lost = found[0]
		}
		return lost != 0
	})
	w.write("webhook.delivery", lost, map[string]any{"state": "sent", "next_attempt": false})
	place := w.get("webhook.delivery", lost, "sequence")
	w.begin()
	w.create("res.partner", map[string]any{"name": "le suivant"})
	// Any other number that is missing is one that was on its way at a poll.
	missing := func() int { return number(t, w.db, "SELECT COUNT(*) FROM sync_missing WHERE number = ?", place) }
	w.await("the gap", func() bool { return missing() == 1 })
	_, err := w.db.Exec("UPDATE sync_missing SET look_at = '2000-01-01' WHERE number = ?", place)
	require.NoError(t, err)
	w.await("its repair", func() bool { return missing() == 0 })
	w.row("contacts", "name", id, "perdu")
	require.Equal(t, 1, number(t, w.db, "SELECT COUNT(*) FROM sync_runs WHERE kind = 'missed' AND state = 'done'"))
	require.Zero(t, number(t, w.db, "SELECT COUNT(*) FROM webhook_logs WHERE odoo_id = ? AND source = 'webhook'", id))
}

func (w *live) odooKilled(t *testing.T) {
	values := make([]map[string]any, 40)
	for i := range values {
		values[i] = map[string]any{"name": fmt.Sprintf("kill %d", i)}
	}
	ids, err := w.client.Create(w.ctx, "res.partner", values, nil)
	require.NoError(t, err)
	w.odoo.Kill()
	require.NoError(t, w.odoo.Start(w.ctx))
	// Odoo looks for what is due within a minute of its start.
	eventually(t, func() bool {
		return number(t, w.db, "SELECT COUNT(DISTINCT odoo_id) FROM webhook_logs WHERE event_type = 'res.partner.created' AND source = 'webhook' AND odoo_id >= ?", ids[0]) == len(ids)
	}, "every webhook")
	for _, id := range ids {
		w.row("contacts", "deleted_at IS NULL", id, "1")
	}
}

// quiet waits until nothing is left, and looks for what would go on for ever.
func (w *live) quiet(t *testing.T) {
	w.await("the end of all work", func() bool {
		return number(t, w.db, "SELECT COUNT(*) FROM webhook_logs WHERE status = 'pending' AND source = 'webhook'") == 0 &&
			number(t, w.db, "SELECT COUNT(*) FROM sync_outbox WHERE status = 'pending'") == 0 &&
			number(t, w.db, "SELECT COUNT(*) FROM sync_missing") == 0
	})
	require.Zero(t, number(t, w.db, "SELECT COUNT(*) FROM sync_links WHERE error IS NOT NULL"))
	require.NotZero(t, number(t, w.db, "SELECT COUNT(*) FROM webhook_logs WHERE origin = 'daemon'"), "our own writes are marked")
	require.Zero(t, number(t, w.db, "SELECT COUNT(*) FROM webhook_logs WHERE origin = 'daemon' AND outcome = 'failed'"))
	require.NoError(t, w.daemon.cmd.Process.Signal(os.Interrupt))
	require.NoError(t, w.daemon.cmd.Wait())
}
