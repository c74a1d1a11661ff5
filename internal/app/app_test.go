package app_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/dbtest"
	"odoosync/internal/odoosim"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/reconcile"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("odoosync/internal/localdb.(*Server).watch"), goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"))
}

// daemon is a running daemon on a fresh database.
type daemon struct {
	t    testing.TB
	app  *app.App
	done chan queue.Event
}

func start(t testing.TB, dsn string, change func(*configs.Config)) *daemon {
	t.Helper()
	return startWith(t, dsn, zaptest.NewLogger(t, zaptest.Level(zap.ErrorLevel)), change)
}

func startWith(t testing.TB, dsn string, logger *zap.Logger, change func(*configs.Config)) *daemon {
	t.Helper()
	c := configs.Default()
	c.Database.DSN = configs.Secret(dsn)
	c.HTTP.Listen = "127.0.0.1:0"
	c.Webhooks.APIKeys = []configs.Secret{"key"}
	c.Admin.Token = "token"
	if change != nil {
		change(&c)
	}
	d := &daemon{t: t, done: make(chan queue.Event, 10_000)}
	var err error
	d.app, err = app.Start(context.Background(), c, app.Options{VarDir: t.TempDir(), Logger: logger,
		OnEvent: func(e queue.Event, _ reconcile.Outcome, _ error) { d.done <- e }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.app.Stop(context.Background())) })
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return d
}

func (d *daemon) post(path, body string) int {
	d.t.Helper()
	req, err := http.NewRequest(http.MethodPost, d.app.URL()+"/webhooks/odoo/"+path, strings.NewReader(body))
	require.NoError(d.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer key")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(d.t, err)
	defer resp.Body.Close()
	return resp.StatusCode
}

// finished waits for n events to be worked.
func (d *daemon) finished(n int) {
	d.t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	for range n {
		select {
		case <-d.done:
		case <-deadline.C:
			d.t.Fatal("the events were not worked in time")
		}
	}
}

func (d *daemon) rows(query string) string {
	d.t.Helper()
	rows, err := d.app.DB().Query(query)
	require.NoError(d.t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(d.t, err)
	var lines []string
	for rows.Next() {
		cells, targets := make([]*string, len(columns)), make([]any, len(columns))
		for i := range cells {
			targets[i] = &cells[i]
		}
		require.NoError(d.t, rows.Scan(targets...))
		var texts []string
		for _, c := range cells {
			text := "NULL"
			if c != nil {
				text = *c
			}
			texts = append(texts, text)
		}
		lines = append(lines, strings.Join(texts, " | "))
	}
	require.NoError(d.t, rows.Err())
	return strings.Join(lines, "\n")
}

func read(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return string(data)
}

func TestTheGuidesExamplesInPayloadMode(t *testing.T) {
	d := start(t, dbtest.DSN(t), nil)
	require.Equal(t, 200, d.post("sale-order", read(t, "guide-sale-order.json")))
	require.Equal(t, 200, d.post("invoice", read(t, "guide-invoice.json")))
	d.finished(2)
	require.Equal(t, "45 | École Primaire | NULL", d.rows("SELECT odoo_id, name, email FROM contacts"))
	require.Equal(t, "123 | SO001 | sale | École Primaire | 4166.67 | 833.33 | 5000.00 | 2025-01-22T10:00:00Z | 12",
		d.rows("SELECT q.odoo_id, q.name, state, c.name, amount_untaxed, amount_tax, amount_total, date_order, odoo_user_id FROM quotes q JOIN contacts c ON c.id = contact_id"))
	require.Equal(t, "0 | 1 | Voyage Scolaire | 30.000000 | 150.000000 | 4500.00", d.rows("SELECT position, odoo_product_id, product_name, quantity, price_unit, price_subtotal FROM quote_lines"))
	require.Equal(t, "confirmed | 5000.00 | 2025-01-22T10:00:00Z | École Primaire", d.rows("SELECT status, amount_total, confirmed_at, c.name FROM travels JOIN contacts c ON c.id = contact_id"))
	require.Equal(t, "456 | FAC-2025-0001 | out_invoice | posted | 6000.00 | 2025-01-22T00:00:00Z | 2025-02-22T00:00:00Z",
		d.rows("SELECT odoo_id, name, move_type, state, amount_total, invoice_date, invoice_date_due FROM invoices"))
	require.Equal(t, "0 | Voyage Scolaire | 30.000000 | 200.000000 | 6000.00", d.rows("SELECT position, product_name, quantity, price_unit, price_subtotal FROM invoice_lines"))
	require.Equal(t, "sale.order.updated | success | applied | 1\naccount.move.validated | success | applied | 1",
		d.rows("SELECT event_type, status, outcome, processed_at IS NOT NULL FROM webhook_logs ORDER BY id"))

	require.Equal(t, 200, d.post("partner", `{"event": "res.partner.updated", "timestamp": "2025-01-22T09:00:00Z", "data": {"id": 45, "name": "École Primaire Jules", "email": "a@ecole.example"}}`))
	d.finished(1)
	require.Equal(t, "École Primaire Jules | a@ecole.example", d.rows("SELECT name, email FROM contacts"), "the stub is completed, although its event is older than the order's")
}

func TestPayloadsInAnyOrder(t *testing.T) {
	partner := func(event, at, data string) string {
		return fmt.Sprintf(`{"event": "res.partner.%s", "timestamp": "2025-01-22T%sZ", "data": %s}`, event, at, data)
	}
	d := start(t, dbtest.DSN(t), nil)
	for _, body := range []string{
		partner("updated", "10:00:05", `{"id": 1, "city": "Nantes"}`),
		partner("created", "10:00:00", `{"id": 1, "name": "École", "city": "Brest", "phone": "1"}`), // late: its city is old
		partner("updated", "10:00:05", `{"id": 1, "phone": null}`),
	} {
		require.Equal(t, 200, d.post("partner", body))
		d.finished(1)
	}
	require.Equal(t, "École | Nantes | NULL", d.rows("SELECT name, city, phone FROM contacts"))
	require.Equal(t, 200, d.post("partner", partner("deleted", "10:00:10", `{"id": 1}`)))
	require.Equal(t, 200, d.post("partner", partner("updated", "10:00:07", `{"id": 1, "city": "Lille"}`)))
	d.finished(2)
	require.Equal(t, "Nantes | 1", d.rows("SELECT city, deleted_at IS NOT NULL FROM contacts"), "a deletion is final")
	require.Equal(t, 200, d.post("partner", partner("updated", "10:00:11", `{"id": 1, "city": "Lille"}`)))
	d.finished(1)
	require.Equal(t, "Lille | 0", d.rows("SELECT city, deleted_at IS NOT NULL FROM contacts"), "until a newer event")
}

func TestAnotherSaleReplacesTheLinesWhole(t *testing.T) {
	d := start(t, dbtest.DSN(t), nil)
	require.Equal(t, 200, d.post("sale-order", read(t, "guide-sale-order.json")))
	d.finished(1)
	id := d.rows("SELECT id FROM quote_lines")
	body := `{"event": "sale.order.updated", "timestamp": "2025-01-22T10:31:00Z", "data": {"id": 123, "order_lines": [
		{"product_name": "Voyage Scolaire", "quantity": 31}, {"product_name": "Assurance", "quantity": 31}]}}`
	require.Equal(t, 200, d.post("sale-order", body))
	require.Equal(t, 200, d.post("sale-order", body), "twice")
	d.finished(2)
	require.Equal(t, id+" | 0 | Voyage Scolaire | 31.000000 | 150.000000\n"+"2 | 1 | Assurance | 31.000000 | NULL", d.rows("SELECT id, position, product_name, quantity, price_unit FROM quote_lines ORDER BY position"))
	require.Equal(t, "SO001 | 5000.00", d.rows("SELECT name, amount_total FROM quotes"), "what an event does not name stays")
}

func TestOdooAwayThenBack(t *testing.T) {
	sim := odoosim.New(odoosim.Options{})
	url, err := sim.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sim.Close()) })
	school := sim.Create("res.partner", odoosim.Values{"name": "École"})
	d := start(t, dbtest.DSN(t), simulated(url))
	sim.SetWebhooks(odoosim.WebhookOptions{URL: d.app.URL(), Key: "key"})
	sim.Write("res.partner", school, odoosim.Values{"city": "Nantes"})
	d.finished(1)
	sim.SetDown(true)
	for i := range 20 {
		sim.Write("res.partner", school, odoosim.Values{"city": fmt.Sprint("City ", i)})
	}
	require.NoError(t, sim.Drain(context.Background()))
	require.Equal(t, "Nantes", d.rows("SELECT city FROM contacts"))
	require.Equal(t, "20", d.rows("SELECT COUNT(*) FROM webhook_logs WHERE status = 'pending' AND source = 'webhook'"))
	sim.SetDown(false)
	d.finished(20)
	require.Equal(t, "City 19", d.rows("SELECT city FROM contacts"))
	require.Equal(t, "0", d.rows("SELECT COUNT(*) FROM webhook_logs WHERE attempts > 0"), "waiting costs no attempt")
}

func TestReadiness(t *testing.T) {
	d := start(t, dbtest.DSN(t), nil)
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		resp, err := http.Get(d.app.URL() + path)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 200, resp.StatusCode, path)
	}
}

func TestServeWithoutADatabaseSaysBothWaysOut(t *testing.T) {
	_, err := app.Start(context.Background(), configs.Default(), app.Options{VarDir: t.TempDir()})
	require.ErrorContains(t, err, "database.dsn")
	require.ErrorContains(t, err, "--local-db")
}

func TestADatabaseThatIsAwayNamesItsSetting(t *testing.T) {
	c := configs.Default()
	c.Database.DSN = "user:secret@tcp(127.0.0.1:1)/api"
	_, err := app.Start(context.Background(), c, app.Options{VarDir: t.TempDir()})
	require.Equal(t, record.CodeUnavailable, record.CodeOf(err))
	require.Equal(t, "user:***@tcp(127.0.0.1:1)/api: the MySQL server cannot be reached: check that it runs, and the address in database.dsn", record.Message(err))
}
