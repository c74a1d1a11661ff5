package reconcile_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/queue"
	"odoosync/reconcile"
)

// Two daemons with two workers each, and connections to MySQL that are cut all
// the time: every event is applied, nothing exists twice.
func TestCutConnectionsLoseAndDoubleNothing(t *testing.T) {
	b := newBench(t, 17)
	school := b.sim.Create("res.partner", odoosim.Values{"name": "École"})
	var orders []int64
	for i := range 60 {
		teacher := b.sim.Create("res.partner", odoosim.Values{"name": fmt.Sprint("Teacher ", i), "parent_id": school})
		orders = append(orders, b.sim.Create("sale.order", odoosim.Values{"partner_id": teacher, "state": "sale",
			"order_line": []odoosim.Values{{"name": "Rome", "price_unit": 1.0}, {"name": "Milan"}}}))
	}
	for _, id := range orders {
		for range 3 {
			b.hint("sale.order.updated", "sale.order", id)
		}
	}
	second := queue.NewInbox(b.db, queue.Options{})
	t.Cleanup(second.Stop)
	ctx, stop := context.WithCancel(b.ctx)
	var group sync.WaitGroup
	done := make(chan struct{}, 1000)
	for _, inbox := range []*queue.Inbox{b.inbox, second} {
		engine := reconcile.New(reconcile.Options{DB: b.db, Odoo: b.client, Mapping: b.mapping(""), Hints: inbox, Batch: 7})
		w := reconcile.NewWorker(reconcile.WorkerOptions{Inbox: inbox, Syncer: engine, Batch: 9, Lease: time.Second, Idle: 10 * time.Millisecond,
			OnDone: func(queue.Event, reconcile.Outcome, error) { done <- struct{}{} }})
		group.Go(func() { w.Run(ctx, time.Second) })
	}
	killer, err := b.db.Conn(b.ctx)
	require.NoError(t, err)
	for kills := 0; kills < 60 && b.rows("SELECT COUNT(*) FROM webhook_logs WHERE status <> 'success'") != "0"; kills++ {
		rows, err := killer.QueryContext(b.ctx, "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()")
		require.NoError(t, err)
		var ids []int64
		for rows.Next() {
			var id int64
			require.NoError(t, rows.Scan(&id))
			ids = append(ids, id)
		}
		for i, id := range ids {
			if i%2 == 0 {
				_, _ = killer.ExecContext(b.ctx, fmt.Sprint("KILL ", id)) // it may be gone
			}
		}
		select { // the next cut comes when something got through
		case <-done:
		case <-time.After(100 * time.Millisecond):
		}
	}
	require.NoError(t, killer.Close())
	require.Eventually(t, func() bool { return b.rows("SELECT 1 FROM webhook_logs WHERE status <> 'success' LIMIT 1") == "" }, 40*time.Second, 50*time.Millisecond)
	stop()
	group.Wait()
	require.Equal(t, "60 | 60 | 120 | 61", b.rows("SELECT (SELECT COUNT(*) FROM quotes), (SELECT COUNT(*) FROM travels), (SELECT COUNT(*) FROM quote_lines), (SELECT COUNT(*) FROM contacts)"))
	require.Equal(t, "181", b.rows("SELECT COUNT(*) FROM sync_changes"))
	require.Equal(t, "0", b.rows("SELECT COUNT(*) FROM quotes WHERE contact_id IS NULL"))
}
