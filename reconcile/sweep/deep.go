package sweep

import (
	"context"
	"errors"
	"slices"

	"odoosync/internal/store"
)

// nights are how many sweeps it takes until every record was read in full.
const nights = 7

// deepPlace is the record up to which a round has come.
type deepPlace struct {
	After int64 `json:"after"`
}

func deepName(a area) string { return "deep:" + a.name() }

// errEnough ends a list early.
var errEnough = errors.New("enough was read for tonight")

// deep reads a share of an area's records in full, and lists them whatever the
// counts say: only so is found what SQL inside Odoo changed, which leaves no
// date, or made and deleted on one day. It goes on where the last one stopped,
// and begins anew behind the last record.
func (r *run) deep(ctx context.Context, a area) error {
	if err := r.s.o.Engine.HaltError(ctx, a.entity.Model); err != nil {
		return err
	}
	n, err := r.s.o.Odoo.SearchCount(ctx, a.listing.Model, a.listing.Domain)
	if err != nil {
		return err
	}
	d := deepening{comparison: newComparison(r, a), quota: (n + nights - 1) / nights}
	if r.o.Depth == All {
		d.quota = n
	}
	d.quota -= r.position.Deep[a.name()]
	r.expect(d.quota)
	if err := store.LoadCursor(ctx, r.s.o.DB, deepName(a), &d.place); err != nil {
		return err
	}
	for round := 0; d.quota > 0 && round < 2; round++ {
		if err := d.round(ctx); err != nil {
			return err
		}
	}
	return nil
}

// deepening is the full reading of an area.
type deepening struct {
	*comparison
	quota int64
	place deepPlace
}

// round reads from the place to the end, or until the quota is reached.
func (d *deepening) round(ctx context.Context) error {
	a, s := d.area, d.run.s
	err := s.o.Odoo.PagesByID(ctx, a.listing.Model, a.listing.Domain, s.o.Page, d.place.After, func(ids []int64) error {
		ids = ids[:min(int64(len(ids)), d.quota)]
		if err := d.page(ctx, ids); err != nil {
			return err
		}
		if d.quota -= int64(len(ids)); d.quota == 0 {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	if err == nil { // behind the last record
		if err := d.unlisted(ctx, nil, 0); err != nil {
			return err
		}
		d.place.After = 0
		return d.run.keep(ctx, deepName(a), d.place)
	}
	return nil
}

func (d *deepening) page(ctx context.Context, ids []int64) error {
	r, last := d.run, ids[len(ids)-1]
	if err := d.unlisted(ctx, ids, last); err != nil {
		return err
	}
	done, err := r.examine(ctx, d.area, ids)
	if err == nil {
		err = r.unhalted(ctx, d.area, done) // its turn waits until it can be read
	}
	if err != nil {
		return err
	}
	d.place.After = last
	if err := r.keep(ctx, deepName(d.area), d.place); err != nil {
		return err
	}
	r.position.Deep[d.area.name()] += int64(len(ids))
	r.counts["deep_read"] += int64(len(ids))
	r.advance(int64(len(ids)))
	return r.save(ctx)
}

// unlisted settles what the shelf has from the place up to an id (0: all) and
// the list has not.
func (d *deepening) unlisted(ctx context.Context, ids []int64, upto int64) error {
	clear(d.extras)
	for after := d.place.After; ; {
		here, err := store.ShelvedAfter(ctx, d.run.s.o.DB, d.area.shelf, after, 2*d.run.s.o.Page)
		if err != nil {
			return err
		}
		if len(here) == 0 {
			return d.missing(ctx)
		}
		for _, l := range here {
			if upto > 0 && l.OdooID > upto {
				return d.missing(ctx)
			}
			if _, listed := slices.BinarySearch(ids, l.OdooID); !listed {
				d.extras[l.OdooID] = l
			}
		}
		after = here[len(here)-1].OdooID
	}
}
