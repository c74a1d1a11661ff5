package reconcile

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// Records that have a row here and that Odoo no longer lists.

// Lost are such records of a model, and when each was last written in Odoo.
type Lost map[int64]time.Time

// probe is how many lost records are looked at one by one before anything is
// done about any.
const probe = 200

// GuardLost looks at some lost records, the newest first, and halts the model
// where they tell of a right that was taken away, or of an older copy of Odoo.
// The error is the halt's. nil says that a sync may settle each of them.
func (e *Engine) GuardLost(ctx context.Context, model string, lost Lost) error {
	if len(lost) == 0 || e.dry != nil {
		return nil
	}
	ids := slices.Sorted(maps.Keys(lost))
	slices.Reverse(ids)
	sample := ids[:min(len(ids), probe)]
	hidden, gone := 0, 0
	var newest time.Time
	err := e.odoo.ReadEach(ctx, model, sample, []string{"write_date"}, func(id int64, _ odooclient.Raw, err error) error {
		switch {
		case errors.Is(err, odooclient.ErrHidden):
			hidden++
		case errors.Is(err, odooclient.ErrMissing):
			gone++
			if lost[id].After(newest) {
				newest = lost[id]
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if hidden > 0 {
		if err := e.guardHidden(ctx, model, int64(len(ids))*int64(hidden)/int64(len(sample))); err != nil {
			return err
		}
	}
	if gone < 2 || e.remote == nil {
		return nil
	}
	last, err := e.newestInOdoo(ctx)
	if err != nil || last.IsZero() || !last.Before(newest.Add(-clockStep)) { // an Odoo that shows nothing at all is another case
		return err
	}
	return e.haltWith(ctx, model, HaltOlderCopy,
		"%d records of %s are gone, one of them was written at %s UTC, and nothing in Odoo was written after %s: this Odoo is an older copy",
		len(ids), model, newest.Format(time.DateTime), last.Format(time.DateTime))
}

// guardHidden halts a model of which n records are hidden at once, where those
// are too many for a right that was taken on purpose.
func (e *Engine) guardHidden(ctx context.Context, model string, n int64) error {
	live, err := store.LiveLinks(ctx, e.db, e.mapping.ByModel(model)[0].Name)
	if err != nil {
		return err
	}
	b := e.brake
	if most := n >= 3 && n*2 > live; !most && (n <= few || b == (Brake{}) || n <= b.Deletes && n*100 <= b.Percent*live) {
		return nil
	}
	return e.haltWith(ctx, model, HaltHidden, "%d of %d records of %s are hidden from the sync user at once: a record rule, a group or a company was taken from it", n, live, model)
}

// GuardEmpty halts a model of which Odoo shows nothing any more.
func (e *Engine) GuardEmpty(ctx context.Context, model string, odoo, here int64) error {
	if odoo > 0 || here < 2 || e.dry != nil {
		return nil
	}
	return e.haltWith(ctx, model, HaltEmpty, "Odoo shows no record of %s any more, and %d were there: they were deleted, or the sync user may no longer see them", model, here)
}

// haltWith halts a model and returns the error of that; nil where a person has
// accepted what Odoo shows.
func (e *Engine) haltWith(ctx context.Context, model, kind, format string, args ...any) error {
	halted, err := e.Halt(ctx, model, kind, format, args...)
	if err != nil || !halted {
		return err
	}
	return e.HaltError(ctx, model)
}

// newestInOdoo is when any mapped record was written last.
func (e *Engine) newestInOdoo(ctx context.Context) (time.Time, error) {
	var newest time.Time
	for _, entity := range e.mapping.Entities {
		domain := append(entity.SearchDomain(), []any{"write_date", "!=", false})
		ids, err := e.remote.Search(ctx, entity.Model, domain, odooclient.Page{Order: "write_date desc", Limit: 1})
		if record.CodeOf(err) == record.CodeDenied {
			continue
		}
		if err != nil {
			return newest, err
		}
		err = e.odoo.ReadEach(ctx, entity.Model, ids, []string{"write_date"}, func(_ int64, raw odooclient.Raw, err error) error {
			if at := odooTime(raw, "write_date"); at.After(newest) {
				newest = at
			}
			return nil //nolint:nilerr // deleted since it was found
		})
		if err != nil {
			return newest, err
		}
	}
	return newest, nil
}

// unlisted goes through the records of an entity that have a row here and that
// Odoo does not list, a page at a time. Where so much is missing that the model
// is halted, it goes through none.
func (e *Engine) unlisted(ctx context.Context, pager Pager, entity *mapping.Entity, size int, page func(ids []int64) error) error {
	lost, there := Lost{}, int64(0)
	shelf := store.Shelf{Entity: entity.Name}
	for after := int64(0); ; {
		known, err := store.ShelvedAfter(ctx, e.db, shelf, after, size)
		if err != nil {
			return mysqldb.Explain(err)
		}
		if len(known) == 0 {
			break
		}
		ids := make([]int64, len(known))
		for i, l := range known {
			ids[i] = l.OdooID
		}
		listed := map[int64]bool{}
		err = pager.PagesByID(ctx, entity.Model, append(entity.SearchDomain(), []any{"id", "in", ids}), size, 0, func(found []int64) error {
			for _, id := range found {
				listed[id] = true
			}
			there += int64(len(found))
			return nil
		})
		if err != nil {
			return err
		}
		for _, l := range known {
			if !listed[l.OdooID] {
				lost[l.OdooID] = l.WriteDate
			}
		}
		after = ids[len(ids)-1]
	}
	if err := e.GuardEmpty(ctx, entity.Model, there, int64(len(lost))); err != nil {
		return err
	}
	if err := e.GuardLost(ctx, entity.Model, lost); err != nil {
		return err
	}
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(lost)), size) {
		if err := page(chunk); err != nil {
			return err
		}
	}
	return nil
}
