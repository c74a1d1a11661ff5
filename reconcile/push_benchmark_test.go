package reconcile_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/queue"
	"odoosync/reconcile"
)

// What a record costs a real Odoo in a load of many, on two cores.
const perRecord = 20 * time.Millisecond

// bulk is how many rows are inserted at once, watched how long their push is
// looked at.
const (
	bulk    = 10_000
	watched = 20 * time.Second
)

// BenchmarkPush inserts 10,000 rows by one statement and pushes them for a
// while, in batches and one by one, with an edit of a single row in between.
func BenchmarkPush(b *testing.B) {
	for range b.N {
		batches := pushed(b, 0)
		one := pushed(b, 1)
		b.ReportMetric(batches.rate, "records/s")
		b.ReportMetric(batches.calls, "calls/record")
		b.ReportMetric(one.rate, "records/s-one-by-one")
		b.ReportMetric(one.calls, "calls/record-one-by-one")
		b.ReportMetric(batches.rate/one.rate, "times-faster")
		b.ReportMetric(batches.single.Seconds(), "s-single-edit")
		b.ReportMetric(0, "ns/op")
	}
}

type pushFigures struct {
	rate, calls float64
	single      time.Duration
}

// pushed pushes in claims of that many edits (0: the default).
func pushed(b *testing.B, claim int) pushFigures {
	p := onBench(newBenchOn(b, clockwork.NewFakeClock(), odoosim.Options{Version: 17}))
	outbox := queue.NewOutbox(p.db, queue.OutboxOptions{})
	engine := reconcile.New(reconcile.Options{DB: p.db, Odoo: p.client, Remote: p.client, Mapping: p.mapped, Outbox: outbox, Companies: []int64{1}})
	pusher := reconcile.NewPusher(reconcile.PusherOptions{Engine: engine, Edits: outbox, Batch: claim})
	known := p.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	results, err := engine.SyncRecords(p.ctx, "res.partner", []reconcile.Target{{OdooID: known}})
	require.NoError(b, err)
	require.NoError(b, results[0].Err)
	values := make([]string, bulk)
	for i := range values {
		values[i] = fmt.Sprintf("('Contact %d', 'c%d@example.org', 'Nantes', 'FR')", i, i)
	}
	p.api("INSERT INTO contacts (name, email, city, country_code) VALUES " + strings.Join(values, ", "))
	p.sim.SetFaults(odoosim.Faults{PerWritten: perRecord})

	ctx, stop := context.WithTimeout(p.ctx, watched)
	defer stop()
	before := p.sim.Stats()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if _, err := pusher.Step(p.ctx); err != nil {
				b.Error(err)
				return
			}
		}
	}()
	out := pushFigures{}
	if claim == 0 {
		out.single = p.singleEdit(ctx, known)
	}
	<-done
	after := p.sim.Stats()
	n := float64(len(p.sim.IDs("res.partner")) - 1)
	out.rate, out.calls = n/watched.Seconds(), float64(after.Calls-before.Calls)/n
	return out
}

// singleEdit edits a known row a while after the bulk, and tells when Odoo has it.
func (p *pushBench) singleEdit(ctx context.Context, id int64) time.Duration {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for len(p.sim.IDs("res.partner")) < 200 && ctx.Err() == nil {
		<-ticker.C
	}
	begun := time.Now()
	p.api("UPDATE contacts SET phone = '02' WHERE name = 'Mairie'")
	for p.sim.Get("res.partner", id)["phone"] != "02" && ctx.Err() == nil {
		<-ticker.C
	}
	return time.Since(begun)
}
