package reconcile

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
)

// The reasons for a halt.
const (
	HaltOtherDatabase = "other_database" // another database uuid
	HaltOlderCopy     = "older_copy"     // Odoo was restored from a backup
	HaltEmpty         = "empty"          // a model shows no record any more
	HaltHidden        = "hidden"         // the sync user lost the right to see many records
	HaltCompany       = "company"        // the sync user lost a company
)

// acceptedName keeps until when what would halt a model is taken as it is.
func acceptedName(model string) string { return "accepted:" + model }

// Halt stops all work on a model's records, in both directions, until a person
// accepts what Odoo shows (AllowDeletes). It reports whether it did: within the
// hour after an acceptance nothing halts.
func (e *Engine) Halt(ctx context.Context, model, kind, format string, args ...any) (bool, error) {
	if accepted, err := e.Accepted(ctx, model); err != nil || accepted {
		return false, err
	}
	if known, err := store.HaltOf(ctx, e.db, model); err != nil || known != nil {
		return known != nil, err
	}
	scope := " --entity " + e.mapping.ByModel(model)[0].Name
	if kind == HaltOtherDatabase || kind == HaltCompany { // they concern all models
		scope = ""
	}
	reason := fmt.Sprintf(format, args...) + fmt.Sprintf(". Nothing of %s is synced or deleted until somebody has looked: if Odoo is right as it is now, run odoosync resync%s --allow-deletes",
		model, scope)
	e.log.Error("a model is halted", zap.String("model", model), zap.String("kind", kind), zap.String("reason", reason))
	return true, store.SetHalt(ctx, e.db, e.clock.Now(), store.Halt{Model: model, Kind: kind, Reason: reason})
}

// Accepted reports that a person has taken what Odoo shows of a model.
func (e *Engine) Accepted(ctx context.Context, model string) (bool, error) {
	var until release
	err := store.LoadCursor(ctx, e.db, acceptedName(model), &until)
	return e.clock.Now().Before(until.Until), err
}

// accept ends the halt of an entity's model, and lets none follow for an hour.
func (e *Engine) accept(ctx context.Context, entity *mapping.Entity) error {
	now := e.clock.Now()
	if err := store.SaveCursor(ctx, e.db, now, acceptedName(entity.Model), release{Until: now.Add(time.Hour)}); err != nil {
		return err
	}
	return store.EndHalt(ctx, e.db, entity.Model)
}

// HaltError is the error of all work on a halted model, nil where it is not.
func (e *Engine) HaltError(ctx context.Context, model string) error {
	why, err := e.haltOf(ctx, model)
	if err != nil {
		return err
	}
	return why
}

// haltOf is the error of all work on a halted model, nil where it is not.
func (e *Engine) haltOf(ctx context.Context, model string) (why, err error) {
	if e.dry != nil {
		return nil, nil
	}
	h, err := store.HaltOf(ctx, e.db, model)
	if err != nil || h == nil {
		return nil, err
	}
	return record.Wrap(record.CodeUnavailable, errHeld, "%s%s", queue.HeldPrefix, h.Reason), nil
}

// halted gives the targets of a halted model back, each with the reason.
func (e *Engine) halted(ctx context.Context, model string, targets []Target) ([]Result, error) {
	why, err := e.haltOf(ctx, model)
	if err != nil || why == nil {
		return nil, err
	}
	out := make([]Result, len(targets))
	for i, t := range targets {
		out[i] = Result{Target: t, Outcome: Refused, Err: why}
	}
	return out, nil
}
