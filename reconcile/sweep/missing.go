package sweep

import (
	"context"
	"maps"
	"slices"

	"odoosync/reconcile"
)

// missing settles what is on the shelf and not in Odoo's lists: deleted, merged,
// hidden, or out of the domain. The engine's read by id tells which, unless so
// much is missing, or in such a way, that the model is halted.
func (c *comparison) missing(ctx context.Context) error {
	if len(c.extras) == 0 {
		return nil
	}
	lost, days := reconcile.Lost{}, map[int64]string{}
	for id, l := range c.extras {
		lost[id] = l.WriteDate
		if c.area.child != nil { // the line's record tells
			id = l.Parent
		}
		days[id] = dayOf(l.WriteDate)
	}
	if c.area.child == nil {
		if err := c.run.s.o.Engine.GuardLost(ctx, c.area.entity.Model, lost); err != nil {
			return err
		}
	}
	done, err := c.run.examine(ctx, c.area, slices.Sorted(maps.Keys(days)))
	return c.left(ctx, done, days, err)
}

// emptied halts a model of which Odoo shows nothing any more.
func (c *comparison) emptied(ctx context.Context, odoo, here int64) error {
	if c.area.child != nil {
		return nil
	}
	return c.run.s.o.Engine.GuardEmpty(ctx, c.area.entity.Model, odoo, here)
}
