package reconcile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
)

// Brake holds mass deletes. It counts, for each entity and direction, what all
// causes together deleted in the last day; archivings by a delete count too.
// Edits go on meanwhile. The zero Brake holds nothing.
type Brake struct {
	Deletes int64 // more than this in a day are held
	Percent int64 // so are more than this share of the entity's rows, above 20 deletes
}

// brakeWindow is how far back deletes are counted.
const brakeWindow = 24 * time.Hour

// few deletes are never held for their share: one of three rows is no accident.
const few = 20

// heldPause is how long a held delete waits before it is looked at again.
const heldPause = 5 * time.Minute

// errHeld is in the error of a delete that the brake holds.
var errHeld = errors.New("a mass delete is held")

// Held reports that an error only says that somebody has to look first: at a
// mass delete, or at a model that was halted.
func Held(err error) bool { return errors.Is(err, errHeld) }

func releaseName(entity string, side record.Side) string {
	return "deletes:" + entity + ":" + string(side)
}

// release lets an entity's deletes through for a while.
type release struct {
	Until time.Time `json:"until"`
}

// AllowDeletes releases what the brake holds of an entity, in both directions,
// for an hour, and takes Odoo as it is now where that had halted the model.
func (e *Engine) AllowDeletes(ctx context.Context, entity string) error {
	until := release{Until: e.clock.Now().Add(time.Hour)}
	for _, side := range []record.Side{record.Odoo, record.Local} {
		if err := store.SaveCursor(ctx, e.db, e.clock.Now(), releaseName(entity, side), until); err != nil {
			return err
		}
	}
	if err := e.accept(ctx, e.mapping.ByName(entity)); err != nil {
		return err
	}
	return queue.HurryHeld(ctx, e.db, e.clock.Now())
}

// holdDeletes holds the plans' deletes where they would be too many. What is
// held is left as it is, and looked at again.
func (w *writer) holdDeletes(ctx context.Context) error {
	if w.batch.engine.brake == (Brake{}) || w.batch.engine.dry != nil {
		return nil
	}
	for _, side := range []record.Side{record.Local, record.Odoo} {
		deletes := func(p *plan) bool { return p.deletes(side) }
		n := int64(len(w.plans)) - int64(len(slices.DeleteFunc(slices.Clone(w.plans), deletes)))
		if n == 0 {
			continue
		}
		why, err := w.tooMany(ctx, side, n)
		if err != nil {
			return err
		}
		if why == "" {
			continue
		}
		for _, p := range w.plans {
			if p.deletes(side) {
				w.waiting[p.item.id] = record.Wrap(record.CodeUnavailable, errHeld, "%s", why)
				delete(w.outcomes, p.item.id)
				delete(w.findings, p.item.id)
			}
		}
		w.plans = slices.DeleteFunc(w.plans, deletes)
	}
	return nil
}

// deletes reports that the plan deletes on a side.
func (p *plan) deletes(side record.Side) bool {
	if side == record.Local {
		return p.op == "delete"
	}
	return p.intent != nil && p.intent.Step == stepDelete
}

// tooMany says why n more deletes are held, "" when they are not.
func (w *writer) tooMany(ctx context.Context, side record.Side, n int64) (string, error) {
	recent, err := store.RecentDeletes(ctx, w.tx, w.entity.Name, side, w.now.Add(-brakeWindow))
	if err != nil || recent+n <= few {
		return "", err
	}
	live, err := store.LiveLinks(ctx, w.tx, w.entity.Name)
	if err != nil {
		return "", err
	}
	b := w.batch.engine.brake
	if recent+n <= b.Deletes && (recent+n)*100 <= b.Percent*(live+recent) {
		return "", nil
	}
	var r release
	if err := store.LoadCursor(ctx, w.tx, releaseName(w.entity.Name, side), &r); err != nil || w.now.Before(r.Until) {
		return "", err
	}
	where := "Odoo"
	if side == record.Local {
		where = w.entity.Table
	}
	return fmt.Sprintf(queue.HeldPrefix+"%d deletes of %s in %s within a day, of %d rows, look like an accident (reconcile.max_deletes, max_delete_percent); if they are meant, run odoosync resync --entity %s --allow-deletes",
		recent+n, w.entity.Name, where, live, w.entity.Name), nil
}

// SweepRows finds rows that vanished without a trigger (TRUNCATE, a cascade) and
// leaves their deletion to the push, which the brake watches. It returns how
// many it found of which nobody had told.
func (e *Engine) SweepRows(ctx context.Context) (int, error) {
	found := 0
	for _, entity := range e.mapping.Entities {
		if entity.Direction == mapping.ToAPI || e.outbox == nil {
			continue
		}
		n, err := e.sweepLost(ctx, entity)
		if found += n; err != nil {
			return found, err
		}
	}
	return found, nil
}

// sweepLost is SweepRows for one entity. A deletion that waits, or that Odoo has
// refused, is told of already.
func (e *Engine) sweepLost(ctx context.Context, entity *mapping.Entity) (found int, err error) {
	for after := int64(0); ; {
		lost, err := store.LostRows(ctx, e.db, entity.Name, e.rules[entity.Name].table, after, e.batch)
		if err != nil || len(lost) == 0 {
			return found, err
		}
		after = lost[len(lost)-1].LinkID
		ids := make([]string, len(lost))
		for i, l := range lost {
			ids[i] = l.LocalID
		}
		standing, err := queue.StandingOf(ctx, e.db, entity.Name, ids)
		if err != nil {
			return found, err
		}
		var edits []queue.Edit
		for _, id := range ids {
			if s := standing[id]; !s.Waits && !s.RefusedDelete {
				edits = append(edits, queue.Edit{Entity: entity.Name, LocalID: id, Op: queue.OpDelete, ChangedAt: e.clock.Now()})
			}
		}
		if len(edits) == 0 {
			continue
		}
		if err := e.db.InTx(ctx, func(tx *sql.Tx) error { return e.outbox.AppendTx(ctx, tx, edits) }); err != nil {
			return found, err
		}
		found += len(edits)
	}
}
