package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"maps"
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

// wide reports that a reason is one of the whole database: a restore gives back
// the ids of all models, and a document of one refers to records of others.
func wide(kind string) bool {
	return kind == HaltOtherDatabase || kind == HaltOlderCopy || kind == HaltCompany
}

// entails are the further halts that an acceptance covers: what a person has
// seen and taken has these in its train.
var entails = map[string][]string{
	HaltOtherDatabase: {HaltOlderCopy, HaltEmpty, HaltHidden},
	HaltOlderCopy:     {HaltEmpty},
	HaltCompany:       {HaltHidden, HaltEmpty},
	HaltEmpty:         {HaltHidden},
	HaltHidden:        {HaltEmpty},
}

// acceptance is what a person has taken of a model as Odoo shows it.
type acceptance struct {
	Until map[string]time.Time `json:"until"` // by kind of halt
	Of    string               `json:"of"`    // the uuid of the other database, without an end
	// Restored is when a person took what a restore had made of the model.
	Restored time.Time `json:"restored"`
}

// restoreStands is how long a record that could not be synced when a restore was
// accepted is no sign of another one.
const restoreStands = 7 * 24 * time.Hour

// knew reports that a person who accepted a restore accepted this with it: the
// record was agreed on before, and was in Odoo as it is shown now.
func (a acceptance) knew(known store.Seen, shown, now time.Time) bool {
	return now.Sub(a.Restored) < restoreStands && !known.Synced.After(a.Restored) && !shown.After(a.Restored)
}

func (a acceptance) covers(kind, of string, now time.Time) bool {
	if kind == HaltOtherDatabase { // it stays accepted while other models wait for a person
		return of != "" && a.Of == of
	}
	return now.Before(a.Until[kind])
}

// acceptedName keeps a model's acceptance.
func acceptedName(model string) string { return "accepted:" + model }

// Halt stops all work on a model's records, in both directions, until a person
// accepts what Odoo shows (AllowDeletes); for a reason of the whole database,
// that on all models. It reports whether the model is halted: it is not within
// the hour after a halt of that kind was accepted.
func (e *Engine) Halt(ctx context.Context, model, kind, format string, args ...any) (bool, error) {
	return e.halt(ctx, model, kind, "", fmt.Sprintf(format, args...))
}

// halt is Halt; of is what was seen, where another of the kind is another reason.
func (e *Engine) halt(ctx context.Context, model, kind, of, why string) (bool, error) {
	if accepted, err := e.accepted(ctx, model, kind, of); err != nil || accepted {
		return false, err
	}
	models, what, scope := []string{model}, model, " --entity "+e.mapping.ByModel(model)[0].Name
	if wide(kind) {
		models, what, scope = e.models(), "any model", ""
	}
	reason := why + fmt.Sprintf(". Nothing of %s is synced or deleted until somebody has looked: if Odoo is right as it is now, run odoosync resync%s --allow-deletes", what, scope)
	var halts []store.Halt
	for _, m := range models {
		working, err := e.working(ctx, m, kind, of)
		if err != nil {
			return false, err
		}
		if working {
			halts = append(halts, store.Halt{Model: m, Kind: kind, Wide: wide(kind), Of: of, Reason: reason})
		}
	}
	if len(halts) > 0 {
		e.log.Error("work is halted", zap.Strings("models", models), zap.String("kind", kind), zap.String("reason", reason))
	}
	return true, store.SetHalts(ctx, e.db, e.clock.Now(), halts...)
}

// working reports that a model is not halted, or for a narrower reason, and would
// be by one of this kind.
func (e *Engine) working(ctx context.Context, model, kind, of string) (bool, error) {
	if accepted, err := e.accepted(ctx, model, kind, of); err != nil || accepted {
		return false, err
	}
	known, err := store.HaltOf(ctx, e.db, model)
	return known == nil || wide(kind) && !known.Wide, err
}

// accepted reports that a person has taken what would halt a model.
func (e *Engine) accepted(ctx context.Context, model, kind, of string) (bool, error) {
	var a acceptance
	err := store.LoadCursor(ctx, e.db, acceptedName(model), &a)
	return a.covers(kind, of, e.clock.Now()), err
}

// accept ends the halt of an entity's model, and lets none of its kind follow
// for an hour. What nobody has seen is not accepted with it.
func (e *Engine) accept(ctx context.Context, entity *mapping.Entity) error {
	halt, err := store.HaltOf(ctx, e.db, entity.Model)
	if err != nil || halt == nil {
		return err
	}
	now := e.clock.Now()
	var before acceptance
	if err := store.LoadCursor(ctx, e.db, acceptedName(entity.Model), &before); err != nil {
		return err
	}
	a := acceptance{Until: map[string]time.Time{}, Of: cmp.Or(halt.Of, before.Of), Restored: before.Restored}
	maps.Copy(a.Until, before.Until)
	for _, kind := range append([]string{halt.Kind}, entails[halt.Kind]...) {
		a.Until[kind] = now.Add(time.Hour)
	}
	if a.covers(HaltOlderCopy, "", now) {
		a.Restored = now.UTC()
	}
	if err := store.SaveCursor(ctx, e.db, now, acceptedName(entity.Model), a); err != nil {
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
