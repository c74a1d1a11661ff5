package reconcile

import (
	"context"
	"slices"
	"strings"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
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
	return nil
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
		for i, p := range g.plans {
			p.link.LocalID = ids[i]
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

// writeLines removes, then inserts, then updates lines, and puts the ids of
// new ones into the base.
func (w *writer) writeLines(ctx context.Context) error {
	for _, child := range w.entity.Children {
		table := w.rules.children[child.Name]
		var gone []string
		for _, p := range w.plans {
			for _, l := range p.lines {
				if l.Child == child.Name && l.Op == record.LineRemove {
					gone = append(gone, l.LocalID)
				}
			}
		}
		if err := store.DeleteRows(ctx, w.tx, table, gone); err != nil {
			return err
		}
		if err := w.addLines(ctx, child, table); err != nil {
			return err
		}
		if err := w.updateLines(ctx, child, table); err != nil {
			return err
		}
	}
	return nil
}

// newLine is a line to insert and the plan it belongs to.
type newLine struct {
	plan *plan
	line record.LineChange
}

func (w *writer) addLines(ctx context.Context, child *mapping.Child, table store.Table) error {
	groups := map[string][]newLine{}
	var order []string
	for _, p := range w.plans {
		for _, l := range p.lines {
			if l.Child != child.Name || l.Op != record.LineAdd {
				continue
			}
			key := strings.Join(l.Fields.Names(), "\x00")
			if groups[key] == nil {
				order = append(order, key)
			}
			groups[key] = append(groups[key], newLine{p, l})
		}
	}
	for _, key := range order {
		if err := w.insertLines(ctx, child, table, groups[key]); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) insertLines(ctx context.Context, child *mapping.Child, table store.Table, lines []newLine) error {
	columns := []string{child.ParentColumn, child.PositionColumn}
	for _, name := range lines[0].line.Fields.Names() {
		columns = append(columns, child.Field(name).Column)
	}
	rows := make([]store.NewRow, len(lines))
	for i, n := range lines {
		values := map[string]any{child.ParentColumn: n.plan.link.LocalID, child.PositionColumn: n.line.Position}
		for name, v := range n.line.Fields {
			f := child.Field(name)
			values[f.Column] = f.Arg(v)
		}
		rows[i] = store.NewRow{OdooID: n.line.OdooID, Values: values}
	}
	ids, err := store.InsertRows(ctx, w.tx, table, columns, rows)
	if err != nil {
		return err
	}
	for i, n := range lines {
		fillLine(n.plan.link.Base.Lines[child.Name], n.line, ids[i])
	}
	return nil
}

// fillLine gives the base of an added line its row's id: the line is found by
// Odoo's id, or, in a payload without ids, by its place.
func fillLine(bases []record.LineBase, line record.LineChange, id string) {
	for i := range bases {
		if bases[i].LocalID == "" && (line.OdooID != 0 && bases[i].OdooID == line.OdooID || line.OdooID == 0 && i == line.Position) {
			bases[i].LocalID = id
			return
		}
	}
}

func (w *writer) updateLines(ctx context.Context, child *mapping.Child, table store.Table) error {
	for _, p := range w.plans {
		for _, l := range p.lines {
			if l.Child != child.Name || l.Op != record.LineUpdate {
				continue
			}
			values := map[string]any{child.PositionColumn: l.Position}
			columns := []string{child.PositionColumn}
			if l.OdooID != 0 {
				values[table.OdooID] = l.OdooID
				columns = append(columns, table.OdooID)
			}
			for _, name := range l.Fields.Names() {
				f := child.Field(name)
				values[f.Column] = f.Arg(l.Fields[name])
				columns = append(columns, f.Column)
			}
			if err := store.UpdateRow(ctx, w.tx, table, l.LocalID, columns, values); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeState saves links, history, conflicts and open references.
func (w *writer) writeState(ctx context.Context) error {
	var fresh, known []*store.Link
	var history []store.Applied
	var seen []int64 // a record without a link waited for nothing so far
	var waits []store.Wait
	for _, p := range w.plans {
		if (p.item.fate == present || p.item.fate == unborn) && p.link != nil && p.link.ID != 0 {
			seen = append(seen, p.item.id)
		}
		for _, m := range p.item.missing {
			if p.link != nil {
				waits = append(waits, store.Wait{Entity: w.entity.Name, OdooID: p.item.id, WantEntity: m.Entity, WantOdooID: m.OdooID})
			}
		}
		if p.op != "" {
			history = append(history, store.Applied{Entity: w.entity.Name, LocalID: p.link.LocalID, OdooID: p.item.id,
				Side: record.Local, Op: p.op, Changes: p.changes, Cause: w.batch.targets[p.item.id].Cause})
		}
		if p.touch {
			p.link.State, p.link.Error = p.state, p.message
			p.link.Version++
			if p.link.ID == 0 {
				fresh = append(fresh, p.link)
			} else {
				known = append(known, p.link)
			}
		}
		if err := store.KeepConflicts(ctx, w.tx, w.now, w.entity.Name, p.localID(), p.item.id, p.conflicts); err != nil {
			return err
		}
	}
	if err := store.InsertLinks(ctx, w.tx, w.now, fresh); err != nil {
		return err
	}
	if err := store.UpdateLinks(ctx, w.tx, w.now, known); err != nil {
		return err
	}
	if err := store.AppendChanges(ctx, w.tx, w.now, history); err != nil {
		return err
	}
	return store.SetWaits(ctx, w.tx, w.now, w.entity.Name, seen, waits)
}

func (p *plan) localID() string {
	if p.link == nil {
		return ""
	}
	return p.link.LocalID
}
