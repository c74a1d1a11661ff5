package reconcile

import (
	"context"
	"errors"
	"maps"
	"slices"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// batch is one read of some records of one model and what came of it. It
// belongs to one goroutine.
type batch struct {
	engine   *Engine
	model    string
	entities []*mapping.Entity
	targets  map[int64]Target
	trail    trail

	versions        map[string]map[int64]store.Seen // by entity and Odoo id: each link before the read
	odooVersions    map[int64]string                // of a push: the records' versions in Odoo, from before the read
	writtenVersions map[int64]string                // of what it has written: those from after the read
	raws            map[int64]odooclient.Raw
	absent          map[int64]error                       // ErrMissing, ErrHidden, or what is wrong with the record
	lines           map[string]map[int64][]odooclient.Raw // by x2many field and parent id, in Odoo's order
	outcomes        map[int64]Outcome
	findings        map[int64]Finding // the first entity's that is none of Same
	errs            map[int64]error
	stale           map[int64]bool
	ended           map[int64]bool // through its last entity

	survivors map[int64]survivor          // of records that Odoo merged into others
	adoptions map[string]map[int64]string // by entity and Odoo id: the row that is the same
	out       *outbound                   // what a push has to do next; nil for other syncs
}

func newBatch(e *Engine, model string, entities []*mapping.Entity, targets []Target, t trail) *batch {
	b := &batch{engine: e, model: model, entities: entities, targets: make(map[int64]Target, len(targets)), trail: t,
		versions: map[string]map[int64]store.Seen{}, raws: map[int64]odooclient.Raw{}, absent: map[int64]error{},
		lines: map[string]map[int64][]odooclient.Raw{}, outcomes: map[int64]Outcome{}, findings: map[int64]Finding{}, errs: map[int64]error{}, stale: map[int64]bool{}, ended: map[int64]bool{},
		adoptions: map[string]map[int64]string{}, survivors: map[int64]survivor{}}
	for _, target := range targets {
		b.targets[target.OdooID] = target
	}
	return b
}

// run does the three steps of the package's documentation for each entity.
func (b *batch) run(ctx context.Context) error {
	ids := slices.Sorted(maps.Keys(b.targets))
	for _, entity := range b.entities {
		versions, err := store.Versions(ctx, b.engine.db, entity.Name, ids)
		if err != nil {
			return err
		}
		b.versions[entity.Name] = versions
	}
	if err := b.readVersions(ctx, ids); err != nil {
		return err
	}
	if err := b.read(ctx, ids); err != nil {
		return err
	}
	if halted, err := b.older(ctx); err != nil || halted {
		return errors.Join(err, b.spoilHalted(ctx))
	}
	if err := b.readLines(ctx); err != nil {
		return err
	}
	if halted, err := b.olderLines(ctx); err != nil || halted {
		return errors.Join(err, b.spoilHalted(ctx))
	}
	if err := b.readWrittenVersions(ctx); err != nil {
		return err
	}
	for i, entity := range b.entities {
		if err := b.syncEntity(ctx, entity, i == len(b.entities)-1); err != nil {
			return err
		}
	}
	return nil
}

// read fetches the fields of every entity at once: one read serves them all.
func (b *batch) read(ctx context.Context, ids []int64) error {
	var fields []string
	for _, entity := range b.entities {
		fields = append(fields, entity.OdooFields()...)
	}
	slices.Sort(fields)
	return b.engine.odoo.ReadEach(ctx, b.model, ids, slices.Compact(fields), func(id int64, raw odooclient.Raw, err error) error {
		if err != nil {
			b.absent[id] = err
			return nil
		}
		b.raws[id] = raw
		return nil
	})
}

// readLines fetches the lines of all records, in one read a child.
func (b *batch) readLines(ctx context.Context) error {
	for _, entity := range b.entities {
		for _, child := range entity.Children {
			if _, done := b.lines[child.Name]; done {
				continue
			}
			if err := b.readChild(ctx, child); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *batch) readChild(ctx context.Context, child *mapping.Child) error {
	lists := b.lineIDs(child)
	parents := make(map[int64]int64)
	for id, list := range lists {
		for _, lineID := range list {
			parents[lineID] = id
		}
	}
	ids := slices.Sorted(maps.Keys(parents))
	read := make(map[int64]odooclient.Raw, len(ids))
	err := b.engine.odoo.ReadEach(ctx, child.Model, ids, child.OdooFields(), func(id int64, raw odooclient.Raw, err error) error {
		switch {
		case err == nil:
			read[id] = raw
		case errors.Is(err, odooclient.ErrMissing):
			// Removed since the parent was read: its removal has a hint of its own.
		default:
			// A half-read order must not look like one with fewer lines.
			b.spoil(parents[id], record.Wrap(record.CodeOf(err), err, "line %d of %s %d cannot be read", id, b.model, parents[id]))
		}
		return nil
	})
	if err != nil {
		return err
	}
	byParent := make(map[int64][]odooclient.Raw, len(b.raws))
	for id, list := range lists {
		lines := make([]odooclient.Raw, 0, len(list))
		for _, lineID := range list {
			if line, ok := read[lineID]; ok {
				lines = append(lines, line)
			}
		}
		byParent[id] = lines
	}
	b.lines[child.Name] = byParent
	return nil
}

// lineIDs are the ids of the records' lines, each once, in Odoo's order. A
// record whose answer lists none in the way Odoo does is taken out: nothing is
// known of its lines, so none may be taken away.
func (b *batch) lineIDs(child *mapping.Child) map[int64][]int64 {
	lists := make(map[int64][]int64, len(b.raws))
	for id, raw := range b.raws {
		list, ok := raw[child.Name].([]any)
		ids := make([]int64, 0, len(list))
		for _, e := range list {
			lineID, isID := e.(int64)
			ok = ok && isID
			if !slices.Contains(ids, lineID) {
				ids = append(ids, lineID)
			}
		}
		if !ok {
			b.spoil(id, record.Errorf(record.CodeRetryable, "Odoo's answer for %s %d holds no list of ids in %s", b.model, id, child.Name))
			continue
		}
		lists[id] = ids
	}
	return lists
}

// spoil takes a record out of the batch with the reason.
func (b *batch) spoil(id int64, err error) {
	if b.errs[id] == nil {
		b.errs[id] = err
	}
}

func (b *batch) linesOf(entity *mapping.Entity, id int64) map[string][]odooclient.Raw {
	out := make(map[string][]odooclient.Raw, len(entity.Children))
	for _, child := range entity.Children {
		out[child.Name] = b.lines[child.Name][id]
	}
	return out
}

// note keeps the most telling outcome of a record over its entities.
func (b *batch) note(id int64, o Outcome) {
	if rank[o] > rank[b.outcomes[id]] {
		b.outcomes[id] = o
	}
}

// cause is the cause of any record of the batch: others are synced for it.
func (b *batch) cause() store.Cause {
	for _, t := range b.targets {
		return t.Cause
	}
	return store.Cause{}
}

// results are the records that are through, well or not, in the order of their
// ids: a plan tells of them in that order, the same each time.
func (b *batch) results() []Result {
	var out []Result
	for _, id := range slices.Sorted(maps.Keys(b.targets)) {
		target := b.targets[id]
		if b.stale[id] {
			continue
		}
		if err := b.errs[id]; err != nil {
			out = append(out, Result{Target: target, Outcome: Refused, Err: err})
			continue
		}
		if b.ended[id] {
			out = append(out, Result{Target: target, Outcome: b.outcomes[id], Found: b.findings[id]})
		}
	}
	return out
}

// moved are the targets to read again.
func (b *batch) moved() []Target {
	var out []Target
	for id, target := range b.targets {
		if b.stale[id] {
			out = append(out, target)
		}
	}
	return out
}
