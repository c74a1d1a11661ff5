package sweep_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/odoosim"
	"odoosync/reconcile"
	"odoosync/reconcile/sweep"
)

// differences is how many records the benchmark changes behind the sweep's back.
const differences = 1000

// BenchmarkVerification has a sweep compare a year's contacts with an Odoo that
// takes the time of a real one: 0.3 ms a record read, 0.2 s to group 100,000,
// 0.65 s to list them. It prints, each beside Odoo's own time of it: the import,
// the first sweep, which lists everything once, the sweep of which nothing has
// changed, that of 1,000 differences, and a sweep that reads every record, which
// is what one without counts and lists does. ODOOSYNC_BENCH_ROWS is how many
// contacts; 0 beside it in ODOOSYNC_BENCH_NAIVE leaves the last out.
func BenchmarkVerification(b *testing.B) {
	rows := 200_000
	if text := os.Getenv("ODOOSYNC_BENCH_ROWS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(b, err)
		rows = n
	}
	for range b.N {
		v := newVerification(b, rows)
		v.stage("import", func() { require.NoError(b, v.engine.Import(v.ctx, reconcile.ImportOptions{Pager: v.client})) })
		v.cost("real")
		v.stage("first sweep", func() { v.sweep(sweep.Lists) })
		v.stage("nothing changed", func() { require.Empty(b, kinds(v.sweep(sweep.Lists))) })
		v.stage("poll, nothing changed", func() { _, err := v.sweeper.Poll(v.ctx); require.NoError(b, err) })
		v.ask("/differ")
		v.stage(fmt.Sprintf("%d differences", differences), func() {
			require.EqualValues(b, differences, total(kinds(v.sweep(sweep.Lists))))
		})
		if os.Getenv("ODOOSYNC_BENCH_NAIVE") != "0" {
			v.stage("every record read", func() { require.Empty(b, kinds(v.sweep(sweep.All))) })
		}
		v.side.close()
	}
}

func total(counts map[string]int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// verification is a sweeper here and an Odoo in a process of its own, whose
// memory is not ours.
type verification struct {
	*side
	b       *testing.B
	ctx     context.Context
	control string
	rows    int
}

func newVerification(b *testing.B, rows int) *verification {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("ODOOSYNC_TEST_ODOO=%d", rows))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	require.True(b, lines.Scan())
	url, control, _ := strings.Cut(lines.Text(), " ")
	v := &verification{b: b, ctx: context.Background(), control: control, rows: rows}
	v.side, err = newSide(v.ctx, dbtest.DSN(b), url)
	require.NoError(b, err)
	o := v.side.options
	o.List, o.Page = 0, 0
	v.sweeper = sweep.New(o)
	return v
}

func (v *verification) sweep(depth sweep.Depth) sweep.Counts {
	v.b.Helper()
	result, err := v.sweeper.Sweep(v.ctx, sweep.SweepOptions{Depth: depth, Entity: "contacts"})
	require.NoError(v.b, err)
	return result.Counts
}

// ask has the other process do something and tell its figures.
func (v *verification) ask(what string) odoosim.Stats {
	v.b.Helper()
	resp, err := http.Get(v.control + what)
	require.NoError(v.b, err)
	defer resp.Body.Close()
	var s odoosim.Stats
	require.NoError(v.b, json.NewDecoder(resp.Body).Decode(&s))
	return s
}

func (v *verification) cost(which string) { v.ask("/cost?" + which) }

// stage times a piece of work, and prints what it asked of Odoo.
func (v *verification) stage(name string, work func()) {
	v.b.Helper()
	before := v.ask("/stats")
	resetPeak()
	began := time.Now()
	work()
	took := time.Since(began)
	after := v.ask("/stats")
	busy := after.Busy - before.Busy
	fmt.Printf("%9d contacts, %-21s: %6d calls, %8d read, %8d listed, %8d grouped, %7.2f s, of which Odoo %7.2f s, peak %d MiB\n", v.rows, name, after.Calls-before.Calls,
		after.RecordsRead-before.RecordsRead, after.RecordsListed-before.RecordsListed, after.RecordsGrouped-before.RecordsGrouped, took.Seconds(), busy.Seconds(), peak()>>10)
}

// resetPeak begins to watch this process's memory anew; peak is the most it had
// since, in KiB.
func resetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

func peak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return n
}

// odooAlone is the process that is Odoo.
func odooAlone() {
	rows, err := strconv.Atoi(os.Getenv("ODOOSYNC_TEST_ODOO"))
	if err != nil {
		panic(err)
	}
	sim := odoosim.New(odoosim.Options{})
	year := 365 * 24 * time.Hour
	begin := time.Now().UTC().Add(-year - 48*time.Hour).Truncate(time.Second)
	first := sim.Seed("res.partner", rows, func(i int) odoosim.Values {
		return odoosim.Values{"name": fmt.Sprintf("Lycée %d", i), "email": fmt.Sprintf("lycee%d@example.fr", i), "city": "Rennes", "zip": "35000", "is_company": true}
	}, func(i int) time.Time { return begin.Add(year / time.Duration(rows) * time.Duration(i)) })
	url, err := sim.Start()
	if err != nil {
		panic(err)
	}
	tell := func(w http.ResponseWriter) { _ = json.NewEncoder(w).Encode(sim.Stats()) }
	http.HandleFunc("/stats", func(w http.ResponseWriter, _ *http.Request) { tell(w) })
	http.HandleFunc("/cost", func(w http.ResponseWriter, _ *http.Request) {
		sim.SetFaults(odoosim.Faults{PerRecord: 300 * time.Microsecond, PerListed: 6500 * time.Nanosecond, PerGrouped: 200 * time.Millisecond})
		tell(w)
	})
	http.HandleFunc("/differ", func(w http.ResponseWriter, _ *http.Request) {
		random := rand.New(rand.NewPCG(1, 1))
		for i, at := range random.Perm(rows)[:differences] {
			if i%4 == 0 {
				sim.Unlink("res.partner", first+int64(at))
			} else {
				sim.Write("res.partner", first+int64(at), odoosim.Values{"city": "Nantes"})
			}
		}
		tell(w)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(url, "http://"+l.Addr().String())
	panic(http.Serve(l, nil)) // it is killed
}
