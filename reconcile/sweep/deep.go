package sweep

import (
	"context"
	"errors"

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

// deep reads a share of an area's records in full: only so is found what SQL
// inside Odoo changed, which leaves no date. It goes on where the last one
// stopped, and begins anew behind the last record.
func (r *run) deep(ctx context.Context, a area) error {
	n, err := r.s.o.Odoo.SearchCount(ctx, a.listing.Model, a.listing.Domain)
	if err != nil {
		return err
	}
	quota := (n + nights - 1) / nights
	if r.o.Depth == All {
		quota = n
	}
	quota -= r.position.Deep[a.name()]
	r.expect(quota)
	var place deepPlace
	if err := store.LoadCursor(ctx, r.s.o.DB, deepName(a), &place); err != nil {
		return err
	}
	for round := 0; quota > 0 && round < 2; round++ {
		err := r.s.o.Odoo.PagesByID(ctx, a.listing.Model, a.listing.Domain, r.s.o.Page, place.After, func(ids []int64) error {
			ids = ids[:min(int64(len(ids)), quota)]
			if err := r.deepPage(ctx, a, ids); err != nil {
				return err
			}
			if quota -= int64(len(ids)); quota == 0 {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
		if err == nil {
			place.After = 0
			if err := store.SaveCursor(ctx, r.s.o.DB, r.s.o.Clock.Now(), deepName(a), place); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) deepPage(ctx context.Context, a area, ids []int64) error {
	if _, err := r.examine(ctx, a, ids); err != nil {
		return err
	}
	place := deepPlace{After: ids[len(ids)-1]}
	if err := store.SaveCursor(ctx, r.s.o.DB, r.s.o.Clock.Now(), deepName(a), place); err != nil {
		return err
	}
	r.position.Deep[a.name()] += int64(len(ids))
	r.counts["deep_read"] += int64(len(ids))
	r.advance(int64(len(ids)))
	return r.save(ctx)
}
