package reconcile_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/odoosim"
	"odoosync/internal/queue"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
	"odoosync/reconcile"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("odoosync/internal/localdb.(*Server).watch"),
		goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"))
}

// bench is a simulated Odoo, a database and an engine between them.
type bench struct {
	t      testing.TB
	ctx    context.Context
	sim    *odoosim.Server
	dsn    string
	db     *mysqldb.DB
	client *odooclient.Client
	engine *reconcile.Engine
	inbox  *queue.Inbox
	clock  *clockwork.FakeClock
	mapped *mapping.Mapping
}

func newBench(t testing.TB, version int) *bench {
	t.Helper()
	clock := clockwork.NewFakeClockAt(time.Now())
	return newBenchOn(t, clock, odoosim.Options{Version: version, Clock: clock})
}

// newBenchOn begins with an Odoo of its own clock: one that takes its time in
// earnest needs the real one.
func newBenchOn(t testing.TB, clock *clockwork.FakeClock, o odoosim.Options) *bench {
	t.Helper()
	b := &bench{t: t, ctx: context.Background(), sim: odoosim.New(o), dsn: dbtest.DSN(t), clock: clock}
	b.db = dbtest.Open(t, b.dsn)
	url, err := b.sim.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.sim.Close()) })
	b.client, err = odooclient.New(odooclient.Options{URL: url, Database: "odoosim", Login: "sync", APIKey: "sim-key"})
	require.NoError(t, err)
	t.Cleanup(b.client.Close)
	b.inbox = queue.NewInbox(b.db, queue.Options{Clock: b.clock})
	t.Cleanup(b.inbox.Stop)
	b.engine = reconcile.New(reconcile.Options{DB: b.db, Odoo: b.client, Mapping: b.mapping(url), Hints: b.inbox, Clock: b.clock})
	return b
}

func (b *bench) mapping(url string) *mapping.Mapping {
	b.t.Helper()
	data, err := os.ReadFile("../configs/mapping.yaml")
	require.NoError(b.t, err)
	spec, err := mapping.Parse(data)
	require.NoError(b.t, err)
	schema, err := reconcile.LoadSchema(b.ctx, b.client, b.db, spec)
	require.NoError(b.t, err)
	schema.OdooURL = url
	m, err := spec.Compile(schema)
	require.NoError(b.t, err)
	return m
}

// sync syncs records and requires that none failed.
func (b *bench) sync(model string, ids ...int64) map[int64]reconcile.Outcome {
	b.t.Helper()
	var targets []reconcile.Target
	for _, id := range ids {
		targets = append(targets, reconcile.Target{OdooID: id, Cause: store.Cause{Kind: "admin", ID: "test"}})
	}
	results, err := b.engine.SyncRecords(b.ctx, model, targets)
	require.NoError(b.t, err)
	out := map[int64]reconcile.Outcome{}
	for _, r := range results {
		require.NoError(b.t, r.Err)
		out[r.OdooID] = r.Outcome
	}
	return out
}

// rows shows a query's result, a line a row.
func (b *bench) rows(query string, args ...any) string {
	b.t.Helper()
	rows, err := b.db.QueryContext(b.ctx, query, args...)
	require.NoError(b.t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(b.t, err)
	var lines []string
	for rows.Next() {
		cells, targets := make([][]byte, len(columns)), make([]any, len(columns))
		for i := range cells {
			targets[i] = &cells[i]
		}
		require.NoError(b.t, rows.Scan(targets...))
		var texts []string
		for _, c := range cells {
			if c == nil {
				texts = append(texts, "NULL")
				continue
			}
			texts = append(texts, string(c))
		}
		lines = append(lines, strings.Join(texts, " | "))
	}
	require.NoError(b.t, rows.Err())
	return strings.Join(lines, "\n")
}

func (b *bench) exec(query string, args ...any) {
	b.t.Helper()
	_, err := b.db.ExecContext(b.ctx, query, args...)
	require.NoError(b.t, err)
}

func TestAnOrderBringsItsContactLinesAndTravel(t *testing.T) {
	for _, version := range []int{16, 17, 18, 19} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			b := newBench(t, version)
			tax := "tax_id"
			if version >= 19 {
				tax = "tax_ids"
			}
			school := b.sim.Create("res.partner", odoosim.Values{"name": "École Primaire", "is_company": true, "country_id": 75})
			teacher := b.sim.Create("res.partner", odoosim.Values{"name": "Secrétariat", "parent_id": school})
			order := b.sim.Create("sale.order", odoosim.Values{"partner_id": teacher, "order_line": []odoosim.Values{
				{"name": "Rome", "product_id": 1, "product_uom_qty": 30.0, "price_unit": 150.0, tax: []int64{1}},
				{"name": "Section", "display_type": "line_section"}}})

			require.Equal(t, map[int64]reconcile.Outcome{order: reconcile.Applied}, b.sync("sale.order", order))
			require.Equal(t, "École Primaire | FR | NULL\nSecrétariat | NULL | École Primaire",
				b.rows("SELECT c.name, c.country_code, p.name FROM contacts c LEFT JOIN contacts p ON p.id = c.parent_id ORDER BY c.odoo_id"))
			require.Equal(t, "S00001 | draft | Secrétariat | 4500.00 | 900.00 | 5400.00 | EUR",
				b.rows("SELECT q.name, q.state, c.name, amount_untaxed, amount_tax, amount_total, currency FROM quotes q JOIN contacts c ON c.id = q.contact_id"))
			require.Equal(t, "0 | Rome | VS | 30.000000 | 150.000000 | [\"20%\"] | 5400.00\n1 | Section | NULL | 1.000000 | 0.000000 | [] | 0.00",
				b.rows("SELECT position, name, product_code, quantity, price_unit, tax_codes, price_total FROM quote_lines ORDER BY position"))
			require.Empty(t, b.rows("SELECT 1 FROM travels"))

			require.NoError(t, b.sim.Call("sale.order", "action_confirm", order))
			b.sync("sale.order", order)
			require.Equal(t, "sale | confirmed | 5400.00", b.rows("SELECT q.state, t.status, t.amount_total FROM travels t JOIN quotes q ON q.id = t.quote_id"))
			b.exec("UPDATE travels SET destination = 'Rome'")

			b.sim.Write("sale.order", order, odoosim.Values{"state": "cancel"})
			b.sync("sale.order", order)
			require.Equal(t, "cancel | cancelled | Rome", b.rows("SELECT q.state, t.status, t.destination FROM travels t JOIN quotes q ON q.id = t.quote_id"))
			require.Equal(t, map[int64]reconcile.Outcome{order: reconcile.Merged}, b.sync("sale.order", order), "an echo merges to nothing")
		})
	}
}

func TestDeletedInOdooIsMarkedHere(t *testing.T) {
	b := newBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	b.sync("res.partner", id)
	b.sim.Unlink("res.partner", id)
	require.Equal(t, map[int64]reconcile.Outcome{id: reconcile.Deleted}, b.sync("res.partner", id))
	require.Equal(t, "1 | deleted", b.rows("SELECT deleted_at IS NOT NULL, state FROM contacts JOIN sync_links ON entity = 'contacts'"))
	require.Equal(t, map[int64]reconcile.Outcome{id: reconcile.Ignored}, b.sync("res.partner", id))
	require.Equal(t, "create\ndelete", b.rows("SELECT op FROM sync_changes ORDER BY id"))
}

func TestAnEditHereOfADeletedRecordIsAConflict(t *testing.T) {
	b := newBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	b.sync("res.partner", id)
	b.exec("UPDATE contacts SET phone = '02 40'")
	b.sim.Unlink("res.partner", id)
	b.sync("res.partner", id)
	require.Equal(t, "NULL | 02 40", b.rows("SELECT deleted_at, phone FROM contacts"))
	require.Equal(t, "phone | 02 40 | deleted | open", b.rows("SELECT field, local_value, policy, state FROM sync_conflicts"))
}

func TestHiddenIsNotDeletedAndStopsNobody(t *testing.T) {
	b := newBench(t, 17)
	var ids []int64
	for i := range 5 {
		ids = append(ids, b.sim.Create("res.partner", odoosim.Values{"name": fmt.Sprint("Contact ", i)}))
	}
	b.sync("res.partner", ids...)
	b.sim.Hide("res.partner", ids[2], true)
	for _, id := range ids {
		b.sim.Write("res.partner", id, odoosim.Values{"city": "Nantes"})
	}
	b.sync("res.partner", ids...)
	require.Equal(t, "4 | 0", b.rows("SELECT SUM(city = 'Nantes'), SUM(deleted_at IS NOT NULL) FROM contacts"))
	require.Equal(t, "hidden", b.rows("SELECT state FROM sync_links WHERE odoo_id = ?", ids[2]))
}

func TestOutsideTheDomainIsIgnored(t *testing.T) {
	b := newBench(t, 17)
	bill := b.sim.Create("account.move", odoosim.Values{"move_type": "in_invoice"})
	require.Equal(t, map[int64]reconcile.Outcome{bill: reconcile.Ignored}, b.sync("account.move", bill))
	require.Equal(t, "left | NULL", b.rows("SELECT state, local_id FROM sync_links"), "an older read must find that it was judged")
}

func TestLocalEditsSurviveAndForbiddenOnesAreRevertedAndKept(t *testing.T) {
	b := newBench(t, 17)
	school := b.sim.Create("res.partner", odoosim.Values{"name": "École"})
	order := b.sim.Create("sale.order", odoosim.Values{"partner_id": school})
	b.sync("sale.order", order)
	b.exec("UPDATE contacts SET phone = '02 40'")
	b.sim.Write("res.partner", school, odoosim.Values{"city": "Nantes"})
	b.sync("res.partner", school)
	require.Equal(t, "02 40 | Nantes", b.rows("SELECT phone, city FROM contacts"))
	require.Equal(t, "pending", b.rows("SELECT state FROM sync_links WHERE entity = 'contacts'"))

	b.exec("UPDATE quotes SET client_ref = 'mine'")
	b.sync("sale.order", order)
	require.Equal(t, "NULL", b.rows("SELECT client_ref FROM quotes"))
	require.Equal(t, "client_ref | mine | direction | odoo", b.rows("SELECT field, local_value, policy, winner FROM sync_conflicts"))
}

func TestAParentCycleDoesNotStopTheRest(t *testing.T) {
	b := newBench(t, 17)
	a := b.sim.Create("res.partner", odoosim.Values{"name": "A"})
	c := b.sim.Create("res.partner", odoosim.Values{"name": "B", "parent_id": a})
	b.sim.Raw("res.partner", a, odoosim.Values{"parent_id": c})
	b.sync("res.partner", a, c)
	for range 3 {
		_, err := b.engine.ResolveWaits(b.ctx)
		require.NoError(t, err)
	}
	require.Equal(t, "A | B\nB | A", b.rows("SELECT c.name, p.name FROM contacts c JOIN contacts p ON p.id = c.parent_id ORDER BY c.name"))
	require.Empty(t, b.rows("SELECT 1 FROM sync_waits"))
}

func TestImportBringsEverythingOnce(t *testing.T) {
	b := newBench(t, 18)
	b.sim.SeedSchoolTrips(odoosim.Size{Contacts: 60, Orders: 40, Invoices: 30, Leads: 20})
	var last reconcile.Progress
	options := reconcile.ImportOptions{Pager: b.client, Page: 25, Progress: func(p reconcile.Progress) { last = p }}
	require.NoError(t, b.engine.Import(b.ctx, options))
	require.True(t, last.Ended)
	require.Equal(t, "60 | 40 | 20 | 30 | 20", b.rows("SELECT (SELECT COUNT(*) FROM contacts), (SELECT COUNT(*) FROM quotes),"+
		" (SELECT COUNT(*) FROM travels), (SELECT COUNT(*) FROM invoices), (SELECT COUNT(*) FROM leads)"))
	changes := b.rows("SELECT COUNT(*) FROM sync_changes")
	require.NoError(t, b.engine.Import(b.ctx, options), "an ended import does nothing")
	b.sync("sale.order", b.sim.IDs("sale.order")...)
	require.Equal(t, changes, b.rows("SELECT COUNT(*) FROM sync_changes"), "nothing changes twice")
}
