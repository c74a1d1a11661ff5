package sweep

import (
	"context"
	"errors"
	"maps"
	"slices"

	"odoosync/internal/store"
	"odoosync/odooclient"
)

// comparison is one area of a sweep.
type comparison struct {
	run    *run
	area   area
	trust  trusted
	extras map[int64]store.LineStamp // on the shelf, and not in Odoo's lists
	undone map[string]bool           // days with something left to do; of a run, kept with its position
	stuck  map[string]bool           // of those: something could not be done
	before []string                  // of those: left by the process that the run was cut off in
	listed map[string]bool           // days that were listed in full
}

func newComparison(r *run, a area) *comparison {
	return &comparison{run: r, area: a, extras: map[int64]store.LineStamp{}, undone: map[string]bool{}, stuck: map[string]bool{}, listed: map[string]bool{}}
}

// compare makes an area agree.
func (r *run) compare(ctx context.Context, a area) error {
	c := newComparison(r, a)
	if r.position.Area == a.name() && r.position.Undone != nil {
		c.undone = r.position.Undone
		c.before = slices.Sorted(maps.Keys(c.undone))
	} else {
		r.position.Area, r.position.Span, r.position.After, r.position.Undone = a.name(), store.Span{}, 0, c.undone
	}
	db := r.s.o.DB
	if err := r.s.o.Engine.HaltError(ctx, a.entity.Model); err != nil {
		return err
	}
	if err := store.LoadCursor(ctx, db, trustName(a), &c.trust); err != nil {
		return err
	}
	if of := r.s.comparedAs(a); c.trust.Of != of {
		c.trust = trusted{Of: of}
	}
	odoo, err := r.s.countsInOdoo(ctx, a)
	if errors.Is(err, errNoCounts) {
		return c.everything(ctx)
	}
	if err != nil {
		return err
	}
	here, err := store.CountsByDay(ctx, db, a.shelf)
	if err != nil {
		return err
	}
	r.expect(total(odoo))
	if err := c.emptied(ctx, total(odoo), total(here)); err != nil {
		return err
	}
	if err := c.list(ctx, c.trust.openSpan()); err != nil {
		return err
	}
	if err := c.differing(ctx, odoo); err != nil {
		return err
	}
	if err := c.anew(ctx); err != nil {
		return err
	}
	r.advance(total(odoo))
	return c.end(ctx)
}

// differing lists the days whose counts are not the same on both sides, until
// each such day was listed: what is repaired leaves its day here, as it had left
// it in Odoo when the days were counted there.
func (c *comparison) differing(ctx context.Context, odoo map[string]int64) error {
	for {
		here, err := store.CountsByDay(ctx, c.run.s.o.DB, c.area.shelf)
		if err != nil {
			return err
		}
		days := slices.DeleteFunc(c.trust.differing(odoo, here), func(day string) bool { return c.listed[day] })
		if len(days) == 0 {
			return nil
		}
		for _, span := range spans(days) {
			if err := c.list(ctx, span); err != nil {
				return err
			}
		}
		for _, day := range days {
			c.listed[day] = true
		}
	}
}

// everything lists an area whole, where Odoo does not count.
func (c *comparison) everything(ctx context.Context) error {
	here, err := store.CountsByDay(ctx, c.run.s.o.DB, c.area.shelf)
	if err != nil {
		return err
	}
	n, err := c.run.s.o.Odoo.SearchCount(ctx, c.area.listing.Model, c.area.listing.Domain)
	if err != nil {
		return err
	}
	c.run.expect(n)
	defer c.run.advance(n)
	if err := c.emptied(ctx, n, total(here)); err != nil {
		return err
	}
	for _, span := range []store.Span{{}, {Undated: true}} {
		if err := c.list(ctx, span); err != nil {
			return err
		}
	}
	if err := c.anew(ctx); err != nil {
		return err
	}
	return c.end(ctx)
}

// anew lists the days again in which the process that the run was cut off in had
// found something to do: what their lists lacked was only in its memory.
func (c *comparison) anew(ctx context.Context) error {
	c.run.position.After = 0 // from their beginning
	for _, span := range spans(c.before) {
		if err := c.list(ctx, span); err != nil {
			return err
		}
	}
	return nil
}

// end settles what the lists lacked, and trusts the days that are closed.
func (c *comparison) end(ctx context.Context) error {
	if err := c.missing(ctx); err != nil {
		return err
	}
	maps.DeleteFunc(c.undone, func(day string, _ bool) bool { return !c.stuck[day] }) // by now it is done
	next := trusted{Of: c.trust.Of, Until: closedDay(c.run.position.Began, c.run.s.o.Clock.Now(), c.run.s.o.Overlap)}
	for day := range c.undone {
		if day <= next.Until {
			next.Except = append(next.Except, day)
		}
	}
	slices.Sort(next.Except)
	return c.run.keep(ctx, trustName(c.area), next)
}

// list compares a stretch, id by id, and repairs what is missing or other here.
func (c *comparison) list(ctx context.Context, span store.Span) error {
	after, ended := c.run.resumeAt(c.area, span), false
	err := c.run.s.o.Odoo.StampsByID(ctx, c.area.within(span), c.run.s.o.List, after, func(stamps []odooclient.Stamp) error {
		last := stamps[len(stamps)-1].ID
		upto := last
		if ended = len(stamps) < c.run.s.o.List; ended {
			upto = 0 // whatever is here beyond the last page is not there
		}
		if err := c.page(ctx, span, stamps, after, upto); err != nil {
			return err
		}
		after = last
		return c.run.passed(ctx, c.area, span, last, int64(len(stamps)))
	})
	if err != nil || ended {
		return err
	}
	return c.page(ctx, span, nil, after, 0)
}

// page compares one page with the shelf.
func (c *comparison) page(ctx context.Context, span store.Span, stamps []odooclient.Stamp, after, upto int64) error {
	differ, err := c.against(ctx, span, stamps, after, upto)
	if err != nil || len(differ) == 0 {
		return err
	}
	days := map[int64]string{}
	var targets []int64
	for _, s := range differ {
		id := c.area.target(s)
		if _, seen := days[id]; !seen && id != 0 {
			targets = append(targets, id)
		}
		days[id] = dayOf(timeOf(s.WriteDate))
	}
	done, err := c.run.examine(ctx, c.area, targets)
	return c.left(ctx, done, days, err)
}

// left notes the days of what could not be done. A model that was halted
// meanwhile ends the comparison.
func (c *comparison) left(ctx context.Context, done examined, days map[int64]string, err error) error {
	for id := range done.undone {
		c.undone[days[id]], c.stuck[days[id]] = true, true
	}
	if err != nil {
		return err
	}
	return c.run.unhalted(ctx, c.area, done)
}

// shelfPage is how many stamps are read from the shelf at once.
const shelfPage = 20_000

// against returns the stamps that the shelf does not have so, and keeps what it
// has beyond them.
func (c *comparison) against(ctx context.Context, span store.Span, stamps []odooclient.Stamp, after, upto int64) ([]odooclient.Stamp, error) {
	var differ []odooclient.Stamp
	i := 0
	for {
		here, err := store.Shelved(ctx, c.run.s.o.DB, c.area.shelf, span, after, upto, shelfPage)
		if err != nil {
			return nil, err
		}
		for _, l := range here {
			for i < len(stamps) && stamps[i].ID < l.OdooID {
				differ = append(differ, stamps[i])
				i++
			}
			if i == len(stamps) || stamps[i].ID > l.OdooID {
				c.extras[l.OdooID] = l
				c.undone[dayOf(l.WriteDate)] = true // until they are settled, which a kill may prevent
				continue
			}
			if c.area.differs(stamps[i], l) {
				differ = append(differ, stamps[i])
			}
			i++
		}
		if len(here) < shelfPage {
			return append(differ, stamps[i:]...), nil
		}
		after = here[len(here)-1].OdooID
	}
}
