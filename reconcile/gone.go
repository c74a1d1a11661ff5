package reconcile

import (
	"fmt"
	"time"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/reconcile/merge"
)

// planGone: Odoo has deleted the record, and said so when it was read by id.
func (w *writer) planGone(p *plan) error {
	if p.link == nil {
		p.outcome = Ignored
		p.remember(w.entity.Name, store.DeletedState, "")
		return nil
	}
	local := w.local(p)
	clearIntent(p.link) // what was to be written is gone
	if p.link.State == store.DeletedState {
		p.outcome = Ignored
		if p.detach = p.push != nil && local != nil && !w.marked(p); p.detach {
			w.separate(p)
		} else {
			w.mergedInto(p) // told after it was found gone
		}
		return nil
	}
	if p.deleteSent() {
		p.tombstone(record.Local)
		return nil
	}
	if w.deletedHere(p, local) { // gone on both sides
		p.tombstone(record.Local)
		return nil
	}
	if local != nil {
		out := merge.Merge(merge.Input{Base: p.link.Base, Local: local, Rules: w.rules.merge})
		if !out.DeleteLocal {
			p.merged = true
			p.conflicts, p.state, p.touch, p.outcome = out.Conflicts, store.InConflict, true, Ignored
			p.link.DeletedBy = record.Odoo
			w.mergedInto(p) // nobody will tell it again
			p.message = fmt.Sprintf("record %d was deleted in Odoo, but row %s of %s was edited since; the row is kept", p.item.id, local.LocalID, w.entity.Table)
			return nil
		}
	}
	p.tombstone(record.Odoo)
	if local != nil {
		p.op, p.outcome = "delete", Deleted
		w.deleteRow(p, local)
		w.mergedInto(p)
	}
	return nil
}

// deleteSent reports that the push has sent Odoo the delete of this record.
func (p *plan) deleteSent() bool {
	return p.push != nil && p.push.done != nil && p.push.done.Step == stepDelete
}

// tombstone keeps the link of a record that is gone, so that it does not come
// back by itself, and confirms a delete that was sent.
func (p *plan) tombstone(by record.Side) {
	if p.deleteSent() {
		p.sent = p.push.done
	}
	p.state, p.touch, p.outcome = store.DeletedState, true, Ignored
	p.link.DeletedBy = by
	p.merged = true // what was undecided about it is over
}

// marked reports that the row carries the mark of a deletion.
func (w *writer) marked(p *plan) bool {
	return p.row != nil && w.entity.DeletedColumn != "" && p.row.Columns[w.entity.DeletedColumn] != nil
}

// deletedHere reports that the row was deleted here, where that may be: it is
// gone, or it carries a mark. What Odoo had deleted before does not count: our
// mark is its doing, and so is the row that was cleared away since.
func (w *writer) deletedHere(p *plan, local *record.Record) bool {
	if p.link == nil || p.link.LocalID == "" || w.entity.Direction == mapping.ToAPI {
		return false
	}
	byOdoo := p.link.State == store.DeletedState && p.link.DeletedBy != record.Local
	return !byOdoo && (local == nil || w.marked(p))
}

// planLocallyGone: the row was deleted here. The record follows as the mapping
// says, unless it was edited in Odoo since, which is for a person to decide.
func (w *writer) planLocallyGone(p *plan, base record.Base) error {
	p.outcome = Ignored
	for name, v := range p.item.lost { // a parent deleted here together with the row is no edit in Odoo
		if p.item.record.Fields[name].IsNull() {
			p.item.record.Fields[name] = v
		}
	}
	out := merge.Merge(merge.Input{Base: base, Odoo: &p.item.record, Rules: w.rules.merge})
	done := p.sent != nil && p.sent.Step == stepDelete
	p.link.Base = base
	if out.DeleteOdoo && (p.link.DeletedBy == record.Local || done) || w.entity.OnLocalDelete == "ignore" {
		// It is as we left it: archived, or kept because the mapping says so.
		p.link.WriteDate, p.link.CreateDate = p.item.record.WriteDate, p.item.record.CreateDate
		p.tombstone(record.Local)
		return nil
	}
	p.merged, p.conflicts, p.touch = true, out.Conflicts, true
	p.link.DeletedBy = record.Local
	if !out.DeleteOdoo {
		p.state = store.InConflict
		p.message = fmt.Sprintf("row %s of %s was deleted here, but record %d was edited in Odoo since; it is kept", p.link.LocalID, w.entity.Table, p.item.id)
		return nil
	}
	p.state = store.Pending
	p.link.DeletedBy = ""
	p.message = fmt.Sprintf("the row %s of %s was deleted here, its record %d is still in Odoo", p.link.LocalID, w.entity.Table, p.item.id)
	return w.outward(p, out)
}

// deleteRow does what the mapping wants done with a deleted record's row.
func (w *writer) deleteRow(p *plan, local *record.Record) {
	switch w.entity.OnOdooDelete.Action {
	case "soft":
		if p.row.Columns[w.entity.DeletedColumn] == nil {
			at := w.now.Format(time.DateTime)
			p.columns = map[string]any{w.entity.DeletedColumn: at}
			p.changes[w.entity.DeletedColumn] = [2]record.Value{record.Null, record.Text(at)}
		}
	case "set":
		p.set = record.Fields{}
		for name, v := range w.entity.OnOdooDelete.Set {
			if old := local.Fields[name]; old != v {
				p.set[name] = v
				p.changes[name] = [2]record.Value{old, v}
			}
			p.link.Base.Fields[name] = record.Same(v) // so that a revival finds Odoo's value changed
		}
	case "hard":
		p.remove = true
	}
}

// deletionTime shows a deletion's time as the history keeps it.
func deletionTime(cell any) record.Value {
	if t, ok := cell.(time.Time); ok {
		return record.Text(t.UTC().Format(time.DateTime))
	}
	return record.Text(fmt.Sprint(cell))
}

// revive takes back our own mark of deletion when Odoo has the record after
// all (a delete that was rolled back, a restored database).
func (w *writer) revive(p *plan) {
	if p.link == nil || p.before.State != store.DeletedState || p.row == nil {
		return
	}
	if p.before.DeletedBy == record.Local {
		p.op = "revive" // here, by whoever took the mark away
		return
	}
	column := w.entity.DeletedColumn
	if column == "" || p.row.Columns[column] == nil {
		return
	}
	p.columns = map[string]any{column: nil}
	p.changes[column] = [2]record.Value{deletionTime(p.row.Columns[column]), record.Null}
	if merged := w.entity.MergedColumn; merged != "" && p.row.Columns[merged] != nil {
		p.columns[merged] = nil
		p.changes[merged] = [2]record.Value{record.Text(fmt.Sprint(p.row.Columns[merged])), record.Null}
	}
	p.op = "revive"
}
