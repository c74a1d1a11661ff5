package reconcile_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/queue"
	"odoosync/reconcile"
)

// Many hints for a record become one read, which serves those that were claimed
// before it: one that arrives meanwhile may tell of something younger.
func TestAReadServesTheHintsClaimedBeforeIt(t *testing.T) {
	b := newBench(t, 17)
	school := b.sim.Create("res.partner", odoosim.Values{"name": "École"})
	for range 10 {
		b.hint("res.partner.updated", "res.partner", school)
	}
	b.engine = b.engineOn(&betweenRead{Reader: b.client, model: "res.partner", then: func() {
		b.sim.Write("res.partner", school, odoosim.Values{"city": "Nantes"})
		b.hint("res.partner.updated", "res.partner", school)
	}})
	worker, _ := b.worker(nil)
	read := b.sim.Stats().RecordsRead
	n, err := worker.Step(b.ctx)
	require.NoError(t, err)
	require.Equal(t, 10, n)
	require.Equal(t, read+1, b.sim.Stats().RecordsRead)
	require.Equal(t, "success | 10\npending | 1", b.rows("SELECT status, COUNT(*) FROM webhook_logs GROUP BY status ORDER BY COUNT(*) DESC"))
	n, err = worker.Step(b.ctx)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, "Nantes", b.rows("SELECT city FROM contacts"))
}

// Up to two hundred records of a model are read in one call.
func TestTwoHundredRecordsAreOneCall(t *testing.T) {
	b := newBench(t, 17)
	for range 200 {
		b.hint("res.partner.updated", "res.partner", b.sim.Create("res.partner", odoosim.Values{"name": "École"}))
	}
	worker, _ := b.worker(nil)
	calls := b.sim.Stats().Calls
	_, err := worker.Step(b.ctx)
	require.NoError(t, err)
	require.Equal(t, calls+1, b.sim.Stats().Calls)
	require.Equal(t, "200", b.rows("SELECT COUNT(*) FROM contacts"))
}

// stuck is a side that does not answer until it is given up.
type stuck struct{ entered chan struct{} }

func (s stuck) SyncEvents(ctx context.Context, _ string, _ []queue.Event) ([]reconcile.Result, error) {
	close(s.entered)
	<-ctx.Done()
	return nil, ctx.Err()
}

// A daemon that is stopped waits for what has begun no longer than its grace,
// and gives it back.
func TestAStopGivesBackWhatDoesNotEnd(t *testing.T) {
	b := newBench(t, 17)
	b.hint("res.partner.updated", "res.partner", 1)
	side := stuck{make(chan struct{})}
	worker := reconcile.NewWorker(reconcile.WorkerOptions{Inbox: b.inbox, Syncer: side, Clock: b.clock, Workers: 1})
	ctx, stop := context.WithCancel(b.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		worker.Run(ctx, 10*time.Second)
	}()
	<-side.entered
	stop()
	require.NoError(t, b.clock.BlockUntilContext(b.ctx, 2)) // the lease's renewal and the grace
	b.clock.Advance(10 * time.Second)
	<-ended
	require.Equal(t, "pending | NULL | 0", b.rows("SELECT status, lease_owner, attempts FROM webhook_logs"))
}
