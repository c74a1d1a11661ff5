package reconcile

import (
	"fmt"
	"reflect"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/reconcile/merge"
)

// plan is what one transaction does to one record: pure data, made from the
// locked state and carried out by the writer.
type plan struct {
	item item
	link *store.Link // nil: no trace of the record here
	row  *store.Row  // nil: no row

	insert  bool
	remove  bool           // the row is deleted
	set     record.Fields  // columns by field name
	columns map[string]any // further columns as the driver takes them (deleted_at)
	lines   []record.LineChange
	op      string // what sync_changes calls it; "" when nothing changes
	changes record.Changes

	state     store.State
	message   string
	touch     bool // the link is written
	conflicts []record.Conflict
	outcome   Outcome
}

// plan decides about one record.
func (w *writer) plan(it item) (*plan, error) {
	p := &plan{item: it, link: w.links[it.id], changes: record.Changes{}}
	if p.link != nil && p.link.LocalID != "" {
		if row, ok := w.rows[p.link.LocalID]; ok {
			p.row = &row
		}
	}
	defer func() { w.outcomes[it.id] = p.outcome }()
	switch it.fate {
	case gone:
		return p, w.planGone(p)
	case hidden:
		p.mark(store.Hidden, fmt.Sprintf("%s %d exists in Odoo but the sync user may not read it; its row is left as it is",
			w.entity.Model, it.id))
		return p, nil
	case left:
		p.mark(store.Left, fmt.Sprintf("%s %d no longer belongs to what is mapped to %s; its row is left as it is",
			w.entity.Model, it.id, w.entity.Table))
		return p, nil
	case unborn:
		if p.row == nil {
			p.outcome = Ignored
			return p, nil
		}
	}
	return p, w.planMerge(p)
}

// mark notes on a known record why it is not synced. An unknown one is
// somebody else's business.
func (p *plan) mark(s store.State, message string) {
	p.outcome = Ignored
	if p.link == nil || p.link.State == s {
		return
	}
	p.state, p.message, p.touch = s, message, true
}

// planMerge compares the three states of a record that exists in Odoo.
func (w *writer) planMerge(p *plan) error {
	local, err := w.local(p)
	if err != nil {
		return err
	}
	var base record.Base
	if p.link != nil {
		base = p.link.Base
	}
	in := merge.Input{Base: base, Odoo: &p.item.record, Local: local, Rules: w.rules.merge,
		OdooTime: p.item.record.WriteDate, Adopt: merge.Policy(w.entity.Adopt)}
	if local == nil && p.link != nil && p.link.LocalID != "" {
		return w.planLocallyGone(p)
	}
	if local == nil {
		in.Base = record.Base{}
	}
	out := merge.Merge(in)
	p.set, p.lines, p.conflicts = out.ToLocal, out.LocalLines, out.Conflicts
	p.insert = local == nil
	w.describe(p, local)
	w.revive(p)
	p.state = linkState(out)
	p.outcome = Merged
	if p.op != "" {
		p.outcome = Applied
	}
	p.touch = w.worthSaving(p, out.Next)
	p.agree(w.entity.Name, out.Next)
	return nil
}

// planLocallyGone: the row was deleted here by plain SQL. Nothing is written
// to either side; sending the delete to Odoo is the push's decision.
func (w *writer) planLocallyGone(p *plan) error {
	p.outcome = Ignored
	if p.link.State == store.DeletedState {
		return nil
	}
	p.state, p.touch = store.Pending, true
	p.message = fmt.Sprintf("the row %s of %s was deleted here, its record %d is still in Odoo", p.link.LocalID, w.entity.Table, p.item.id)
	return nil
}

func linkState(out merge.Result) store.State {
	for _, c := range out.Conflicts {
		if c.Winner == "" {
			return store.InConflict
		}
	}
	if len(out.ToOdoo) > 0 || len(out.OdooLines) > 0 {
		return store.Pending
	}
	return store.Synced
}

// agree puts the new base into the link, making one for a new record.
func (p *plan) agree(entity string, base record.Base) {
	if p.link == nil {
		p.link = &store.Link{Entity: entity, OdooID: p.item.id}
	}
	p.link.Base = base
	p.link.WriteDate = p.item.record.WriteDate
	p.link.CreateDate = p.item.record.CreateDate
}

// worthSaving spares the write of a link that says the same as before, once
// the record is settled: nobody can hold an older read of it any more, which a
// raised version would have to stop.
func (w *writer) worthSaving(p *plan, next record.Base) bool {
	l := p.link
	return l == nil || p.op != "" || len(p.conflicts) > 0 || l.State != p.state || l.Error != "" ||
		!l.WriteDate.Equal(p.item.record.WriteDate) || w.now.Sub(l.WriteDate) < w.batch.engine.settled ||
		len(p.item.missing) > 0 || !reflect.DeepEqual(l.Base, next)
}

// local is the row as the merge sees it, nil when there is none.
func (w *writer) local(p *plan) (*record.Record, error) {
	if p.row == nil {
		return nil, nil
	}
	fields, err := w.entity.DecodeRow(p.row.Columns)
	if err != nil {
		return nil, err
	}
	out := &record.Record{Entity: w.entity.Name, LocalID: p.row.ID, OdooID: p.item.id, Fields: fields}
	for _, child := range w.entity.Children {
		lines := []record.Line{}
		for _, row := range w.children[child.Name][p.row.ID] {
			fields, err := child.DecodeRow(row.Columns)
			if err != nil {
				return nil, err
			}
			lines = append(lines, record.Line{OdooID: row.OdooID, LocalID: row.ID, Fields: fields})
		}
		if out.Lines == nil {
			out.Lines = map[string][]record.Line{}
		}
		out.Lines[child.Name] = lines
	}
	return out, nil
}

// describe writes down, for sync_changes, what the plan does to the row.
func (w *writer) describe(p *plan, local *record.Record) {
	for name, v := range p.set {
		old := record.Null
		if local != nil {
			old = local.Fields[name]
		} else if v.IsNull() {
			continue // a new row's empty columns tell nothing
		}
		p.changes[name] = [2]record.Value{old, v}
	}
	for _, l := range p.lines {
		describeLine(p.changes, l)
	}
	switch {
	case p.insert:
		p.op = "create"
	case len(p.changes) > 0:
		p.op = "update"
	}
}

func describeLine(changes record.Changes, l record.LineChange) {
	key := fmt.Sprintf("%s[odoo:%d]", l.Child, l.OdooID)
	if l.OdooID == 0 {
		key = fmt.Sprintf("%s[position:%d]", l.Child, l.Position)
	}
	if l.Op == record.LineRemove {
		changes[key] = [2]record.Value{record.Text("line " + l.LocalID), record.Null}
		return
	}
	if l.Op == record.LineUpdate && len(l.Fields) == 0 {
		changes[key+".position"] = [2]record.Value{record.Null, record.Text(fmt.Sprint(l.Position))}
	}
	for name, v := range l.Fields {
		changes[key+"."+name] = [2]record.Value{record.Null, v}
	}
}
