package reconcile

import (
	"context"
	"errors"
	"slices"

	"odoosync/internal/record"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// fate says what Odoo's answer makes of a record.
type fate int

const (
	present fate = iota // read, in the domain: merge it
	gone                // deleted in Odoo
	hidden              // there, but not for us
	left                // outside the entity's domain now
	unborn              // the entity has no row for a record in this state
)

// item is one record on its way into one entity's table.
type item struct {
	id      int64
	fate    fate
	record  record.Record
	missing []mapping.MissingRef
	lost    record.Fields // references to rows that were deleted here, as they were
}

// syncEntity brings one entity's rows up to date from what was read. Records
// that reference each other go parents first; where they form a cycle, the
// rest goes at once with the open references noted.
func (b *batch) syncEntity(ctx context.Context, entity *mapping.Entity, last bool) error {
	err := b.syncOpen(ctx, entity, last)
	if errors.Is(err, errHalted) {
		return b.spoilHalted(ctx)
	}
	return err
}

func (b *batch) syncOpen(ctx context.Context, entity *mapping.Entity, last bool) error {
	ids := b.open()
	if len(ids) == 0 {
		return nil
	}
	res, err := b.resolve(ctx, entity, ids)
	if err != nil {
		return err
	}
	for pass := 0; len(ids) > 0; pass++ {
		ready := b.parentsFirst(entity, ids)
		if entity.SelfReference && pass > 0 {
			if err := res.refresh(ctx, entity.Name); err != nil {
				return err
			}
		}
		if err := b.findSurvivors(ctx, entity, ready); err != nil {
			return err
		}
		items, err := b.matchRows(ctx, entity, b.items(entity, ready, res))
		if err != nil {
			return err
		}
		if err := b.apply(ctx, entity, items, last); err != nil {
			return err
		}
		if err := b.repoint(ctx, entity); err != nil {
			return err
		}
		ids = slices.DeleteFunc(ids, func(id int64) bool { return slices.Contains(ready, id) })
	}
	return nil
}

// open are the records that nothing has stopped so far, in order.
func (b *batch) open() []int64 {
	var ids []int64
	for id := range b.targets {
		if b.errs[id] == nil && !b.stale[id] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// items judges and decodes records. One that cannot be decoded is spoilt.
func (b *batch) items(entity *mapping.Entity, ids []int64, res *resolver) []item {
	out := make([]item, 0, len(ids))
	for _, id := range ids {
		it, err := b.item(entity, id, res)
		if err != nil {
			b.spoil(id, err)
			continue
		}
		out = append(out, it)
	}
	return out
}

func (b *batch) item(entity *mapping.Entity, id int64, res *resolver) (item, error) {
	raw, read := b.raws[id]
	if !read {
		return b.absentItem(id)
	}
	in, err := entity.InDomain(raw)
	if err != nil {
		return item{}, err
	}
	if !in {
		return item{id: id, fate: left}, nil
	}
	it := item{id: id}
	if !entity.Exists(raw) {
		it.fate = unborn
	}
	it.record, it.missing, err = entity.Decode(raw, b.linesOf(entity, id), res)
	it.lost = record.Fields{}
	for _, m := range it.missing {
		f := entity.Field(m.Field) // nil for a line's
		if former, known := res.lost[m.Entity][m.OdooID]; known && f != nil && f.Entity == m.Entity {
			it.lost[m.Field] = record.Text(former)
		}
	}
	return it, err
}

func (b *batch) absentItem(id int64) (item, error) {
	err := b.absent[id]
	switch {
	case errors.Is(err, odooclient.ErrMissing):
		return item{id: id, fate: gone}, nil
	case errors.Is(err, odooclient.ErrHidden):
		return item{id: id, fate: hidden}, nil
	case err == nil:
		err = record.Errorf(record.CodeInternal, "Odoo said nothing about %s %d", b.model, id)
	}
	return item{}, err
}

// parentsFirst picks the records none of whose references is still waiting in
// the same batch; all of them when a cycle leaves none.
func (b *batch) parentsFirst(entity *mapping.Entity, ids []int64) []int64 {
	if !entity.SelfReference {
		return slices.Clone(ids)
	}
	waiting := make(map[int64]bool, len(ids))
	for _, id := range ids {
		waiting[id] = true
	}
	var ready []int64
	for _, id := range ids {
		if !b.refersTo(entity, id, waiting) {
			ready = append(ready, id)
		}
	}
	if len(ready) == 0 {
		return slices.Clone(ids)
	}
	return ready
}

func (b *batch) refersTo(entity *mapping.Entity, id int64, waiting map[int64]bool) bool {
	raw, read := b.raws[id]
	if !read {
		return false
	}
	for _, w := range entity.Wants(raw, nil, nil) {
		if w.Kind == mapping.WantReference && w.Entity == entity.Name && w.ID != id && waiting[w.ID] {
			return true
		}
	}
	return false
}
