package reconcile

import (
	"context"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
	"go.uber.org/zap"

	"odoosync/internal/logs"
	"odoosync/internal/queue"
	"odoosync/internal/record"
)

// Inbox is what a worker takes events from.
type Inbox interface {
	Claim(ctx context.Context, limit int, lease time.Duration) ([]queue.Event, error)
	Retry(ctx context.Context, e queue.Event, cause error) (gaveUp bool, err error)
	Fail(ctx context.Context, ids []int64, cause error) error
	Postpone(ctx context.Context, ids []int64, until time.Time, reason error) error
	Release(ctx context.Context, ids []int64) error
	Extend(ctx context.Context, ids []int64, lease time.Duration) error
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
	// OnDone is told of every finished event, for metrics and the demo; may be nil.
	OnDone func(e queue.Event, o Outcome, err error)
	// Paused tells, before each claim, that events are to wait; may be nil.
	Paused func(ctx context.Context) bool
}

// Worker takes events from the inbox and syncs their records.
type Worker struct {
	o WorkerOptions

	mu    sync.Mutex
	stuck []int64 // events that could not be given back: MySQL was away too
}

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
	return &Worker{o: o}
}

// Run works until ctx ends, then finishes what it has begun: for as long as
// grace lets it. What it cannot finish is given back.
func (w *Worker) Run(ctx context.Context, grace time.Duration) {
	work, end := withGrace(ctx, w.o.Clock, grace)
	defer end()
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
			w.o.Logger.Warn("the inbox cannot be read now; it is tried again", logs.Failure(err))
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
	if err := w.releaseStuck(ctx); err != nil {
		return 0, err
	}
	if w.o.Paused != nil && w.o.Paused(ctx) {
		return 0, nil
	}
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

// releaseStuck gives back what could not be given back before, so that it need
// not wait for its lease to run out.
func (w *Worker) releaseStuck(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.stuck) == 0 {
		return nil
	}
	err := w.o.Inbox.Release(ctx, w.stuck)
	if err == nil {
		w.stuck = nil
	}
	return err
}

func (w *Worker) keepStuck(ids ...int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stuck = append(w.stuck, ids...)
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
				w.o.Logger.Warn("the lease on webhooks could not be renewed", logs.Failure(err))
			}
		}
	}
}

// sync runs the syncer. A panic is an error of the events: it must not end the
// daemon, which would meet them again at its next start.
func (w *Worker) sync(ctx context.Context, model string, events []queue.Event) (results []Result, panicked bool, err error) {
	defer func() {
		if failure := recover(); failure != nil {
			w.o.Logger.Error("a sync failed unexpectedly", zap.String("model", model), logs.Panic(failure), zap.Stack("stack"))
			results, panicked = nil, true
			err = record.Errorf(record.CodeInternal, "the sync failed unexpectedly; the log has the details")
		}
	}()
	results, err = w.o.Syncer.SyncEvents(ctx, model, events)
	return results, false, err
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
	requests := make([]string, len(events))
	for i, e := range events {
		requests[i] = e.RequestID
	}
	results, panicked, err := w.sync(record.WithRequests(ctx, requests...), model, events)
	if panicked && len(events) > 1 { // one of them is to blame: the others go through
		half := len(events) / 2
		w.work(ctx, model, events[:half])
		w.work(ctx, model, events[half:])
		return
	}
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
