package sweep

import (
	"context"
	"maps"
	"slices"

	"go.uber.org/zap"

	"odoosync/internal/logs"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
	"odoosync/reconcile"
)

// shownModel is a model whose fields rows show.
type shownModel struct {
	model  string
	fields []string
	uses   []use
}

// use is where an entity's records show one of its fields.
type use struct {
	entity      *mapping.Entity
	field, path string
}

// shownModels gathers what the mapping shows of other models, by model.
func shownModels(m *mapping.Mapping) []shownModel {
	byModel := map[string]*shownModel{}
	for _, e := range m.Entities {
		for _, s := range e.Shows() {
			one := byModel[s.Model]
			if one == nil {
				one = &shownModel{model: s.Model}
				byModel[s.Model] = one
			}
			if !slices.Contains(one.fields, s.Field) {
				one.fields = append(one.fields, s.Field)
			}
			one.uses = append(one.uses, use{entity: e, field: s.Field, path: s.Path})
		}
	}
	var out []shownModel
	for _, model := range slices.Sorted(maps.Keys(byModel)) {
		out = append(out, *byModel[model])
	}
	return out
}

func namesPlace(model string) string { return "names:" + model }

// namesPage is how many names are compared at once.
const namesPage = 500

// SeedNames keeps the names that rows will show, before the first record is
// read: what is renamed after that is found by the next sweep.
func (s *Sweeper) SeedNames(ctx context.Context) error {
	r := &run{s: s, counts: Counts{}, seeding: true}
	return r.names(ctx)
}

// names finds renamed records of other models and has those read that show
// them.
func (r *run) names(ctx context.Context) error {
	for _, m := range shownModels(r.s.o.Mapping) {
		err := r.namesOf(ctx, m)
		if err != nil && away(ctx, err) {
			return err
		}
		if err != nil { // the sync user may not list it, and reads it all the same
			r.s.o.Logger.Warn("names cannot be compared: renames will not be noticed", zap.String("model", m.model), logs.Failure(err))
		}
	}
	return nil
}

func (r *run) namesOf(ctx context.Context, m shownModel) error {
	var place pollPlace
	if err := store.LoadCursor(ctx, r.s.o.DB, namesPlace(m.model), &place); err != nil {
		return err
	}
	if r.seeding && place.Settled != "" {
		return nil
	}
	limit, all := r.s.now().Add(-r.s.o.Overlap), true
	l := odooclient.Listing{Model: m.model}
	page := func(stamps []odooclient.Stamp) error {
		for chunk := range slices.Chunk(stamps, namesPage) {
			shown, err := r.renamed(ctx, m, chunk)
			if err != nil {
				return err
			}
			all = all && shown
		}
		return nil
	}
	from, err := r.s.since(timeOf(place.Settled), limit), error(nil)
	if from.IsZero() {
		err = r.s.o.Odoo.StampsByID(ctx, l, r.s.o.List, 0, page)
	} else {
		err = r.s.o.Odoo.PagesByWriteDate(ctx, l, r.s.o.List, odooclient.Cursor{WriteDate: from.Format(odooclient.TimeLayout)}, page)
	}
	if err != nil || !all { // the next sweep finds the renamed ones again
		return err
	}
	if limit.After(from) {
		from = limit
	}
	place.Settled = from.Format(odooclient.TimeLayout)
	return r.keep(ctx, namesPlace(m.model), place)
}

// renamed compares some records' fields with what they were. New names are kept
// once the records that show them were read; it reports that all were.
func (r *run) renamed(ctx context.Context, m shownModel, stamps []odooclient.Stamp) (all bool, err error) {
	ids := make([]int64, len(stamps))
	for i, s := range stamps {
		ids[i] = s.ID
	}
	fresh, changed, err := r.newNames(ctx, m, ids)
	if err != nil {
		return false, err
	}
	behind := map[string]bool{} // fields that some rows show as they were
	if len(changed) > 0 {
		r.s.o.Engine.ForgetNames()
	}
	for _, u := range m.uses {
		if ids := changed[u.field]; len(ids) > 0 {
			shown, err := r.showing(ctx, u, ids)
			if err != nil {
				return false, err
			}
			if !shown {
				behind[u.field] = true
			}
		}
	}
	fresh = slices.DeleteFunc(fresh, func(n store.Name) bool { return behind[n.Field] && slices.Contains(changed[n.Field], n.OdooID) })
	return len(behind) == 0, store.SaveNames(ctx, r.s.o.DB, m.model, fresh)
}

// newNames are the names that are not known so, and of which records another one
// was known, by field. While they are seeded no record shows any.
func (r *run) newNames(ctx context.Context, m shownModel, ids []int64) (fresh []store.Name, changed map[string][]int64, err error) {
	known, err := store.Names(ctx, r.s.o.DB, m.model, ids)
	if err != nil {
		return nil, nil, err
	}
	changed = map[string][]int64{}
	err = r.s.o.Odoo.ReadEach(ctx, m.model, ids, m.fields, func(id int64, raw odooclient.Raw, err error) error {
		if err != nil {
			return nil //nolint:nilerr // gone or hidden meanwhile: nobody can show it newly
		}
		for _, field := range m.fields {
			one := store.Name{Field: field, OdooID: id, Text: mapping.LookupValue(raw[field])}
			was, there := known[store.NameKey{Field: field, OdooID: id}]
			if there && was == one.Text {
				continue
			}
			fresh = append(fresh, one)
			if there && !r.seeding {
				changed[field] = append(changed[field], id)
			}
		}
		return nil
	})
	return fresh, changed, err
}

// showing reads the records that show one of these. It reports that they were
// read: not while their model is halted, nor one that somebody is writing. A
// record that was refused says so on its row, and is read whole when it goes on.
func (r *run) showing(ctx context.Context, u use, ids []int64) (shown bool, err error) {
	if err := r.s.o.Engine.HaltError(ctx, u.entity.Model); err != nil { // Odoo may hide them all
		return false, unlessHeld(err)
	}
	a := area{entity: u.entity, listing: u.entity.Listing()}
	domain := append(slices.Clone(a.listing.Domain), []any{u.path, "in", ids})
	shown = true
	err = r.s.o.Odoo.PagesByID(ctx, u.entity.Model, domain, r.s.o.Page, 0, func(ids []int64) error {
		done, err := r.examine(ctx, a, ids)
		if err != nil {
			return err
		}
		shown = shown && len(done.open) == 0
		return r.unhalted(ctx, a, done)
	})
	return shown && err == nil, unlessHeld(err)
}

// unlessHeld leaves out what the steps of the halted model tell.
func unlessHeld(err error) error {
	if reconcile.Held(err) {
		return nil
	}
	return err
}
