package reconcile

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"odoosync/internal/logs"
	"odoosync/internal/queue"
	"odoosync/internal/record"
)

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
	case record.CodeOf(cause).Waits() || record.CodeOf(cause) == record.CodeDenied: // a whole read that is refused says nothing of a record
		w.o.Logger.Warn("events wait", zap.Int("events", len(ids)), logs.Failure(cause))
		err = w.o.Inbox.Postpone(settle, ids, w.o.Clock.Now().Add(unavailablePause), cause)
	default:
		for _, e := range events {
			w.settle(ctx, e, Result{Outcome: Refused, Err: cause})
		}
	}
	if err != nil {
		w.keepStuck(ids...)
		w.o.Logger.Warn("events could not be given back yet", zap.Int("events", len(ids)), logs.Failure(err))
	}
}

// settle ends or retries one event by its result.
func (w *Worker) settle(ctx context.Context, e queue.Event, r Result) {
	if errors.Is(r.Err, queue.ErrLeaseLost) {
		return // another worker has it
	}
	log := w.o.Logger.With(zap.Int64("webhook", e.ID), zap.String("event", e.Type), zap.String("model", e.Model), zap.Int64("odoo_id", e.OdooID),
		zap.String("request_id", e.RequestID), zap.Duration("took", w.o.Clock.Since(e.ReceivedAt)))
	ended, err := w.end(context.WithoutCancel(ctx), log, e, r)
	if err != nil {
		w.keepStuck(e.ID)
		log.Warn("the outcome of a webhook could not be noted; it will be worked again", logs.Failure(err))
		return
	}
	if ended && w.o.OnDone != nil {
		w.o.OnDone(e, r.Outcome, r.Err)
	}
}

// end notes a result: INFO for a success and for what waits for our own write, WARN for what is tried again, ERROR
// for what is given up. It reports whether the event has ended.
func (w *Worker) end(ctx context.Context, log *zap.Logger, e queue.Event, r Result) (bool, error) {
	if r.Err == nil {
		log.Info("webhook processed", zap.String("outcome", string(r.Outcome)))
		return true, nil
	}
	log = log.With(logs.Failure(r.Err))
	if errors.Is(r.Err, errHeld) {
		log.Error("webhook is held back until a person has looked")
		return false, w.o.Inbox.Postpone(ctx, []int64{e.ID}, w.o.Clock.Now().Add(heldPause), r.Err)
	}
	if record.CodeOf(r.Err).Waits() {
		if errors.Is(r.Err, errBeingWritten) { // the echo of our own write, as a rule
			log.Info("webhook waits for a write to end")
		} else {
			log.Warn("webhook waits")
		}
		return false, w.o.Inbox.Postpone(ctx, []int64{e.ID}, w.o.Clock.Now().Add(unavailablePause), r.Err)
	}
	attempt := zap.Int("attempt", e.Attempts+1)
	if record.CodeOf(r.Err).Final() && e.Attempts+1 >= guideAttempts {
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
