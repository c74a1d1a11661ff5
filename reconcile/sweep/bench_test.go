package sweep_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"odoosync/internal/capture"
	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/odoosim"
	"odoosync/internal/queue"
	"odoosync/mapping"
	"odoosync/odooclient"
	"odoosync/reconcile"
	"odoosync/reconcile/sweep"
)

func TestMain(m *testing.M) {
	if os.Getenv("ODOOSYNC_TEST_SWEEP") != "" { // a process to be killed
		sweepAlone()
		return
	}
	if os.Getenv("ODOOSYNC_TEST_ODOO") != "" { // an Odoo beside a benchmark
		odooAlone()
		return
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("odoosync/internal/localdb.(*Server).watch"),
		goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"))
}

// noon is when the tests begin, in the middle of a day.
var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// bench is a simulated Odoo, the API's database, and a sweeper between them, on
// one clock.
type bench struct {
	t       testing.TB
	ctx     context.Context
	clock   *clockwork.FakeClock
	sim     *odoosim.Server
	dsn     string
	db      *mysqldb.DB
	client  *odooclient.Client
	mapped  *mapping.Mapping
	outbox  *queue.Outbox
	inbox   *queue.Inbox
	engine  *reconcile.Engine
	pusher  *reconcile.Pusher
	sweeper *sweep.Sweeper
	log     *zap.Logger
	o       sweep.Options
}

func newBench(t testing.TB, version int) *bench {
	t.Helper()
	b := &bench{t: t, ctx: context.Background(), clock: clockwork.NewFakeClockAt(noon), dsn: dbtest.DSN(t), log: zap.NewNop()}
	if testing.Verbose() {
		b.log = zaptest.NewLogger(t)
	}
	b.sim = odoosim.New(odoosim.Options{Version: version, Clock: b.clock})
	b.db = dbtest.Open(t, b.dsn)
	url, err := b.sim.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.sim.Close()) })
	b.client, err = odooclient.New(odooclient.Options{URL: url, Database: "odoosim", Login: "sync", APIKey: "sim-key"})
	require.NoError(t, err)
	t.Cleanup(b.client.Close)
	b.mapped = b.mapping(url)
	_, err = capture.Install(b.ctx, b.db, b.mapped)
	require.NoError(t, err)
	b.inbox = queue.NewInbox(b.db, queue.Options{Clock: b.clock})
	t.Cleanup(b.inbox.Stop)
	b.outbox = queue.NewOutbox(b.db, queue.OutboxOptions{Clock: b.clock})
	b.start(sweep.Options{List: 100, Page: 50})
	return b
}

// start makes the daemon's parts anew, as a new process does.
func (b *bench) start(o sweep.Options) {
	b.engine = reconcile.New(reconcile.Options{DB: b.db, Odoo: b.client, Remote: b.client, DatabaseUUID: b.client.DatabaseUUID, Mapping: b.mapped, Hints: b.inbox, Outbox: b.outbox, Clock: b.clock,
		Logger: b.log, Companies: []int64{1}, Brake: reconcile.Brake{Deletes: 100, Percent: 10}, Settled: 10 * time.Minute})
	b.pusher = reconcile.NewPusher(reconcile.PusherOptions{Engine: b.engine, Edits: b.outbox, Clock: b.clock})
	o.Engine, o.DB, o.Mapping, o.Clock, o.Logger = b.engine, b.db, b.mapped, b.clock, b.log
	if o.Odoo == nil {
		o.Odoo = b.client
	}
	b.o = o
	b.sweeper = sweep.New(o)
}

func (b *bench) mapping(url string) *mapping.Mapping {
	b.t.Helper()
	data, err := os.ReadFile("../../configs/mapping.yaml")
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

// imported brings everything here, sweeps it once and lets a day pass, so that
// all of it stands in closed days that were listed.
func (b *bench) imported() {
	b.t.Helper()
	require.NoError(b.t, b.sweeper.SeedNames(b.ctx))
	require.NoError(b.t, b.engine.Import(b.ctx, reconcile.ImportOptions{Pager: b.client}))
	b.poll()
	b.clock.Advance(48 * time.Hour)
	b.poll()
	b.swept()
}

func (b *bench) poll() sweep.Counts {
	b.t.Helper()
	counts, err := b.sweeper.Poll(b.ctx)
	require.NoError(b.t, err)
	return counts
}

// pollHalts polls, and meets what halts all models.
func (b *bench) pollHalts() {
	b.t.Helper()
	_, err := b.sweeper.Poll(b.ctx)
	require.ErrorContains(b.t, err, "--allow-deletes")
	require.Equal(b.t, olderCopy, b.halts())
}

// olderCopy is what halts shows of a restored Odoo.
const olderCopy = "account.move | older_copy\ncrm.lead | older_copy\nres.partner | older_copy\nsale.order | older_copy"

// accepted is a person's acceptance of what all models show.
func (b *bench) accepted() {
	b.t.Helper()
	for _, entity := range b.engine.EntityNames() {
		require.NoError(b.t, b.engine.AllowDeletes(b.ctx, entity))
	}
}

// swept sweeps at the usual depth.
func (b *bench) swept() sweep.Counts { return b.sweep(sweep.SweepOptions{}) }

func (b *bench) sweep(o sweep.SweepOptions) sweep.Counts {
	b.t.Helper()
	result, err := b.sweeper.Sweep(b.ctx, o)
	require.NoError(b.t, err)
	return result.Counts
}

// push sends what waits in the outbox.
func (b *bench) push() {
	b.t.Helper()
	require.NoError(b.t, b.pusher.Push(b.ctx, time.Minute))
}

// kinds leaves out what a sweep counts beside its findings.
func kinds(c sweep.Counts) map[string]int64 {
	out := map[string]int64{}
	for key, n := range c {
		if strings.Contains(key, ".") && n != 0 {
			out[key] = n
		}
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
	var out []string
	for rows.Next() {
		cells, targets := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range cells {
			targets[i] = &cells[i]
		}
		require.NoError(b.t, rows.Scan(targets...))
		parts := make([]string, len(cells))
		for i, c := range cells {
			if parts[i] = c.String; !c.Valid {
				parts[i] = "NULL"
			}
		}
		out = append(out, strings.Join(parts, " | "))
	}
	require.NoError(b.t, rows.Err())
	return strings.Join(out, "\n")
}

// exec changes something here behind the triggers' back.
func (b *bench) exec(query string, args ...any) {
	b.t.Helper()
	_, err := b.db.ExecContext(b.ctx, query, args...)
	require.NoError(b.t, err)
}

// api changes something as the API's program does.
func (b *bench) api(statements ...string) {
	b.t.Helper()
	foreign, err := mysqldb.Open(mysqldb.Options{DSN: b.dsn, Foreign: true, MaxOpen: 1})
	require.NoError(b.t, err)
	defer foreign.Close()
	for _, s := range statements {
		_, err := foreign.ExecContext(b.ctx, s)
		require.NoError(b.t, err)
	}
}

// partners makes n contacts, an hour apart, the last one now.
func (b *bench) partners(n int) []int64 {
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = b.sim.Create("res.partner", odoosim.Values{"name": fmt.Sprintf("Lycée %03d", i), "email": fmt.Sprintf("lycee%03d@example.fr", i)})
	}
	return ids
}

// deletedRows counts the contacts that carry a mark of deletion.
func (b *bench) deletedRows() string {
	return b.rows("SELECT COUNT(*) FROM contacts WHERE deleted_at IS NOT NULL")
}

// sync syncs records as a webhook has it.
func (b *bench) sync(model string, ids ...int64) {
	b.t.Helper()
	targets := make([]reconcile.Target, len(ids))
	for i, id := range ids {
		targets[i] = reconcile.Target{OdooID: id}
	}
	results, err := b.engine.SyncRecords(b.ctx, model, targets)
	require.NoError(b.t, err)
	for _, r := range results {
		require.NoError(b.t, r.Err)
	}
}
