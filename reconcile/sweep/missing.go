package sweep

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/odooclient"
	"odoosync/reconcile"
)

// few records are never too many: three of five is no accident of a rule.
const few = 20

// probe is how many of the records that a list lacks are looked at one by one
// before anything is done about any.
const probe = 200

// missing settles what is on the shelf and not in Odoo's lists: deleted, merged,
// hidden, or out of the domain. The engine's read by id tells which.
func (c *comparison) missing(ctx context.Context) error {
	if len(c.extras) == 0 {
		return nil
	}
	if c.area.child == nil {
		if err := c.suspicious(ctx); err != nil {
			return err
		}
	}
	days := map[int64]string{}
	for id, l := range c.extras {
		if c.area.child != nil {
			id = l.Parent
		}
		days[id] = dayOf(l.WriteDate)
	}
	done, err := c.run.examine(ctx, c.area, slices.Sorted(maps.Keys(days)))
	return c.left(ctx, done, days, err)
}

// suspicious looks at some of the missing records, the newest first, and halts
// the model where they tell of a lost right or of an older copy of Odoo.
func (c *comparison) suspicious(ctx context.Context) error {
	ids := slices.Sorted(maps.Keys(c.extras))
	slices.Reverse(ids)
	sample := ids[:min(len(ids), probe)]
	hidden, gone := 0, 0
	var newest time.Time
	err := c.run.s.o.Odoo.ReadEach(ctx, c.area.entity.Model, sample, []string{"write_date"}, func(id int64, _ odooclient.Raw, err error) error {
		switch {
		case errors.Is(err, odooclient.ErrHidden):
			hidden++
		case errors.Is(err, odooclient.ErrMissing):
			gone++
			if at := c.extras[id].WriteDate; at.After(newest) {
				newest = at
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	live, err := store.LiveLinks(ctx, c.run.s.o.DB, c.area.entity.Name)
	if err != nil {
		return err
	}
	if n := int64(len(ids)) * int64(hidden) / int64(len(sample)); c.run.s.tooMany(n, live) {
		return c.halt(ctx, reconcile.HaltHidden,
			"about %d of %d records of %s are hidden from the sync user at once: a record rule, a group or a company was taken from it", n, live, c.area.entity.Model)
	}
	if gone < 2 {
		return nil
	}
	last, err := c.run.s.newestInOdoo(ctx)
	if err != nil || !last.Before(newest.Add(-time.Minute)) {
		return err
	}
	return c.halt(ctx, reconcile.HaltOlderCopy,
		"%d records of %s are gone, one of them was written at %s UTC, and nothing in Odoo was written after %s: this Odoo is an older copy",
		len(ids), c.area.entity.Model, newest.Format(time.DateTime), last.Format(time.DateTime))
}

// halt halts the area's model and returns the error of that; nil where a person
// has accepted what Odoo shows.
func (c *comparison) halt(ctx context.Context, kind, format string, args ...any) error {
	halted, err := c.run.s.o.Engine.Halt(ctx, c.area.entity.Model, kind, format, args...)
	if err != nil || !halted {
		return err
	}
	return c.run.s.o.Engine.HaltError(ctx, c.area.entity.Model)
}

// tooMany reports that so many of an entity's live records are an accident.
func (s *Sweeper) tooMany(n, live int64) bool {
	b := s.o.Brake
	return n >= 3 && n*2 > live || n > few && b != (reconcile.Brake{}) && (n > b.Deletes || n*100 > b.Percent*live)
}

// newestInOdoo is when anything that is mapped was written last.
func (s *Sweeper) newestInOdoo(ctx context.Context) (time.Time, error) {
	var newest time.Time
	for _, a := range s.areas {
		domain := append(slices.Clone(a.listing.Domain), []any{"write_date", "!=", false})
		err := s.o.Odoo.SearchRead(ctx, a.listing.Model, domain, []string{"write_date"}, odooclient.Page{Order: "write_date desc", Limit: 1}, func(raw odooclient.Raw) error {
			text, _ := raw["write_date"].(string)
			if at := timeOf(text); at.After(newest) {
				newest = at
			}
			return nil
		})
		if err != nil && record.CodeOf(err) != record.CodeDenied {
			return newest, err
		}
	}
	return newest, nil
}

// emptied halts a model of which Odoo shows nothing any more.
func (c *comparison) emptied(ctx context.Context, odoo, here int64) error {
	if odoo > 0 || here < 2 || c.area.child != nil {
		return nil
	}
	return c.halt(ctx, reconcile.HaltEmpty,
		"Odoo shows no record of %s any more, and %d were there: they were deleted, or the sync user may no longer see them", c.area.entity.Model, here)
}
