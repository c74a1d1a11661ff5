package reconcile

import (
	"context"
	"errors"
	"iter"
	"slices"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// survivor is the record that Odoo merged another one into.
type survivor struct {
	odooID  int64 // 0: it was itself merged on since, only its row is left
	localID string
	moved   map[string][]int64 // by entity: the documents of the one that is gone
}

// findSurvivors looks, for records that are gone, for the ones they were merged
// into. Odoo's merge unlinks the sources, points their external ids at the
// survivor and moves their documents to it, partly by SQL, without a write_date
// (odoo/addons/base/wizard/base_partner_merge.py). So a record of ours is asked
// for by its external id; else its event tells, where our module sent it; else
// the survivor is guessed from where its documents are now.
func (b *batch) findSurvivors(ctx context.Context, entity *mapping.Entity, ids []int64) error {
	if entity.MergedColumn == "" || b.engine.remote == nil {
		return nil
	}
	for _, id := range ids {
		if !errors.Is(b.absent[id], odooclient.ErrMissing) {
			continue
		}
		if err := b.findSurvivor(ctx, entity, id); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) findSurvivor(ctx context.Context, entity *mapping.Entity, id int64) error {
	links, err := store.LinksOfRecords(ctx, b.engine.db, entity.Name, []int64{id})
	into := b.targets[id].Into
	if err != nil || links[id] == nil || links[id].LocalID == "" || links[id].State == store.DeletedState && into == 0 {
		return err
	}
	s := survivor{moved: map[string][]int64{}}
	if s.odooID, err = b.engine.remote.ExternalID(ctx, externalModule, externalName(entity, links[id].UUID, "")); err != nil {
		return err
	}
	if s.odooID == 0 || s.odooID == id {
		if s.odooID, err = b.existing(ctx, into); err != nil {
			return err
		}
	}
	if err := b.documentsOf(ctx, entity, links[id].LocalID, id, &s); err != nil {
		return err
	}
	if s.odooID == 0 {
		return b.mergedOn(ctx, entity, id, into, s)
	}
	rows := b.engine.rules[entity.Name].table
	known, err := store.RowIDs(ctx, b.engine.db, entity.Name, rows, []int64{s.odooID})
	if err != nil {
		return err
	}
	if known[s.odooID] == "" && !b.trail.has(entity.Model, s.odooID) {
		if _, err := b.engine.sync(ctx, entity.Model, []Target{{OdooID: s.odooID, Cause: b.targets[id].Cause}}, b.trail); err != nil {
			return err
		}
		if known, err = store.RowIDs(ctx, b.engine.db, entity.Name, rows, []int64{s.odooID}); err != nil {
			return err
		}
	}
	s.localID = known[s.odooID]
	b.survivors[id] = s
	return nil
}

// mergedOn: the record that the event names was merged into yet another one, or
// deleted. Its row leads on.
func (b *batch) mergedOn(ctx context.Context, entity *mapping.Entity, id, into int64, s survivor) error {
	if into == 0 {
		return nil
	}
	links, err := store.LinksOfRecords(ctx, b.engine.db, entity.Name, []int64{into})
	if err != nil || links[into] == nil || links[into].LocalID == "" {
		return err
	}
	s.localID = links[into].LocalID
	b.survivors[id] = s
	return nil
}

// existing is the id if Odoo has such a record, else 0.
func (b *batch) existing(ctx context.Context, id int64) (int64, error) {
	if id == 0 {
		return 0, nil
	}
	found := int64(0)
	err := b.engine.odoo.ReadEach(ctx, b.model, []int64{id}, []string{"create_date"}, func(id int64, _ odooclient.Raw, err error) error {
		if err == nil {
			found = id
		}
		return nil
	})
	return found, err
}

// someDocuments is how many of a row's documents are looked at to see where
// they went.
const someDocuments = 3

// documentsOf finds what refers to a row here, and which record the same refers
// to in Odoo now. Where they do not agree on one, there is no survivor.
func (b *batch) documentsOf(ctx context.Context, entity *mapping.Entity, localID string, id int64, s *survivor) error {
	for other, f := range b.engine.refers(entity) {
		documents, err := store.Referring(ctx, b.engine.db, other.Name, b.engine.rules[other.Name].table, f.Column, localID)
		if err != nil {
			return err
		}
		s.moved[other.Name] = append(s.moved[other.Name], documents...)
		if len(documents) == 0 || s.odooID != 0 {
			continue
		}
		some, err := b.ours(ctx, other, documents[:min(len(documents), someDocuments)])
		if err != nil {
			return err
		}
		if err := b.whereNow(ctx, other.Model, f.Source, some, id, s); err != nil {
			return err
		}
	}
	return nil
}

// refers yields the entities and their fields by which records refer to records
// of this one, and which Odoo has.
func (e *Engine) refers(to *mapping.Entity) iter.Seq2[*mapping.Entity, *mapping.Field] {
	return func(yield func(*mapping.Entity, *mapping.Field) bool) {
		for _, other := range e.mapping.Entities {
			for _, f := range other.Fields {
				if f.Kind == mapping.KindReference && f.Entity == to.Name && f.Source != "" && f.Source != "id" && !yield(other, f) {
					return
				}
			}
		}
	}
}

// ours leaves out the documents whose ids other documents have now.
func (b *batch) ours(ctx context.Context, entity *mapping.Entity, documents []int64) ([]int64, error) {
	strange, _, err := b.engine.recognize(ctx, entity, documents, b.cause(), b.trail)
	if err != nil || len(strange) == 0 {
		return documents, err
	}
	if why, err := b.engine.haltOf(ctx, b.model); err != nil || why != nil {
		return nil, errors.Join(err, errHalted)
	}
	return slices.DeleteFunc(slices.Clone(documents), func(id int64) bool { return slices.Contains(strange, id) }), nil
}

func (b *batch) whereNow(ctx context.Context, model, field string, documents []int64, gone int64, s *survivor) error {
	agreed, differ := int64(0), false
	err := b.engine.odoo.ReadEach(ctx, model, documents, []string{field}, func(_ int64, raw odooclient.Raw, err error) error {
		now, _ := raw[field].(int64)
		if err != nil || now == 0 || now == gone {
			return nil
		}
		differ = differ || agreed != 0 && agreed != now
		agreed = now
		return nil
	})
	if err == nil && !differ {
		s.odooID = agreed
	}
	return err
}

// mergedInto notes on the row of a merged record which row survived it.
func (w *writer) mergedInto(p *plan) {
	s, merged := w.batch.survivors[p.item.id]
	if !merged || s.localID == "" || p.row == nil || p.row.Columns[w.entity.MergedColumn] != nil {
		return
	}
	if p.op == "" {
		p.op = "update"
	}
	if p.columns == nil {
		p.columns = map[string]any{}
	}
	p.columns[w.entity.MergedColumn] = s.localID
	p.changes[w.entity.MergedColumn] = [2]record.Value{record.Null, record.Text(s.localID)}
}

// separate takes the survivor's name off the row of a merged record that is to
// have a record of its own again.
func (w *writer) separate(p *plan) {
	column := w.entity.MergedColumn
	if column == "" || p.row.Columns[column] == nil {
		return
	}
	p.columns = map[string]any{column: nil}
}

// moved are the waits of what moved to a survivor without a word. They are part
// of the transaction that notes the merge, so that neither a kill nor a halt
// leaves a document behind.
func (w *writer) moved(p *plan) []store.Wait {
	s, merged := w.batch.survivors[p.item.id]
	if !merged || s.odooID == 0 {
		return nil
	}
	var out []store.Wait
	for entity, documents := range s.moved {
		for _, id := range documents {
			out = append(out, store.Wait{Entity: entity, OdooID: id, WantEntity: w.entity.Name, WantOdooID: s.odooID})
		}
	}
	return out
}

// repoint syncs the survivors of merged records, whose empty fields the merge
// filled, and the documents.
func (b *batch) repoint(ctx context.Context, entity *mapping.Entity) error {
	for id, s := range b.survivors {
		delete(b.survivors, id)
		if s.odooID != 0 {
			s.moved[entity.Name] = append(s.moved[entity.Name], s.odooID)
		}
		for name, documents := range s.moved {
			model := b.engine.mapping.ByName(name).Model
			var targets []Target
			for _, document := range documents {
				if !b.trail.has(model, document) {
					targets = append(targets, Target{OdooID: document, Cause: store.Cause{Kind: b.targets[id].Cause.Kind, ID: b.targets[id].Cause.ID, RunID: b.targets[id].Cause.RunID}})
				}
			}
			if len(targets) == 0 {
				continue
			}
			if _, err := b.engine.sync(ctx, model, targets, b.trail); err != nil {
				return err
			}
		}
	}
	return nil
}
