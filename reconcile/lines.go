package reconcile

import (
	"context"
	"maps"
	"slices"
	"strings"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
)

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

// planned is a line's change and the plan it belongs to.
type planned struct {
	plan *plan
	line record.LineChange
}

func (w *writer) addLines(ctx context.Context, child *mapping.Child, table store.Table) error {
	groups := map[string][]planned{}
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
			groups[key] = append(groups[key], planned{p, l})
		}
	}
	for _, key := range order {
		if err := w.insertLines(ctx, child, table, groups[key]); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) insertLines(ctx context.Context, child *mapping.Child, table store.Table, lines []planned) error {
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
	bases := make(map[string]record.Pairs, len(ids))
	for i, n := range lines {
		base := &n.plan.link.Base.Lines[child.Name][n.line.Base]
		base.LocalID, bases[ids[i]] = ids[i], base.Fields
	}
	return w.agreeOnRows(ctx, table, child.DecodeRow, bases)
}

func (w *writer) updateLines(ctx context.Context, child *mapping.Child, table store.Table) error {
	updated := map[string]planned{}
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
			if len(l.Fields) > 0 {
				updated[l.LocalID] = planned{p, l}
			}
		}
	}
	rows, err := store.LockRows(ctx, w.tx, table, slices.Sorted(maps.Keys(updated)))
	for id, row := range rows {
		for _, base := range updated[id].plan.link.Base.Lines[child.Name] {
			if base.LocalID == id {
				agreeOn(base.Fields, updated[id].line.Fields, child.DecodeRow(row.Columns))
			}
		}
	}
	return err
}
