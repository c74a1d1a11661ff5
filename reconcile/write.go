package reconcile

import (
	"context"
	"maps"
	"slices"

	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

// writeRows inserts, updates and removes the rows of the plans.
func (w *writer) writeRows(ctx context.Context) error {
	if err := w.insertRows(ctx); err != nil {
		return err
	}
	for _, p := range w.plans {
		if p.insert || p.row == nil {
			continue
		}
		if p.remove {
			if err := w.removeRow(ctx, p); err != nil {
				return err
			}
			continue
		}
		columns, values := w.columnsOf(p)
		if w.rules.table.OdooID != "" && p.row.OdooID != p.item.id && p.item.fate == present {
			columns = append(columns, w.rules.table.OdooID)
			values[w.rules.table.OdooID] = p.item.id
		}
		if err := store.UpdateRow(ctx, w.tx, w.rules.table, p.row.ID, columns, values); err != nil {
			return err
		}
	}
	return w.readBack(ctx)
}

// readBack puts what the server made of the updated columns into the bases: a
// trigger, a CHAR or an ENUM may keep another form, which is nobody's edit.
func (w *writer) readBack(ctx context.Context) error {
	updated := map[string]*plan{}
	for _, p := range w.plans {
		if !p.insert && !p.remove && p.row != nil && len(p.set) > 0 {
			updated[p.row.ID] = p
		}
	}
	rows, err := store.LockRows(ctx, w.tx, w.rules.table, slices.Sorted(maps.Keys(updated)))
	for id, row := range rows {
		p := updated[id]
		agreeOn(p.link.Base.Fields, p.set, w.entity.DecodeRow(row.Columns))
	}
	return err
}

// agreeOn makes the row's values our halves of the fields that were set.
func agreeOn(base record.Pairs, set, row record.Fields) {
	for name := range set {
		base[name] = base[name].With(record.Local, row[name])
	}
}

// columnsOf are the columns a plan sets, in order, and their values.
func (w *writer) columnsOf(p *plan) ([]string, map[string]any) {
	values := make(map[string]any, len(p.set)+len(p.columns))
	columns := make([]string, 0, len(p.set)+len(p.columns)+1)
	for name, v := range p.set {
		f := w.entity.Field(name)
		values[f.Column] = f.Arg(v)
		columns = append(columns, f.Column)
	}
	for column, v := range p.columns {
		if _, set := values[column]; !set {
			columns = append(columns, column)
		}
		values[column] = v
	}
	slices.Sort(columns)
	return columns, values
}

// newRows are rows to insert that fill the same columns.
type newRows struct {
	columns []string
	plans   []*plan
	rows    []store.NewRow
}

// insertRows groups new rows by the columns they fill: nearly always all the
// same, so one statement makes them all.
func (w *writer) insertRows(ctx context.Context) error {
	var groups []*newRows
	for _, p := range w.plans {
		if !p.insert {
			continue
		}
		columns, values := w.columnsOf(p)
		i := slices.IndexFunc(groups, func(g *newRows) bool { return slices.Equal(g.columns, columns) })
		if i < 0 {
			i = len(groups)
			groups = append(groups, &newRows{columns: columns})
		}
		groups[i].plans = append(groups[i].plans, p)
		groups[i].rows = append(groups[i].rows, store.NewRow{OdooID: p.item.id, Values: values})
	}
	for _, g := range groups {
		ids, err := store.InsertRows(ctx, w.tx, w.rules.table, g.columns, g.rows)
		if err != nil {
			return err
		}
		bases := make(map[string]record.Pairs, len(ids))
		for i, p := range g.plans {
			p.link.LocalID, bases[ids[i]] = ids[i], p.link.Base.Fields
		}
		if err := w.agreeOnRows(ctx, w.rules.table, w.entity.DecodeRow, bases); err != nil {
			return err
		}
	}
	return nil
}

// agreeOnRows completes the bases of new rows, by their ids: what an insert left
// to the columns' defaults, and what the server made of a value, is nobody's
// edit.
func (w *writer) agreeOnRows(ctx context.Context, table store.Table, decode func(map[string]any) record.Fields, bases map[string]record.Pairs) error {
	rows, err := store.LockRows(ctx, w.tx, table, slices.Sorted(maps.Keys(bases)))
	if err != nil {
		return err
	}
	for id, row := range rows {
		for name, v := range decode(row.Columns) {
			if pair, told := bases[id][name]; told {
				bases[id][name] = pair.With(record.Local, v)
			} else {
				bases[id][name] = record.Same(v)
			}
		}
	}
	return nil
}

// removeRow deletes a row with its lines, for mappings that want that.
func (w *writer) removeRow(ctx context.Context, p *plan) error {
	for _, child := range w.entity.Children {
		var ids []string
		for _, row := range w.children[child.Name][p.row.ID] {
			ids = append(ids, row.ID)
		}
		if err := store.DeleteRows(ctx, w.tx, w.rules.children[child.Name], ids); err != nil {
			return err
		}
	}
	return store.DeleteRows(ctx, w.tx, w.rules.table, []string{p.row.ID})
}

// writeState saves links, history, conflicts and open references.
func (w *writer) writeState(ctx context.Context) error {
	var fresh, known []*store.Link
	var history []store.Applied
	for _, p := range w.plans {
		history = append(history, w.history(p)...)
		if p.remove { // or a revival would take our own removal for one by the API
			p.link.LocalID, p.link.Base = "", record.Base{}
		}
		if !p.touch {
			continue
		}
		p.link.State, p.link.Error = p.state, p.message
		p.link.Version++
		if p.link.ID == 0 {
			fresh = append(fresh, p.link)
		} else {
			known = append(known, p.link)
		}
	}
	if err := w.writeConflicts(ctx); err != nil {
		return err
	}
	if err := w.writeWaits(ctx); err != nil {
		return err
	}
	if err := store.InsertLinks(ctx, w.tx, w.now, fresh); err != nil {
		return err
	}
	if err := store.UpdateLinks(ctx, w.tx, w.now, known); err != nil {
		return err
	}
	if err := w.writeLineStamps(ctx); err != nil {
		return err
	}
	if err := w.writeEdits(ctx); err != nil {
		return err
	}
	return store.AppendChanges(ctx, w.tx, w.now, history)
}

// history is what sync_changes keeps of a plan: the write to Odoo that it
// confirms, then what it does here.
func (w *writer) history(p *plan) []store.Applied {
	var out []store.Applied
	one := store.Applied{Entity: w.entity.Name, LocalID: p.localID(), OdooID: p.item.id, Cause: w.batch.targets[p.item.id].Cause}
	if p.sent != nil {
		one.Side, one.Op, one.Changes = record.Odoo, sentOp[p.sent.Step], p.sent.Changes
		out = append(out, one)
	}
	if p.op != "" {
		one.Side, one.Op, one.Changes = record.Local, p.op, p.changes
		out = append(out, one)
	}
	return out
}

var sentOp = map[step]string{stepCreate: "create", stepUpdate: "update", stepMethod: "update", stepDelete: "delete"}

// writeEdits ends the edits of pushes that have nothing left to send, and asks
// for a push where one has to follow.
func (w *writer) writeEdits(ctx context.Context) error {
	outbox := w.batch.engine.outbox
	var done []int64
	var follow []queue.Edit
	for _, p := range w.plans {
		switch {
		case p.enqueue:
			follow = append(follow, w.edit(p))
		case p.push == nil || p.intent != nil || p.unclear || p.rests:
		case p.detach:
			if err := store.DetachRow(ctx, w.tx, w.rules.table, p.link); err != nil {
				return err
			}
		case p.refusal != nil:
			if err := outbox.FailTx(ctx, w.tx, p.push.Edits, p.refusal); err != nil {
				return err
			}
		default:
			done = append(done, p.push.Edits...)
		}
	}
	if len(done) > 0 {
		if err := outbox.CompleteTx(ctx, w.tx, done); err != nil {
			return err
		}
	}
	if len(follow) == 0 {
		return nil
	}
	return outbox.AppendTx(ctx, w.tx, follow)
}

// writeConflicts keeps new conflicts and ends those that a merge no longer
// finds.
func (w *writer) writeConflicts(ctx context.Context) error {
	var agreed []int64
	for _, p := range w.plans {
		if !p.merged || p.link.ID == 0 {
			if err := store.KeepConflicts(ctx, w.tx, w.now, w.entity.Name, p.localID(), p.item.id, p.conflicts); err != nil {
				return err
			}
			continue
		}
		if len(p.conflicts) == 0 {
			agreed = append(agreed, p.item.id)
			continue
		}
		fields := make([]string, len(p.conflicts))
		for i, c := range p.conflicts {
			fields[i] = c.Field
		}
		if err := store.EndConflicts(ctx, w.tx, w.now, w.entity.Name, []int64{p.item.id}, fields...); err != nil {
			return err
		}
		if err := store.KeepConflicts(ctx, w.tx, w.now, w.entity.Name, p.localID(), p.item.id, p.conflicts); err != nil {
			return err
		}
	}
	return store.EndConflicts(ctx, w.tx, w.now, w.entity.Name, agreed)
}

// writeWaits replaces what the records wait for. One without a link waited for
// nothing so far; one that is gone, hidden or not ours waits no more.
func (w *writer) writeWaits(ctx context.Context) error {
	var seen []int64
	var waits []store.Wait
	for _, p := range w.plans {
		if p.link == nil {
			continue
		}
		if p.link.ID != 0 {
			seen = append(seen, p.item.id)
		}
		for _, m := range p.item.missing {
			waits = append(waits, store.Wait{Entity: w.entity.Name, OdooID: p.item.id, WantEntity: m.Entity, WantOdooID: m.OdooID})
		}
		waits = append(waits, w.moved(p)...)
	}
	return store.SetWaits(ctx, w.tx, w.now, w.entity.Name, seen, waits)
}

func (p *plan) localID() string {
	if p.link == nil {
		return ""
	}
	return p.link.LocalID
}
