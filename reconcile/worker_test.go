package reconcile_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"odoosync/internal/odoosim"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/odooclient"
	"odoosync/reconcile"
)

// worker is a worker on the bench whose log is kept.
func (b *bench) worker(done func(queue.Event, reconcile.Outcome, error)) (*reconcile.Worker, *observer.ObservedLogs) {
	core, logs := observer.New(zapcore.InfoLevel)
	return reconcile.NewWorker(reconcile.WorkerOptions{Inbox: b.inbox, Syncer: b.engine, Clock: b.clock, Logger: zap.New(core), OnDone: done}), logs
}

func (b *bench) append(event string, ids ...int64) {
	b.t.Helper()
	for _, id := range ids {
		_, err := b.inbox.Append(b.ctx, queue.Event{Type: event, Model: event[:strings.LastIndex(event, ".")], OdooID: id, Source: "webhook"})
		require.NoError(b.t, err)
	}
}

// step works what is due and says at which levels the log speaks of it.
func (b *bench) step(w *reconcile.Worker, logs *observer.ObservedLogs) string {
	b.t.Helper()
	_, err := w.Step(b.ctx)
	require.NoError(b.t, err)
	var levels []string
	for _, entry := range logs.TakeAll() {
		levels = append(levels, entry.Level.CapitalString())
	}
	return strings.Join(levels, " ")
}

func TestABadRecordOfAPageStopsNobody(t *testing.T) {
	b := newBench(t, 17)
	var ids []int64
	for range 199 {
		ids = append(ids, b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"}))
	}
	bad := b.sim.Create("res.partner", odoosim.Values{"name": "Long", "phone": strings.Repeat("1", 65)})
	b.append("res.partner.updated", append(ids, bad)...)
	var failed []string
	worker, logs := b.worker(func(_ queue.Event, _ reconcile.Outcome, err error) {
		if err != nil {
			failed = append(failed, record.Message(err))
		}
	})
	reason := "res.partner 200 (contacts), field phone: the text has 65 characters and the column takes 64"

	require.Equal(t, 199, strings.Count(b.step(worker, logs), "INFO"))
	require.Equal(t, "199", b.rows("SELECT COUNT(*) FROM contacts"))
	require.Equal(t, "pending | "+reason, b.rows("SELECT status, error_message FROM webhook_logs WHERE odoo_id = ?", bad))
	require.Equal(t, reason, b.rows("SELECT error FROM sync_status WHERE odoo_id = ?", bad))
	require.Empty(t, failed, "it has not ended")
	b.clock.Advance(2 * time.Second)
	require.Equal(t, "WARN", b.step(worker, logs))
	b.clock.Advance(4 * time.Second)
	require.Equal(t, "ERROR", b.step(worker, logs))
	require.Equal(t, "error | failed | 3 | "+reason, b.rows("SELECT status, outcome, attempts, error_message FROM webhook_logs WHERE odoo_id = ?", bad))
	require.Equal(t, []string{reason}, failed)

	b.sim.Write("res.partner", bad, odoosim.Values{"phone": "1"})
	b.append("res.partner.updated", bad)
	require.Equal(t, "INFO", b.step(worker, logs))
	require.Equal(t, "synced | NULL", b.rows("SELECT state, error FROM sync_status WHERE odoo_id = ?", bad))
}

// A hook may tell of a deletion that its transaction has not committed yet.
func TestADeleteHintThatFindsTheRecordAliveIsLookedAtAgain(t *testing.T) {
	b := newBench(t, 17)
	school := b.sim.Create("res.partner", odoosim.Values{"name": "École"})
	b.sync("res.partner", school)
	worker, logs := b.worker(nil)
	b.append("res.partner.deleted", school)
	require.Equal(t, "INFO", b.step(worker, logs))
	require.Equal(t, "3", b.rows("SELECT COUNT(*) FROM webhook_logs WHERE status = 'pending' AND source = 'recheck'"))
	b.clock.Advance(5 * time.Second)
	require.Equal(t, "INFO", b.step(worker, logs), "still alive")
	b.sim.Unlink("res.partner", school)
	b.clock.Advance(55 * time.Second)
	require.Equal(t, "INFO", b.step(worker, logs))
	require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM contacts WHERE deleted_at IS NOT NULL"))
	b.clock.Advance(10 * time.Minute)
	require.Equal(t, "INFO", b.step(worker, logs))
	require.Equal(t, "0", b.rows("SELECT COUNT(*) FROM webhook_logs WHERE status = 'pending'"), "a second look plans no third")
	require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM sync_changes WHERE op = 'delete'"))
}

// refusing is an Odoo that answers no read.
type refusing struct{ err error }

func (r refusing) ReadEach(context.Context, string, []int64, []string, func(int64, odooclient.Raw, error) error) error {
	return r.err
}

// A login that is refused says nothing of the records: they wait.
func TestARefusedLoginCostsNoAttempt(t *testing.T) {
	for _, code := range []record.Code{record.CodeDenied, record.CodeConfig, record.CodeUnavailable} {
		t.Run(string(code), func(t *testing.T) {
			b := newBench(t, 17)
			b.engine = reconcile.New(reconcile.Options{DB: b.db, Mapping: b.mapping("http://odoo"), Hints: b.inbox, Clock: b.clock,
				Odoo: refusing{record.Wrap(code, errors.New("Access Denied"), "Odoo refuses the sync user")}})
			worker, logs := b.worker(nil)
			b.append("res.partner.updated", 1, 2)
			for range 20 {
				require.Equal(t, "WARN", b.step(worker, logs))
				b.clock.Advance(5 * time.Second)
			}
			require.Equal(t, "pending | 0 | Odoo refuses the sync user", b.rows("SELECT DISTINCT status, attempts, error_message FROM webhook_logs"))
		})
	}
}

// forgetful is an inbox that MySQL's absence keeps from taking events back.
type forgetful struct {
	reconcile.Inbox
	away bool
}

func (f *forgetful) Postpone(ctx context.Context, ids []int64, until time.Time, reason error) error {
	if f.away {
		return record.Errorf(record.CodeUnavailable, "MySQL is away")
	}
	return f.Inbox.Postpone(ctx, ids, until, reason)
}

func TestEventsThatCouldNotBeGivenBackDoNotWaitForTheirLease(t *testing.T) {
	b := newBench(t, 17)
	school := b.sim.Create("res.partner", odoosim.Values{"name": "École"})
	b.append("res.partner.updated", school)
	inbox := &forgetful{Inbox: b.inbox, away: true}
	worker := reconcile.NewWorker(reconcile.WorkerOptions{Inbox: inbox, Syncer: b.engine, Clock: b.clock})
	b.sim.SetDown(true)
	_, err := worker.Step(b.ctx)
	require.NoError(t, err)
	require.Equal(t, "1", b.rows("SELECT lease_owner IS NOT NULL FROM webhook_logs"))
	b.sim.SetDown(false)
	n, err := worker.Step(b.ctx)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, "success | applied", b.rows("SELECT status, outcome FROM webhook_logs"))
}

// poisoned is a syncer that a record makes fail in a way nobody foresaw.
type poisoned struct {
	reconcile.Syncer
	id int64
}

func (p poisoned) SyncEvents(ctx context.Context, model string, events []queue.Event) ([]reconcile.Result, error) {
	for _, e := range events {
		if e.OdooID == p.id {
			panic("nobody thought of this")
		}
	}
	return p.Syncer.SyncEvents(ctx, model, events)
}

func TestAnEventThatPanicsStopsNobody(t *testing.T) {
	b := newBench(t, 17)
	var ids []int64
	for range 20 {
		ids = append(ids, b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"}))
	}
	b.append("res.partner.updated", ids...)
	w := reconcile.NewWorker(reconcile.WorkerOptions{Inbox: b.inbox, Syncer: poisoned{b.engine, ids[7]}, Clock: b.clock})
	_, err := w.Step(b.ctx)
	require.NoError(t, err)
	require.Equal(t, "19", b.rows("SELECT COUNT(*) FROM contacts"))
	require.Equal(t, "8 | pending | 1 | the sync failed unexpectedly; the log has the details", b.rows("SELECT odoo_id, status, attempts, error_message FROM webhook_logs WHERE status <> 'success' AND source = 'webhook'"))
}
