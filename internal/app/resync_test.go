package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/odoosim"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/reconcile"
)

var update = flag.Bool("update", false, "write the golden files, and the answers in docs/admin-api.md")

// filled is a simulated Odoo and a database that both hold data already.
type filled struct {
	t   *testing.T
	sim *odoosim.Server
	url string
	dsn string
	db  *mysqldb.DB
}

func newFilled(t *testing.T) *filled {
	t.Helper()
	f := &filled{t: t, sim: odoosim.New(odoosim.Options{}), dsn: dbtest.DSN(t)}
	f.db = dbtest.Open(t, f.dsn)
	var err error
	f.url, err = f.sim.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.sim.Close()) })
	return f
}

func (f *filled) exec(statements ...string) {
	f.t.Helper()
	for _, s := range statements {
		_, err := f.db.Exec(s)
		require.NoError(f.t, err, s)
	}
}

func (f *filled) config() configs.Config {
	c := configs.Default()
	c.Database.DSN = configs.Secret(f.dsn)
	simulated(f.url)(&c)
	return c
}

func (f *filled) session() *app.Session {
	f.t.Helper()
	s, err := app.OpenSession(context.Background(), f.config(), f.db, zap.NewNop())
	require.NoError(f.t, err)
	f.t.Cleanup(s.Close)
	return s
}

// stock gives both sides contacts, leads and invoices that match, differ, are
// ambiguous, or are on one side alone.
func (f *filled) stock() {
	f.t.Helper()
	school := f.sim.Create("res.partner", odoosim.Values{"name": "Lycée Clemenceau", "is_company": true, "vat": "FR23334175221", "city": "Nantes"})
	f.sim.Create("res.partner", odoosim.Values{"name": "Anne Roux", "email": "anne@example.org", "phone": "02 40 00 00 02"})
	for range 2 {
		f.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "ref": "M-1"})
	}
	teacher := f.sim.Create("res.partner", odoosim.Values{"name": "Secrétariat", "parent_id": school})
	f.sim.Create("crm.lead", odoosim.Values{"name": "Rome", "email_from": "anne@example.org", "type": "lead", "city": "Vannes"})
	f.sim.Create("crm.lead", odoosim.Values{"name": "Londres", "type": "lead", "partner_id": teacher})
	line := []odoosim.Values{{"name": "Guide", "quantity": 1.0, "price_unit": 100.0}}
	f.sim.Create("account.move", odoosim.Values{"name": "FAC/2024/00017", "partner_id": school, "move_type": "out_invoice", "invoice_date": "2024-11-05", "invoice_date_due": "2024-12-05", "invoice_line_ids": line})
	f.sim.Create("account.move", odoosim.Values{"partner_id": teacher, "move_type": "out_invoice", "invoice_date": "2025-01-22", "invoice_date_due": "2025-02-22", "invoice_line_ids": line})

	f.exec("INSERT INTO contacts (id, name, is_company, vat, phone) VALUES (1, 'Lycée Clemenceau', 1, 'FR23334175221', '02 40 00 00 01')",
		"INSERT INTO contacts (id, name, email, phone) VALUES (2, 'Anne Roux', 'anne@example.org', '02 40 00 00 03')",
		"INSERT INTO contacts (id, name, ref) VALUES (3, 'Mairie de Nantes', 'M-1')",
		"INSERT INTO contacts (id, name, country_code) VALUES (4, 'Collège Rutigliano', 'FR')",
		"INSERT INTO contacts (id, name, parent_id) VALUES (5, 'Intendance', 4)",
		"INSERT INTO contacts (id, name, country_code) VALUES (6, 'Nulle part', 'ZZ')",
		"INSERT INTO leads (id, name, email, type, phone) VALUES (1, 'Rome', 'anne@example.org', 'lead', '02 40 00 00 05')",
		"INSERT INTO leads (id, name, type, contact_id) VALUES (2, 'Madrid', 'lead', 5)",
		"INSERT INTO invoices (id, name, state, contact_id) VALUES (1, 'FAC/2024/00017', 'draft', 1)",
		"INSERT INTO invoices (id, state, contact_id, ref) VALUES (2, 'draft', 4, 'API-2')",
		"INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit) VALUES (2, 0, 'Guide', 2, 50)",
		"INSERT INTO invoices (id, state, contact_id, ref) VALUES (3, 'posted', 6, 'API-3'), (4, 'posted', 4, 'API-4')")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile("testdata/"+name, []byte(got), 0o644))
	}
	require.Equal(t, read(t, name), got, "go test ./internal/app -update writes the file")
}

func TestThePlanAsItIsRead(t *testing.T) {
	f := newFilled(t)
	f.stock()
	s := f.session()
	var text, lines bytes.Buffer
	left, err := s.Plan(context.Background(), &text, app.Scope{}, false)
	require.NoError(t, err)
	require.True(t, left)
	golden(t, "plan.golden", strings.ReplaceAll(text.String(), f.url, "http://odoo"))

	left, err = s.Plan(context.Background(), &lines, app.Scope{}, true)
	require.NoError(t, err)
	require.True(t, left)
	all := strings.Split(strings.TrimSpace(lines.String()), "\n")
	for _, line := range all[:len(all)-1] {
		var item reconcile.PlanItem
		require.NoError(t, json.Unmarshal([]byte(line), &item), line)
		require.NotEmpty(t, item.Op)
	}
	var last struct{ Counts reconcile.PlanCounts }
	require.NoError(t, json.Unmarshal([]byte(all[len(all)-1]), &last))
	require.Equal(t, int64(2), last.Counts["contacts"][record.Odoo][reconcile.PlanCreate])
}

func TestAResyncSaysWhatItDid(t *testing.T) {
	f := newFilled(t)
	f.stock()
	s := f.session()
	var out bytes.Buffer
	var shown []reconcile.Progress
	left, err := s.Resync(context.Background(), &out, app.ResyncOptions{Mode: reconcile.ModeIncremental, Progress: func(p reconcile.Progress) { shown = append(shown, p) }})
	require.NoError(t, err)
	require.True(t, left)
	golden(t, "resync.golden", out.String())
	require.NotEmpty(t, shown)
	var text string
	require.NoError(t, f.db.QueryRow("SELECT CONCAT_WS(' ', kind, mode, state, total, done) FROM sync_runs").Scan(&text))
	require.Equal(t, "resync full done 18 18", text, "records gone through, and rows sent")

	f.sim.Write("res.partner", 2, odoosim.Values{"city": "Brest"})
	out.Reset()
	_, err = s.Resync(context.Background(), &out, app.ResyncOptions{Mode: reconcile.ModeIncremental})
	require.NoError(t, err)
	require.Contains(t, out.String(), "0 created here, 0 created in Odoo, 1 updated here, 0 updated in Odoo")
}

func TestPlansOfTwoFilledDatabasesThatAgree(t *testing.T) {
	f := newFilled(t)
	f.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "email": "mairie@example.org"})
	f.exec("INSERT INTO contacts (name, email) VALUES ('Mairie', 'mairie@example.org')")
	s := f.session()
	left, err := s.Resync(context.Background(), io.Discard, app.ResyncOptions{})
	require.NoError(t, err)
	require.False(t, left)
	var out bytes.Buffer
	left, err = s.Plan(context.Background(), &out, app.Scope{}, false)
	require.NoError(t, err)
	require.False(t, left)
	require.Equal(t, "Nothing to do: both sides agree.\n", out.String())
}

func TestALongPlanIsCut(t *testing.T) {
	f := newFilled(t)
	for i := range 14 {
		f.sim.Create("res.partner", odoosim.Values{"name": fmt.Sprint("Contact ", i)})
	}
	var out bytes.Buffer
	left, err := f.session().Plan(context.Background(), &out, app.Scope{Entity: "contacts"}, false)
	require.NoError(t, err)
	require.False(t, left)
	require.Contains(t, out.String(), "     14  create here\n")
	require.Contains(t, out.String(), "    and 4 more: --json lists all\n")
	require.Equal(t, 10, strings.Count(out.String(), "name = Contact"))
}

func TestASecondResyncSaysWhoRuns(t *testing.T) {
	f := newFilled(t)
	f.stock()
	has, err := store.Lease(context.Background(), f.db, "resync:quotes", "host-1, process 7", time.Hour)
	require.NoError(t, err)
	require.True(t, has)
	_, err = f.session().Resync(context.Background(), io.Discard, app.ResyncOptions{})
	require.ErrorContains(t, err, "another resync runs (host-1, process 7)")
	_, err = f.session().Resync(context.Background(), io.Discard, app.ResyncOptions{Scope: app.Scope{Entity: "leads"}})
	require.NoError(t, err, "of other records")
}

// A daemon on filled tables waits for the resync, while events come in, and then
// works them.
func TestServeHoldsOnFilledTables(t *testing.T) {
	f := newFilled(t)
	f.stock()
	d := start(t, f.dsn, simulated(f.url))
	odoo := func() string {
		resp, err := http.Get(d.app.URL() + "/readyz")
		require.NoError(t, err)
		defer resp.Body.Close()
		var answer struct{ Odoo string }
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
		return answer.Odoo
	}
	require.Eventually(t, func() bool {
		return strings.Contains(odoo(), "waiting for odoosync resync: the table contacts holds rows")
	}, 20*time.Second, 20*time.Millisecond)
	f.sim.Write("res.partner", 2, odoosim.Values{"city": "Brest"})
	require.Equal(t, 200, d.post("partner", fmt.Sprintf(`{"event": "res.partner.updated", "timestamp": %q, "data": {"id": 2}}`, time.Now().UTC().Format(time.RFC3339))))
	require.Equal(t, "0 | 0 | 1", d.rows("SELECT (SELECT COUNT(*) FROM sync_links), (SELECT COUNT(*) FROM sync_cursors WHERE name <> 'figures'), (SELECT COUNT(*) FROM webhook_logs WHERE status = 'pending')"))
	require.Len(t, f.sim.IDs("res.partner"), 5, "nothing is made in Odoo")

	_, err := f.session().Resync(context.Background(), io.Discard, app.ResyncOptions{})
	require.NoError(t, err)
	d.finished(1)
	require.NotContains(t, odoo(), "waiting")
	require.Equal(t, "Brest", d.rows("SELECT city FROM contacts WHERE id = 2"))
}

func TestServeBeginsOnEmptyTables(t *testing.T) {
	f := newFilled(t)
	f.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	d := start(t, f.dsn, simulated(f.url))
	require.Eventually(t, func() bool { return d.rows("SELECT COUNT(*) FROM contacts") == "1" }, 20*time.Second, 20*time.Millisecond)
}

// A resync beside a running daemon, while both sides are edited: nothing is made
// twice, and in the end both agree.
func TestAResyncBesideServe(t *testing.T) {
	f := newFilled(t)
	const schools = 60
	for i := range schools {
		f.sim.Create("res.partner", odoosim.Values{"name": fmt.Sprint("School ", i)})
	}
	d := start(t, f.dsn, func(c *configs.Config) { simulated(f.url)(c); c.Schedule.Push = 50 * time.Millisecond })
	require.Eventually(t, func() bool { return d.rows("SELECT COUNT(*) FROM contacts") == fmt.Sprint(schools) }, 20*time.Second, 20*time.Millisecond)
	f.sim.SetWebhooks(odoosim.WebhookOptions{URL: d.app.URL(), Key: "key"})
	edited := make(chan struct{})
	go func() {
		defer close(edited)
		for i := range schools {
			f.sim.Write("res.partner", int64(i+1), odoosim.Values{"city": fmt.Sprint("City ", i)})
			for _, s := range []string{fmt.Sprintf("UPDATE contacts SET phone = '%d' WHERE odoo_id = %d", i, i+1), fmt.Sprintf("INSERT INTO contacts (name) VALUES ('Ours %d')", i)} {
				if err := f.edit(s); err != nil {
					t.Errorf("%s: %v", s, err)
				}
			}
		}
	}()
	s := f.session()
	for range 3 {
		_, err := s.Resync(context.Background(), io.Discard, app.ResyncOptions{})
		require.NoError(t, err)
	}
	<-edited
	require.NoError(t, f.sim.Drain(context.Background()))
	require.Eventually(t, func() bool {
		return d.rows("SELECT (SELECT COUNT(*) FROM contacts), (SELECT COUNT(*) FROM sync_links WHERE state = 'synced'),"+
			" (SELECT COUNT(*) FROM contacts WHERE city LIKE 'City %' AND phone IS NOT NULL), (SELECT COUNT(*) FROM sync_outbox WHERE status <> 'done')") == "120 | 120 | 60 | 0"
	}, 60*time.Second, 50*time.Millisecond)
	require.Len(t, f.sim.IDs("res.partner"), 2*schools)
}

// edit runs a statement as the API does.
func (f *filled) edit(statement string) error {
	conn, err := f.db.Conn(context.Background())
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, s := range []string{"SET @odoosync_applying = NULL", statement, "SET @odoosync_applying = 1"} {
		if _, err := conn.ExecContext(context.Background(), s); err != nil {
			return err
		}
	}
	return nil
}
