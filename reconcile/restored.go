package reconcile

import (
	"context"
	"database/sql"
	"time"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// clockStep is how far an administrator may set Odoo's clock back unnoticed.
const clockStep = time.Minute

// older looks for signs that Odoo was restored from a backup: another record
// under a known id, or one that was last written before we saw it written. A
// restored database takes back what both sides had agreed on, and gives ids
// again that rows already have. The whole model halts then; where a person has
// accepted that, the rows whose ids belong to other records now are let go.
// It reports that the batch must not be applied.
func (b *batch) older(ctx context.Context) (bool, error) {
	if b.engine.dry != nil {
		b.previewOlder()
		return false, nil
	}
	for _, entity := range b.entities {
		var others []int64
		for id, raw := range b.raws {
			known := b.versions[entity.Name][id]
			created, written := odooTime(raw, "create_date"), odooTime(raw, "write_date")
			switch {
			case !known.Created.IsZero() && !created.IsZero() && !created.Equal(known.Created):
				others = append(others, id)
			case !known.Written.IsZero() && !written.IsZero() && written.Before(known.Written.Add(-clockStep)):
				halted, err := b.engine.Halt(ctx, b.model, HaltOlderCopy, "%s %d was written at %s UTC when it was last read, and now Odoo says %s: this Odoo is an older copy, or its clock was set back",
					b.model, id, known.Written.Format(time.DateTime), written.Format(time.DateTime))
				if err != nil || halted {
					return halted, err
				}
			}
		}
		if len(others) == 0 {
			continue
		}
		halted, err := b.engine.Halt(ctx, b.model, HaltOlderCopy, "%s %d was created at %s UTC, and now another record has this id: this Odoo is another database, or an older copy that has given the id again",
			b.model, others[0], b.versions[entity.Name][others[0]].Created.Format(time.DateTime))
		if err != nil || halted {
			return halted, err
		}
		if err := b.letGo(ctx, entity, others); err != nil {
			return false, err
		}
	}
	return false, nil
}

// previewOlder has a plan tell, in place of halting anything, which records are
// not those that the rows belong to.
func (b *batch) previewOlder() {
	for _, entity := range b.entities {
		for id, raw := range b.raws {
			known, created := b.versions[entity.Name][id], odooTime(raw, "create_date")
			if !known.Created.IsZero() && !created.IsZero() && !created.Equal(known.Created) {
				b.spoil(id, record.Errorf(record.CodeRejected, "%s %d was created at %s UTC, and now another record has this id: this Odoo is another database, or an older copy",
					b.model, id, known.Created.Format(time.DateTime)))
			}
		}
	}
}

func odooTime(raw odooclient.Raw, field string) time.Time {
	text, _ := raw[field].(string)
	at, err := odooclient.ParseTime(text)
	if err != nil {
		return time.Time{}
	}
	return at
}

// letGo deletes the rows of records that are gone although their ids are not:
// the ids are free then for the records that have them now.
func (b *batch) letGo(ctx context.Context, entity *mapping.Entity, ids []int64) error {
	err := b.engine.db.InTx(ctx, func(tx *sql.Tx) error {
		links, err := store.LockLinks(ctx, tx, entity.Name, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if l := links[id]; l != nil && !l.CreateDate.Equal(odooTime(b.raws[id], "create_date")) {
				if err := b.letGoOf(ctx, tx, entity, l, id); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
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

func (b *batch) letGoOf(ctx context.Context, tx *sql.Tx, entity *mapping.Entity, l *store.Link, id int64) error {
	now, table := b.engine.clock.Now().UTC(), b.engine.rules[entity.Name].table
	if l.LocalID == "" {
		return store.RemoveLink(ctx, tx, l.ID)
	}
	if entity.OnOdooDelete.Action == "hard" {
		return b.removeLetGo(ctx, tx, entity, l)
	}
	columns, values := []string{}, map[string]any{}
	if table.OdooID != "" {
		columns, values[table.OdooID] = append(columns, table.OdooID), nil
	}
	changes := record.Changes{}
	for name, v := range entity.OnOdooDelete.Set {
		f := entity.Field(name)
		columns, values[f.Column] = append(columns, f.Column), f.Arg(v)
		changes[name] = [2]record.Value{l.Base.Fields[name].Local, v}
	}
	if entity.DeletedColumn != "" {
		at := now.Format(time.DateTime)
		columns, values[entity.DeletedColumn] = append(columns, entity.DeletedColumn), at
		changes[entity.DeletedColumn] = [2]record.Value{record.Null, record.Text(at)}
	}
	if err := store.UpdateRow(ctx, tx, table, l.LocalID, columns, values); err != nil {
		return err
	}
	if err := b.letLinesGo(ctx, tx, entity, l.LocalID); err != nil {
		return err
	}
	if err := store.LoseRecord(ctx, tx, l.ID); err != nil {
		return err
	}
	return store.AppendChanges(ctx, tx, now, []store.Applied{{Entity: entity.Name, LocalID: l.LocalID, OdooID: id, Side: record.Local, Op: "delete", Changes: changes, Cause: b.targets[id].Cause}})
}

// letLinesGo frees the ids of a row's lines: Odoo gives them again too.
func (b *batch) letLinesGo(ctx context.Context, tx *sql.Tx, entity *mapping.Entity, localID string) error {
	for _, child := range entity.Children {
		table := b.engine.rules[entity.Name].children[child.Name]
		rows, err := store.LockChildren(ctx, tx, table, []string{localID})
		if err != nil {
			return err
		}
		for _, row := range rows[localID] {
			if err := store.UpdateRow(ctx, tx, table, row.ID, []string{table.OdooID}, map[string]any{table.OdooID: nil}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *batch) removeLetGo(ctx context.Context, tx *sql.Tx, entity *mapping.Entity, l *store.Link) error {
	for _, child := range entity.Children {
		rows, err := store.LockChildren(ctx, tx, b.engine.rules[entity.Name].children[child.Name], []string{l.LocalID})
		if err != nil {
			return err
		}
		var lines []string
		for _, row := range rows[l.LocalID] {
			lines = append(lines, row.ID)
		}
		if err := store.DeleteRows(ctx, tx, b.engine.rules[entity.Name].children[child.Name], lines); err != nil {
			return err
		}
	}
	if err := store.DeleteRows(ctx, tx, b.engine.rules[entity.Name].table, []string{l.LocalID}); err != nil {
		return err
	}
	return store.RemoveLink(ctx, tx, l.ID)
}

// spoilHalted gives every record of the batch back with the reason of the halt.
func (b *batch) spoilHalted(ctx context.Context) error {
	why, err := b.engine.haltOf(ctx, b.model)
	for id := range b.targets {
		b.spoil(id, why)
	}
	return err
}
