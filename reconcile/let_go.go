package reconcile

import (
	"context"
	"database/sql"
	"strconv"

	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
)

// letGo treats records as deleted whose ids other records have now, as any that
// Odoo deleted, and frees the ids for those. A row that was edited here since is
// kept: it has no record any more, and becomes a new one.
func (b *batch) letGo(ctx context.Context, entity *mapping.Entity, ids []int64) error {
	lost := b.lostOnes(entity, ids)
	items := make([]item, len(ids))
	for i, id := range ids {
		items[i] = item{id: id, fate: gone}
	}
	if err := lost.apply(ctx, entity, items, false); err != nil {
		return err
	}
	for _, id := range ids {
		switch {
		case lost.errs[id] != nil:
			b.spoil(id, lost.errs[id])
		case lost.stale[id]:
			b.stale[id] = true
		default:
			if err := b.free(ctx, entity, id); err != nil {
				return err
			}
		}
	}
	versions, err := store.Versions(ctx, b.engine.db, entity.Name, ids)
	for _, id := range ids {
		delete(b.versions[entity.Name], id)
		if v, known := versions[id]; known {
			b.versions[entity.Name][id] = v
		}
	}
	return err
}

// lostOnes is a batch of the records that had the ids before. It ends no hint
// and no edit: those are about what is there now.
func (b *batch) lostOnes(entity *mapping.Entity, ids []int64) *batch {
	var targets []Target
	for _, id := range ids {
		t := Target{OdooID: id, Cause: b.targets[id].Cause}
		if push := b.targets[id].Push; push != nil {
			t.Push = &Push{Entity: push.Entity, LocalID: push.LocalID, RunID: push.RunID} // it may take up what a dead one began
		}
		targets = append(targets, t)
	}
	lost := newBatch(b.engine, b.model, []*mapping.Entity{entity}, targets, b.trail)
	lost.versions[entity.Name] = b.versions[entity.Name]
	return lost
}

// free takes an id off the row and the link of the record that had it. What
// refers to the row follows the id: Odoo's documents name whoever has it now.
func (b *batch) free(ctx context.Context, entity *mapping.Entity, id int64) error {
	if push := b.targets[id].Push; push != nil && push.Entity == entity.Name {
		b.spoil(id, record.Errorf(record.CodeRetryable, "the record of %s %s was lost when Odoo was restored; the row is looked at again", entity.Name, push.LocalID))
	}
	return b.engine.db.InTx(ctx, func(tx *sql.Tx) error {
		links, err := store.LockLinks(ctx, tx, entity.Name, []int64{id})
		if err != nil {
			return err
		}
		l := links[id]
		if l == nil || l.CreateDate.Equal(odooTime(b.raws[id], "create_date")) { // somebody was quicker
			return nil
		}
		if l.LocalID == "" {
			return store.RemoveLink(ctx, tx, l.ID)
		}
		if err := b.follow(ctx, tx, entity, l); err != nil {
			return err
		}
		if err := b.freeRow(ctx, tx, entity, l); err != nil {
			return err
		}
		if l.State == store.DeletedState {
			return store.LoseRecord(ctx, tx, l.ID)
		}
		return b.beginAnew(ctx, tx, entity, l)
	})
}

// follow has the documents of a row wait for the record that has its id now.
func (b *batch) follow(ctx context.Context, tx *sql.Tx, entity *mapping.Entity, l *store.Link) error {
	var waits []store.Wait
	for other, f := range b.engine.refers(entity) {
		documents, err := store.Referring(ctx, tx, other.Name, b.engine.rules[other.Name].table, f.Column, l.LocalID)
		if err != nil {
			return err
		}
		for _, document := range documents {
			waits = append(waits, store.Wait{Entity: other.Name, OdooID: document, WantEntity: entity.Name, WantOdooID: l.OdooID})
		}
	}
	return store.AddWaits(ctx, tx, b.engine.clock.Now(), waits)
}

// freeRow takes Odoo's ids off a row and its lines: Odoo gives all of them
// again.
func (b *batch) freeRow(ctx context.Context, tx *sql.Tx, entity *mapping.Entity, l *store.Link) error {
	rules := b.engine.rules[entity.Name]
	if rules.table.OdooID != "" {
		if err := store.UpdateRow(ctx, tx, rules.table, l.LocalID, []string{rules.table.OdooID}, map[string]any{rules.table.OdooID: nil}); err != nil {
			return err
		}
	}
	for _, child := range entity.Children {
		rows, err := store.LockChildren(ctx, tx, rules.children[child.Name], []string{l.LocalID})
		if err != nil {
			return err
		}
		if err := freeRows(ctx, tx, rules.children[child.Name], rows[l.LocalID]); err != nil {
			return err
		}
	}
	return nil
}

// beginAnew makes a row that was edited here one that has no record yet. Its
// conflict is decided by that, and kept.
func (b *batch) beginAnew(ctx context.Context, tx *sql.Tx, entity *mapping.Entity, l *store.Link) error {
	now := b.engine.clock.Now().UTC()
	open, err := store.LockOpenConflicts(ctx, tx, entity.Name, l.OdooID)
	if err != nil {
		return err
	}
	ids := make([]int64, len(open))
	for i, c := range open {
		ids[i] = c.ID
	}
	if err := store.DecideConflicts(ctx, tx, now, ids, record.Local, "a restored Odoo had lost the record"); err != nil {
		return err
	}
	if err := store.RemoveLink(ctx, tx, l.ID); err != nil {
		return err
	}
	changes := record.Changes{"odoo_id": {record.Text(strconv.FormatInt(l.OdooID, 10)), record.Null}}
	err = store.AppendChanges(ctx, tx, now, []store.Applied{{Entity: entity.Name, LocalID: l.LocalID, OdooID: l.OdooID, Side: record.Local, Op: "update", Changes: changes, Cause: b.targets[l.OdooID].Cause}})
	if err != nil || b.engine.outbox == nil {
		return err
	}
	return b.engine.outbox.AppendTx(ctx, tx, []queue.Edit{{Entity: entity.Name, LocalID: l.LocalID, Op: queue.OpUpdate, ChangedAt: now}})
}
