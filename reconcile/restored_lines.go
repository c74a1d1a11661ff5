package reconcile

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"odoosync/internal/store"
	"odoosync/mapping"
)

// olderLines looks for lines whose ids belong to other lines now, as older does
// for records: a restored Odoo may have given them again within a record that it
// still has. It reports that the batch must not be applied.
func (b *batch) olderLines(ctx context.Context) (bool, error) {
	if b.engine.dry != nil {
		return false, nil
	}
	for _, entity := range b.entities {
		for _, child := range entity.Children {
			lost, halted, err := b.lostLines(ctx, entity, child)
			if err != nil || halted {
				return halted, err
			}
			for _, parent := range slices.Sorted(maps.Keys(lost)) {
				if err := b.letLostLinesGo(ctx, entity, child, parent, lost[parent]); err != nil {
					return false, err
				}
			}
		}
	}
	return false, nil
}

// lostLines are the lines known here, by their record, whose ids other lines
// have, where a person has accepted that; else it halts.
func (b *batch) lostLines(ctx context.Context, entity *mapping.Entity, child *mapping.Child) (lost map[int64]map[int64]bool, halted bool, err error) {
	created := map[int64]time.Time{}
	for _, list := range b.lines[child.Name] {
		for _, raw := range list {
			created[raw.ID()] = odooTime(raw, "create_date")
		}
	}
	known, err := store.LinesByID(ctx, b.engine.db, entity.Name, child.Name, slices.Sorted(maps.Keys(created)))
	if err != nil {
		return nil, false, err
	}
	lost = map[int64]map[int64]bool{}
	for _, l := range known {
		at := created[l.OdooID]
		if !another(store.Seen{Created: l.Created}, at) {
			continue
		}
		why := fmt.Sprintf("line %d of %s %d was created at %s UTC, and now another line has this id: this Odoo is another database, or an older copy that has given the id again",
			l.OdooID, b.model, l.Parent, l.Created.Format(time.DateTime))
		if halted, err := b.heed(ctx, sign{why: why, shown: at}); err != nil || halted {
			return nil, halted, err
		}
		if lost[l.Parent] == nil {
			lost[l.Parent] = map[int64]bool{}
		}
		lost[l.Parent][l.OdooID] = true
	}
	return lost, false, nil
}

// letLostLinesGo gives lines that were lost ids that no line has, so that the
// next merge finds them deleted in Odoo: one that was edited here since is a
// conflict then, as any.
func (b *batch) letLostLinesGo(ctx context.Context, entity *mapping.Entity, child *mapping.Child, parent int64, lost map[int64]bool) error {
	table := b.engine.rules[entity.Name].children[child.Name]
	return b.engine.db.InTx(ctx, func(tx *sql.Tx) error {
		links, err := store.LockLinks(ctx, tx, entity.Name, []int64{parent})
		if err != nil {
			return err
		}
		if err := store.ForgetLines(ctx, tx, entity.Name, child.Name, slices.Sorted(maps.Keys(lost))); err != nil || links[parent] == nil || links[parent].LocalID == "" {
			return err
		}
		l := links[parent]
		rows, err := store.LockChildren(ctx, tx, table, []string{l.LocalID})
		if err != nil {
			return err
		}
		held := slices.DeleteFunc(rows[l.LocalID], func(row store.Row) bool { return !lost[row.OdooID] })
		if err := freeRows(ctx, tx, table, held); err != nil {
			return err
		}
		for i, line := range l.Base.Lines[child.Name] {
			if lost[line.OdooID] {
				l.Base.Lines[child.Name][i].OdooID = -line.OdooID
			}
		}
		l.Version++ // whoever has read it reads again
		return store.UpdateLinks(ctx, tx, b.engine.clock.Now(), []*store.Link{l})
	})
}
