package reconcile

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
	"go.uber.org/zap"

	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

// Inbox is what a worker takes events from.
type Inbox interface {
	Claim(ctx context.Context, limit int, lease time.Duration) ([]queue.Event, error)
	Retry(ctx context.Context, e queue.Event, cause error) (gaveUp bool, err error)
	Fail(ctx context.Context, ids []int64, cause error) error
	Postpone(ctx context.Context, ids []int64, until time.Time, reason error) error
	Release(ctx context.Context, ids []int64) error
	Extend(ctx context.Context, ids []int64, lease time.Duration) error
	LookAgain(ctx context.Context, e queue.Event, at time.Time) error
	Wake() <-chan struct{}
}

// Syncer serves a batch of claimed events of one model: the engine by reading
// Odoo, or Payloads by the events' own data.
type Syncer interface {
	SyncEvents(ctx context.Context, model string, events []queue.Event) ([]Result, error)
}

// WorkerOptions are a worker's parts.
type WorkerOptions struct {
	Inbox   Inbox
	Syncer  Syncer
	Clock   clockwork.Clock
	Logger  *zap.Logger
	Workers int           // 0: 2
	Batch   int           // events a claim; 0: 200
	Lease   time.Duration // 0: 30 seconds; renewed at half of it
	Idle    time.Duration // how often due retries are looked for; 0: 1 second
	// Overlap is the last of the second looks at a record that a delete hint
	// found alive; 0: 10 minutes.
	Overlap time.Duration
	// OnDone is told of every finished event, for metrics and the demo; may be nil.
	OnDone func(e queue.Event, o Outcome, err error)
}

// Worker takes events from the inbox and syncs their records.
type Worker struct{ o WorkerOptions }

// NewWorker makes a worker. Run runs it.
func NewWorker(o WorkerOptions) *Worker {
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	o.Workers, o.Batch = max(o.Workers, 0), max(o.Batch, 0)
	if o.Workers == 0 {
		o.Workers = 2
	}
	if o.Batch == 0 {
		o.Batch = 200
	}
	if o.Lease == 0 {
		o.Lease = 30 * time.Second
	}
	if o.Idle == 0 {
		o.Idle = time.Second
	}
	if o.Overlap == 0 {
		o.Overlap = 10 * time.Minute
	}
	return &Worker{o}
}

// Run works until ctx ends, then finishes what it has begun: for as long as
// grace lets it. What it cannot finish is given back.
func (w *Worker) Run(ctx context.Context, grace time.Duration) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		timer := w.o.Clock.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-timer.Chan():
			cancel()
		case <-work.Done():
		}
	})
	defer stop()
	var group sync.WaitGroup
	for range w.o.Workers {
		group.Go(func() { w.loop(ctx, work) })
	}
	group.Wait()
}

func (w *Worker) loop(ctx, work context.Context) {
	for ctx.Err() == nil {
		n, err := w.Step(work)
		if err != nil {
			w.o.Logger.Warn("the inbox cannot be read now; it is tried again", zap.Error(err))
		}
		if n > 0 {
			continue
		}
		timer := w.o.Clock.NewTimer(w.o.Idle)
		select {
		case <-ctx.Done():
		case <-w.o.Inbox.Wake():
		case <-timer.Chan():
		}
		timer.Stop()
	}
}

// Step claims and works one batch and returns how many events it took.
func (w *Worker) Step(ctx context.Context) (int, error) {
	events, err := w.o.Inbox.Claim(ctx, w.o.Batch, w.o.Lease)
	if err != nil || len(events) == 0 {
		return 0, err
	}
	renewing, stop := context.WithCancel(ctx)
	var renewals sync.WaitGroup
	renewals.Go(func() { w.renew(renewing, events) })
	byModel := map[string][]queue.Event{}
	var order []string
	for _, e := range events {
		if byModel[e.Model] == nil {
			order = append(order, e.Model)
		}
		byModel[e.Model] = append(byModel[e.Model], e)
	}
	for _, model := range order {
		w.work(ctx, model, byModel[model])
	}
	stop()
	renewals.Wait()
	return len(events), nil
}

// renew keeps the leases while a batch is worked: an Odoo that answers slowly
// is no reason to give it to somebody else.
func (w *Worker) renew(ctx context.Context, events []queue.Event) {
	ids := idsOf(events)
	ticker := w.o.Clock.NewTicker(w.o.Lease / 2)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.Chan():
			if err := w.o.Inbox.Extend(ctx, ids, w.o.Lease); err != nil && ctx.Err() == nil {
				w.o.Logger.Warn("the lease on webhooks could not be renewed", zap.Error(err))
			}
		}
	}
}

func idsOf(events []queue.Event) []int64 {
	ids := make([]int64, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	return ids
}

// work syncs the events of one model and settles each.
func (w *Worker) work(ctx context.Context, model string, events []queue.Event) {
	results, err := w.o.Syncer.SyncEvents(ctx, model, events)
	byID := make(map[int64]queue.Event, len(events))
	for _, e := range events {
		byID[e.ID] = e
	}
	for _, r := range results {
		for _, id := range r.Hints {
			if e, ok := byID[id]; ok {
				delete(byID, id)
				w.settle(ctx, e, r)
			}
		}
	}
	if len(byID) == 0 {
		return
	}
	rest := make([]queue.Event, 0, len(byID))
	for _, e := range events {
		if _, left := byID[e.ID]; left {
			rest = append(rest, e)
		}
	}
	w.giveBack(ctx, rest, err)
}

// unavailablePause is how long events wait for a side that is away.
const unavailablePause = 5 * time.Second

// giveBack returns events that nothing was done about.
func (w *Worker) giveBack(ctx context.Context, events []queue.Event, cause error) {
	settle := context.WithoutCancel(ctx)
	ids := idsOf(events)
	var err error
	switch {
	case ctx.Err() != nil || cause == nil:
		err = w.o.Inbox.Release(settle, ids)
	case waits(cause) || record.CodeOf(cause) == record.CodeDenied: // a whole read that is refused says nothing of a record
		w.o.Logger.Warn("events wait", zap.Int("events", len(ids)), zap.String("reason", record.Message(cause)), zap.NamedError("cause", cause))
		err = w.o.Inbox.Postpone(settle, ids, w.o.Clock.Now().Add(unavailablePause), cause)
	default:
		for _, e := range events {
			w.settle(ctx, e, Result{Outcome: Refused, Err: cause})
		}
	}
	if err != nil {
		w.o.Logger.Warn("events could not be given back; their lease will run out", zap.Error(err))
	}
}

// waits tells errors that consume no attempt.
func waits(err error) bool {
	switch record.CodeOf(err) {
	case record.CodeUnavailable, record.CodeConfig, record.CodeUnknownOutcome:
		return true
	}
	return false
}

// settle ends or retries one event by its result.
func (w *Worker) settle(ctx context.Context, e queue.Event, r Result) {
	if errors.Is(r.Err, queue.ErrLeaseLost) {
		return // another worker has it
	}
	log := w.o.Logger.With(zap.Int64("webhook", e.ID), zap.String("event", e.Type), zap.String("model", e.Model), zap.Int64("odoo_id", e.OdooID))
	ended, err := w.end(context.WithoutCancel(ctx), log, e, r)
	if err != nil {
		log.Warn("the outcome of a webhook could not be noted; it will be worked again", zap.Error(err))
		return
	}
	if ended && w.o.OnDone != nil {
		w.o.OnDone(e, r.Outcome, r.Err)
	}
}

// end notes a result: INFO for a success, WARN for what is tried again, ERROR
// for what is given up. It reports whether the event has ended.
func (w *Worker) end(ctx context.Context, log *zap.Logger, e queue.Event, r Result) (bool, error) {
	if r.Err == nil {
		log.Info("webhook processed", zap.String("outcome", string(r.Outcome)))
		return true, w.lookAgain(ctx, e, r)
	}
	log = log.With(zap.String("reason", record.Message(r.Err)), zap.NamedError("cause", r.Err))
	if waits(r.Err) {
		log.Warn("webhook waits")
		return false, w.o.Inbox.Postpone(ctx, []int64{e.ID}, w.o.Clock.Now().Add(unavailablePause), r.Err)
	}
	attempt := zap.Int("attempt", e.Attempts+1)
	if final(r.Err) && e.Attempts+1 >= guideAttempts {
		log.Error("webhook failed for good", attempt)
		return true, w.o.Inbox.Fail(ctx, []int64{e.ID}, r.Err)
	}
	gaveUp, err := w.o.Inbox.Retry(ctx, e, r.Err)
	if gaveUp {
		log.Error("webhook failed for good", attempt)
	} else {
		log.Warn("webhook failed and will be tried again", attempt)
	}
	return gaveUp, err
}

// guideAttempts are how often the user's guide has an event tried, at once,
// after 2 and after 4 seconds; what is still refused then needs a person.
const guideAttempts = 3

// final tells errors that the same data would meet again.
func final(err error) bool {
	switch record.CodeOf(err) {
	case record.CodeRejected, record.CodeDenied:
		return true
	}
	return false
}

// lookAgain plans second looks at a record that a delete hint found alive:
// hooks may fire before their transaction commits. The looks are events of
// their own, after 5 s, 60 s and the overlap.
func (w *Worker) lookAgain(ctx context.Context, e queue.Event, r Result) error {
	if !r.Alive || !strings.HasSuffix(e.Type, ".deleted") || e.Source == "recheck" {
		return nil
	}
	now := w.o.Clock.Now()
	for _, after := range []time.Duration{5 * time.Second, 60 * time.Second, w.o.Overlap} {
		if err := w.o.Inbox.LookAgain(ctx, e, now.Add(after)); err != nil {
			return err
		}
	}
	return nil
}

func webhookCause(e queue.Event) store.Cause {
	return store.Cause{Kind: "webhook", ID: strconv.FormatInt(e.ID, 10)}
}

// SyncEvents implements Syncer: the events are hints, their records are read.
func (e *Engine) SyncEvents(ctx context.Context, model string, events []queue.Event) ([]Result, error) {
	targets := make([]Target, len(events))
	for i, event := range events {
		targets[i] = Target{OdooID: event.OdooID, Hints: []int64{event.ID}, Cause: webhookCause(event)}
	}
	results, err := e.SyncRecords(ctx, model, targets)
	for i, r := range results {
		if r.Err != nil && final(r.Err) {
			results[i].Err = e.showRefusal(ctx, model, r)
		}
	}
	return results, err
}

// showRefusal puts the reason on the record, for sync_status.
func (e *Engine) showRefusal(ctx context.Context, model string, r Result) error {
	entities := e.mapping.ByModel(model)
	if len(entities) == 0 {
		return r.Err
	}
	if err := store.SetError(ctx, e.db, entities[0].Name, r.OdooID, record.Message(r.Err)); err != nil {
		return errors.Join(r.Err, err)
	}
	return r.Err
}
