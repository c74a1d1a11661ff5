package reconcile

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
)

// freeLines syncs the records whose rows still hold lines that Odoo has moved
// to this one, and reports whether there were any. From a row whose record is
// gone they are taken: it had lost them before. A row that lives on keeps them
// without their ids.
func (b *batch) freeLines(ctx context.Context, entity *mapping.Entity, id int64) (bool, error) {
	holders := map[int64]bool{}
	for _, child := range entity.Children {
		var lines []int64
		for _, line := range b.lines[child.Name][id] {
			lines = append(lines, line.ID())
		}
		found, err := b.holders(ctx, entity, child, lines)
		if err != nil {
			return false, err
		}
		for _, holder := range found {
			holders[holder] = holder != id
		}
	}
	maps.DeleteFunc(holders, func(_ int64, other bool) bool { return !other })
	ids := slices.Sorted(maps.Keys(holders))
	links, err := store.LinksOfRecords(ctx, b.engine.db, entity.Name, ids)
	if err != nil {
		return false, err
	}
	var targets []Target
	for _, holder := range ids {
		switch {
		case links[holder] != nil && links[holder].DeletedBy == record.Odoo:
			if err := b.letLinesGo(ctx, entity, id, holder); err != nil {
				return false, err
			}
		case !b.trail.has(b.model, holder):
			targets = append(targets, Target{OdooID: holder, Cause: b.targets[id].Cause})
		default:
			delete(holders, holder) // it is being synced: this one's turn comes after it
		}
	}
	if len(targets) > 0 {
		if _, err := b.engine.sync(ctx, b.model, targets, b.trail); err != nil {
			return false, err
		}
	}
	for _, t := range targets { // what was edited here stays, for a person to decide, and has no id any more
		if err := b.letLinesGo(ctx, entity, id, t.OdooID); err != nil {
			return false, err
		}
	}
	return len(holders) > 0, nil
}

// holders are the records whose rows hold these lines.
func (b *batch) holders(ctx context.Context, entity *mapping.Entity, child *mapping.Child, lines []int64) ([]int64, error) {
	parents, err := store.ParentsOf(ctx, b.engine.db, b.engine.rules[entity.Name].children[child.Name], lines)
	if err != nil {
		return nil, err
	}
	return store.OdooIDs(ctx, b.engine.db, entity.Name, parents)
}

// letLinesGo takes the record's lines off another one's row, and off the base of
// a deleted one.
func (b *batch) letLinesGo(ctx context.Context, entity *mapping.Entity, id, holder int64) error {
	return b.engine.db.InTx(ctx, func(tx *sql.Tx) error {
		links, err := store.LockLinks(ctx, tx, entity.Name, []int64{holder})
		l := links[holder]
		if err != nil || l == nil || l.LocalID == "" {
			return err
		}
		alive, err := b.lives(ctx, tx, entity, l)
		if err != nil {
			return err
		}
		for _, child := range entity.Children {
			moved := map[int64]bool{}
			for _, line := range b.lines[child.Name][id] {
				moved[line.ID()] = true
			}
			table := b.engine.rules[entity.Name].children[child.Name]
			rows, err := store.LockChildren(ctx, tx, table, []string{l.LocalID})
			if err != nil {
				return err
			}
			held := slices.DeleteFunc(rows[l.LocalID], func(row store.Row) bool { return !moved[row.OdooID] })
			if err := letLinesOf(ctx, tx, table, alive, held); err != nil {
				return err
			}
			if lines := l.Base.Lines[child.Name]; len(lines) > 0 && l.DeletedBy == record.Odoo {
				l.Base.Lines[child.Name] = slices.DeleteFunc(lines, func(line record.LineBase) bool { return moved[line.OdooID] })
			}
		}
		l.Version++
		return store.UpdateLinks(ctx, tx, b.engine.clock.Now(), []*store.Link{l})
	})
}

// lives reports that the row of a record that is gone is not: somebody edited it,
// or wants a record for it again.
func (b *batch) lives(ctx context.Context, tx *sql.Tx, entity *mapping.Entity, l *store.Link) (bool, error) {
	rows, err := store.LockRows(ctx, tx, b.engine.rules[entity.Name].table, []string{l.LocalID})
	row, there := rows[l.LocalID]
	return l.State != store.DeletedState || there && entity.DeletedColumn != "" && row.Columns[entity.DeletedColumn] == nil, err
}

func letLinesOf(ctx context.Context, tx *sql.Tx, table store.Table, alive bool, held []store.Row) error {
	if alive {
		return freeRows(ctx, tx, table, held)
	}
	ids := make([]string, len(held))
	for i, row := range held {
		ids[i] = row.ID
	}
	return store.DeleteRows(ctx, tx, table, ids)
}

// freeRows takes Odoo's ids off lines.
func freeRows(ctx context.Context, tx *sql.Tx, table store.Table, rows []store.Row) error {
	for _, row := range rows {
		if err := store.UpdateRow(ctx, tx, table, row.ID, []string{table.OdooID}, map[string]any{table.OdooID: nil}); err != nil {
			return err
		}
	}
	return nil
}
