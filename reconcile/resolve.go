package reconcile

import (
	"context"
	"errors"
	"maps"
	"slices"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
)

// resolver answers the mapping's questions from what was fetched before: names
// behind ids, and rows behind records. It belongs to one batch.
type resolver struct {
	batch *batch
	refs  map[string]map[int64]string // row ids by entity and Odoo id
	asked map[string]map[int64]bool
	lost  map[string]map[int64]string // so, of rows that were deleted under their links
	found map[lookupKey]lookupEntry   // kept: the cache may forget one before the record is decoded
}

// resolve fetches whatever the records of a batch need to be decoded: names
// first, because a path leads over names to a reference, then the rows of the
// records they reference, syncing those that have none yet.
func (b *batch) resolve(ctx context.Context, entity *mapping.Entity, ids []int64) (*resolver, error) {
	res := &resolver{batch: b, refs: map[string]map[int64]string{}, asked: map[string]map[int64]bool{}, lost: map[string]map[int64]string{}, found: map[lookupKey]lookupEntry{}}
	for range maxHops {
		lookups, refs := b.wants(entity, ids, res)
		if len(lookups) == 0 && len(refs) == 0 {
			return res, nil
		}
		for key, ids := range lookups {
			if err := b.engine.lookups.fetch(ctx, key.model, key.field, sortedIDs(ids)); err != nil {
				return nil, err
			}
		}
		for name, ids := range refs {
			if err := res.reference(ctx, name, sortedIDs(ids)); err != nil {
				return nil, err
			}
		}
	}
	return res, nil
}

// maxHops bounds how far a path may lead; the mapping knows two.
const maxHops = 4

type lookupField struct{ model, field string }

// wants collects what is neither cached nor asked for yet.
func (b *batch) wants(entity *mapping.Entity, ids []int64, res *resolver) (map[lookupField]map[int64]bool, map[string]map[int64]bool) {
	lookups, refs := map[lookupField]map[int64]bool{}, map[string]map[int64]bool{}
	for _, id := range ids {
		raw, read := b.raws[id]
		if !read {
			continue
		}
		for _, w := range entity.Wants(raw, b.linesOf(entity, id), res) {
			if w.Kind == mapping.WantReference {
				if !res.asked[w.Entity][w.ID] {
					add(refs, w.Entity, w.ID)
				}
				continue
			}
			if !res.recall(lookupKey{w.Model, w.Field, w.ID}) {
				add(lookups, lookupField{w.Model, w.Field}, w.ID)
			}
		}
	}
	return lookups, refs
}

func add[K comparable](sets map[K]map[int64]bool, key K, id int64) {
	if sets[key] == nil {
		sets[key] = map[int64]bool{}
	}
	sets[key][id] = true
}

func sortedIDs(set map[int64]bool) []int64 { return slices.Sorted(maps.Keys(set)) }

// reference finds the rows of these records and syncs those without one, once.
func (r *resolver) reference(ctx context.Context, entity string, ids []int64) error {
	for _, id := range ids {
		add(r.asked, entity, id)
	}
	if err := r.find(ctx, entity, ids); err != nil {
		return err
	}
	if err := r.recognize(ctx, entity); err != nil {
		return err
	}
	parent := r.batch.engine.mapping.ByName(entity)
	var targets []Target
	for _, id := range ids {
		if _, ok := r.refs[entity][id]; !ok && !r.batch.trail.has(parent.Model, id) {
			targets = append(targets, Target{OdooID: id, Cause: r.batch.cause()})
		}
	}
	if len(targets) == 0 {
		return nil
	}
	if _, err := r.batch.engine.sync(ctx, parent.Model, targets, r.batch.trail); err != nil {
		return err
	}
	return r.find(ctx, entity, ids)
}

// recognize takes out the rows whose records' ids belong to other records now.
func (r *resolver) recognize(ctx context.Context, entity string) error {
	e, parent := r.batch.engine, r.batch.engine.mapping.ByName(entity)
	strange, still, err := e.recognize(ctx, parent, slices.Sorted(maps.Keys(r.refs[entity])), r.batch.cause(), r.batch.trail)
	if err != nil || len(strange) == 0 {
		return err
	}
	if why, err := e.haltOf(ctx, r.batch.model); err != nil || why != nil {
		return errors.Join(err, errHalted)
	}
	if err := r.find(ctx, entity, strange); err != nil {
		return err
	}
	for _, id := range still {
		delete(r.refs[entity], id)
	}
	return nil
}

func (r *resolver) find(ctx context.Context, entity string, ids []int64) error {
	found, err := store.RowIDs(ctx, r.batch.engine.db, entity, r.batch.engine.rules[entity].table, ids)
	if err != nil {
		return err
	}
	if r.refs[entity] == nil {
		r.refs[entity] = map[int64]string{}
	}
	maps.Copy(r.refs[entity], found)
	for _, id := range ids {
		if row, planned := r.batch.engine.dry.row(entity, id); planned {
			r.refs[entity][id] = row
		}
	}
	return r.findLost(ctx, entity, ids)
}

// findLost remembers which rows the records had whose rows are gone.
func (r *resolver) findLost(ctx context.Context, entity string, ids []int64) error {
	gone := slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { _, there := r.refs[entity][id]; return there })
	former, err := store.FormerRowIDs(ctx, r.batch.engine.db, entity, gone)
	if r.lost[entity] == nil {
		r.lost[entity] = map[int64]string{}
	}
	maps.Copy(r.lost[entity], former)
	return err
}

// refresh looks again for rows that were missing: an earlier part of the batch
// may have made them.
func (r *resolver) refresh(ctx context.Context, entity string) error {
	var missing []int64
	for id := range r.asked[entity] {
		if _, ok := r.refs[entity][id]; !ok {
			missing = append(missing, id)
		}
	}
	return r.find(ctx, entity, missing)
}

// recall takes a lookup from the cache, once, and reports whether it is known.
func (r *resolver) recall(k lookupKey) bool {
	if _, known := r.found[k]; known {
		return true
	}
	raw, found, known := r.batch.engine.lookups.get(k)
	if known {
		r.found[k] = lookupEntry{raw: raw, found: found}
	}
	return known
}

// Lookup implements mapping.Resolver.
func (r *resolver) Lookup(model, field string, id int64) (record.Value, bool) {
	k := lookupKey{model, field, id}
	if !r.recall(k) || !r.found[k].found {
		return record.Null, false
	}
	return mapping.LookupValue(r.found[k].raw), true
}

// Reference implements mapping.Resolver.
func (r *resolver) Reference(entity string, odooID int64) (string, bool) {
	id, ok := r.refs[entity][odooID]
	return id, ok
}
