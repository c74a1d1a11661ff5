package reconcile

import (
	"fmt"
	"time"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/reconcile/merge"
)

// planGone: Odoo has deleted the record, and said so when it was read by id.
func (w *writer) planGone(p *plan) error {
	if p.link == nil {
		p.outcome = Ignored
		p.remember(w.entity.Name, store.DeletedState, "")
		return nil
	}
	if p.link.State == store.DeletedState {
		p.outcome = Ignored
		return nil
	}
	local := w.local(p)
	if local != nil {
		out := merge.Merge(merge.Input{Base: p.link.Base, Local: local, Rules: w.rules.merge})
		if !out.DeleteLocal {
			p.conflicts, p.state, p.touch, p.outcome = out.Conflicts, store.InConflict, true, Ignored
			p.message = fmt.Sprintf("record %d was deleted in Odoo, but row %s of %s was edited since; the row is kept", p.item.id, local.LocalID, w.entity.Table)
			return nil
		}
	}
	p.state, p.touch, p.outcome = store.DeletedState, true, Ignored
	if local != nil {
		p.op, p.outcome = "delete", Deleted
		w.deleteRow(p, local)
	}
	return nil
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
	if p.link == nil || p.link.State != store.DeletedState || p.row == nil {
		return
	}
	column := w.entity.DeletedColumn
	if column == "" || p.row.Columns[column] == nil {
		return
	}
	p.columns = map[string]any{column: nil}
	p.changes[column] = [2]record.Value{deletionTime(p.row.Columns[column]), record.Null}
	p.op = "revive"
}
