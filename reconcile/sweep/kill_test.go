package sweep_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/odoosim"
	"odoosync/internal/queue"
	"odoosync/mapping"
	"odoosync/odooclient"
	"odoosync/reconcile"
	"odoosync/reconcile/sweep"
)

// side is a sweeper of its own on a database, in real time.
type side struct {
	db      *mysqldb.DB
	client  *odooclient.Client
	engine  *reconcile.Engine
	sweeper *sweep.Sweeper
	options sweep.Options
}

func newSide(ctx context.Context, dsn, url string) (*side, error) {
	s := &side{}
	var err error
	if s.db, err = mysqldb.Open(mysqldb.Options{DSN: dsn}); err != nil {
		return nil, err
	}
	if s.client, err = odooclient.New(odooclient.Options{URL: url, Database: "odoosim", Login: "sync", APIKey: "sim-key"}); err != nil {
		return nil, err
	}
	data, err := os.ReadFile("../../configs/mapping.yaml")
	if err != nil {
		return nil, err
	}
	spec, err := mapping.Parse(data)
	if err != nil {
		return nil, err
	}
	schema, err := reconcile.LoadSchema(ctx, s.client, s.db, spec)
	if err != nil {
		return nil, err
	}
	m, err := spec.Compile(schema)
	if err != nil {
		return nil, err
	}
	outbox := queue.NewOutbox(s.db, queue.OutboxOptions{})
	s.engine = reconcile.New(reconcile.Options{DB: s.db, Odoo: s.client, Remote: s.client, DatabaseUUID: s.client.DatabaseUUID, Mapping: m, Outbox: outbox, Companies: []int64{1}})
	s.options = sweep.Options{Engine: s.engine, DB: s.db, Odoo: s.client, Mapping: m, List: 100, Page: 50}
	s.sweeper = sweep.New(s.options)
	return s, nil
}

func (s *side) close() {
	s.client.Close()
	_ = s.db.Close()
}

// sweepAlone is the process that is killed: it says when its sweep has begun,
// and exits well once the sweep is done.
func sweepAlone() {
	ctx := context.Background()
	s, err := newSide(ctx, os.Getenv("ODOOSYNC_TEST_SWEEP"), os.Getenv("ODOOSYNC_TEST_URL"))
	if err == nil {
		_, err = s.sweeper.Sweep(ctx, sweep.SweepOptions{Depth: sweep.All, Watch: func(ctx context.Context, run int64) (context.Context, func()) {
			fmt.Println("run", run)
			return ctx, func() {}
		}})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestASweepIsKilledAgainAndAgain kills a sweep with -9, fifty times. It goes on
// each time, and what it has done in the end is what a sweep does that nobody
// kills: the same rows, the same links, each change once.
func TestASweepIsKilledAgainAndAgain(t *testing.T) {
	const kills = 50
	ctx := context.Background()
	sim := odoosim.New(odoosim.Options{Clock: clockwork.NewRealClock()})
	url, err := sim.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sim.Close()) })
	random := rand.New(rand.NewPCG(1, 2))
	year := time.Now().UTC().Add(-365 * 24 * time.Hour)
	first := sim.Seed("res.partner", 1500, func(i int) odoosim.Values { return odoosim.Values{"name": fmt.Sprintf("Lycée %d", i)} },
		func(i int) time.Time { return year.Add(time.Duration(i) * 5 * time.Hour) })
	for i := range 60 {
		sim.Create("sale.order", odoosim.Values{"partner_id": first + int64(i), "order_line": []odoosim.Values{{"name": "Bus", "price_unit": 10.0}}})
	}
	dsns := [2]string{dbtest.DSN(t), dbtest.DSN(t)} // killed, and left alone
	var sides [2]*side
	for i, dsn := range dsns {
		sides[i], err = newSide(ctx, dsn, url)
		require.NoError(t, err)
		defer sides[i].close()
		require.NoError(t, sides[i].sweeper.SeedNames(ctx))
		require.NoError(t, sides[i].engine.Import(ctx, reconcile.ImportOptions{Pager: sides[i].client}))
		_, err = sides[i].sweeper.Sweep(ctx, sweep.SweepOptions{Depth: sweep.Lists})
		require.NoError(t, err)
	}
	sim.SetFaults(odoosim.Faults{Latency: 2 * time.Millisecond})
	killed, rounds, left := 0, 0, 1500
	for ; killed < kills; rounds++ {
		left -= damage(sim, sides, random, first, left)
		_, err = sides[1].sweeper.Sweep(ctx, sweep.SweepOptions{Depth: sweep.All})
		require.NoError(t, err)
		for killed < kills && !sweepAndKill(t, sides[0].db, dsns[0], url, time.Duration(random.IntN(250))*time.Millisecond) {
			killed++
		}
	}
	for !sweepAndKill(t, sides[0].db, dsns[0], url, time.Hour) {
	}
	for _, query := range []string{
		"SELECT odoo_id, name, city, active, deleted_at IS NULL FROM contacts ORDER BY odoo_id",
		"SELECT odoo_id, client_ref, amount_total, deleted_at IS NULL FROM quotes ORDER BY odoo_id",
		"SELECT odoo_id, name, price_unit FROM quote_lines ORDER BY odoo_id",
		"SELECT entity, odoo_id, state, present, odoo_write_date FROM sync_links ORDER BY entity, odoo_id",
		"SELECT entity, odoo_id, parent_odoo_id, odoo_write_date FROM sync_lines ORDER BY entity, odoo_id",
		"SELECT entity, odoo_id, side, op, changes FROM sync_changes WHERE cause_kind = 'sweep' AND op <> 'delete' ORDER BY entity, odoo_id, op, changes",
		"SELECT entity, odoo_id FROM sync_changes WHERE cause_kind = 'sweep' AND op = 'delete' ORDER BY entity, odoo_id",
		"SELECT o.entity, l.odoo_id, o.op FROM sync_outbox o JOIN sync_links l ON l.entity = o.entity AND l.local_id = o.local_id ORDER BY o.entity, l.odoo_id",
	} {
		require.Equal(t, dump(t, sides[1].db, query), dump(t, sides[0].db, query), query)
	}
	require.Equal(t, fmt.Sprint(rounds+1), dump(t, sides[0].db, "SELECT COUNT(*) FROM sync_runs WHERE state = 'done'"), "each sweep is one run, however often it was killed")
	t.Logf("%d kills over %d sweeps", killed, rounds)
}

// damage breaks both sides in ways that only a sweep finds. It returns how many
// of the contacts it used up, from the last one down.
func damage(sim *odoosim.Server, sides [2]*side, random *rand.Rand, first int64, left int) int {
	used := 0
	take := func() int64 { used++; return first + int64(left-used) }
	for range 30 {
		sim.Write("res.partner", take(), odoosim.Values{"city": fmt.Sprint(random.IntN(1000))})
		sim.Raw("res.partner", take(), odoosim.Values{"city": "SQL"})
	}
	for range 2 {
		sim.Unlink("res.partner", take())
	}
	sim.Create("res.partner", odoosim.Values{"name": "Nouveau"})
	for _, id := range []int64{take(), take()} {
		for _, s := range sides {
			_, _ = s.db.Exec("UPDATE contacts SET phone = '01' WHERE odoo_id = ?", id)
		}
	}
	return used
}

// sweepAndKill runs a sweep in a process of its own and kills it a while after
// it has begun. It reports that the sweep was quicker: its process had ended, or
// was about to.
func sweepAndKill(t *testing.T, db *mysqldb.DB, dsn, url string, after time.Duration) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ODOOSYNC_TEST_SWEEP="+dsn, "ODOOSYNC_TEST_URL="+url)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	require.True(t, bufio.NewScanner(out).Scan(), "the process ended before its sweep began")
	kill := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	return cmd.Wait() == nil || dump(t, db, "SELECT state FROM sync_runs ORDER BY id DESC LIMIT 1") == "done"
}

func dump(t *testing.T, db *mysqldb.DB, query string) string {
	t.Helper()
	b := &bench{t: t, ctx: context.Background(), db: db, log: zap.NewNop()}
	return b.rows(query)
}
