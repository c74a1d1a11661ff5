package reconcile

import (
	"context"
	"errors"
	"maps"
	"slices"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
)

// previewFinder answers what encoding asks, by reading alone.
type previewFinder struct {
	finder
	coming map[rowKey]struct{} // rows that would be records by then
}

// someID stands for the id of a record that is not made yet.
const someID = 1

// Find implements mapping.Finder.
func (f *previewFinder) Find(a mapping.Ask) (int64, error) {
	if _, coming := f.coming[rowKey{a.Entity, a.LocalID}]; coming && a.Kind == mapping.WantReference {
		return someID, nil
	}
	return f.finder.Find(a)
}

// previewFinder looks up what the asks name. A row that is no record yet is
// planned first: whether it would become one decides about those that refer to
// it.
func (e *Engine) previewFinder(ctx context.Context, asks map[mapping.Ask]bool) (*previewFinder, error) {
	f := &previewFinder{finder: *newFinder(e), coming: map[rowKey]struct{}{}}
	rows := map[string][]string{}
	var names []mapping.Ask
	for a := range asks {
		if a.Kind == mapping.WantReference {
			rows[a.Entity] = append(rows[a.Entity], a.LocalID)
			continue
		}
		names = append(names, a)
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		if err := e.previewParents(ctx, f, e.mapping.ByName(name), rows[name]); err != nil {
			return nil, err
		}
	}
	return f, e.lookUp(ctx, names)
}

func (e *Engine) previewParents(ctx context.Context, f *previewFinder, entity *mapping.Entity, ids []string) error {
	known, err := store.RecordIDs(ctx, e.db, entity.Name, ids)
	if err != nil {
		return mysqldb.Explain(err)
	}
	var unknown []string
	for _, id := range ids {
		key := rowKey{entity.Name, id}
		switch odooID, adopted := e.dry.taken[key]; {
		case known[id] != 0:
			f.records[key] = known[id]
		case adopted:
			f.records[key] = odooID
		case entity.Direction != mapping.ToAPI:
			unknown = append(unknown, id)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	if err := e.planRows(ctx, entity, unknown); err != nil {
		return err
	}
	for _, id := range unknown {
		key := rowKey{entity.Name, id}
		if odooID, adopted := e.dry.taken[key]; adopted {
			f.records[key] = odooID
		} else if _, bad := e.dry.bad[key]; !bad {
			f.coming[key] = struct{}{}
		}
	}
	return nil
}

// planRow plans one row, by its record where it has one.
func (e *Engine) planRow(ctx context.Context, entity *mapping.Entity, id string) error {
	found, err := store.OdooIDs(ctx, e.db, entity.Name, []string{id})
	if err != nil {
		return mysqldb.Explain(err)
	}
	if len(found) > 0 {
		_, err := e.SyncRecords(ctx, entity.Model, []Target{{OdooID: found[0]}})
		return err
	}
	return e.planRows(ctx, entity, []string{id})
}

// planRows plans rows that belong to no record: which one each is, or what Odoo
// would be sent to make it.
func (e *Engine) planRows(ctx context.Context, entity *mapping.Entity, ids []string) error {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		return e.dry.isTaken(entity.Name, id, 0) || e.dry.rowWasTold(entity.Name, id)
	})
	rows, err := e.orphanRows(ctx, entity, ids)
	if err != nil {
		return err
	}
	matched, err := e.matchOrphans(ctx, entity, rows)
	if err != nil {
		return err
	}
	rows, err = e.previewMatches(ctx, entity, rows, matched)
	if err != nil {
		return err
	}
	for len(rows) > 0 {
		ready := slices.DeleteFunc(slices.Clone(rows), func(n *newRow) bool { return n.refersTo(entity, rows) })
		if len(ready) == 0 {
			for _, n := range rows {
				e.refuseRow(entity, n, nil, errCircle(entity, n.row.ID))
			}
			break
		}
		if err := e.previewCreates(ctx, entity, ready); err != nil {
			return err
		}
		rows = slices.DeleteFunc(rows, func(n *newRow) bool { return slices.Contains(ready, n) })
	}
	return e.dry.failed
}

// orphanRows reads rows that are to become records; others are marked as none.
func (e *Engine) orphanRows(ctx context.Context, entity *mapping.Entity, ids []string) ([]*newRow, error) {
	rows, err := e.readRows(ctx, e.db, entity, ids)
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	links, err := store.LinksOfRows(ctx, e.db, entity.Name, ids)
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	var out []*newRow
	for _, id := range ids {
		n, l := rows[id], links[id]
		switch {
		case n == nil, entity.DeletedColumn != "" && n.row.Columns[entity.DeletedColumn] != nil, l != nil && l.OdooID != 0:
			e.dry.bad[rowKey{entity.Name, id}] = struct{}{}
		case l != nil && l.Intent != nil:
			e.refuseRow(entity, n, nil, errBusy(entity.Name, id))
		default:
			out = append(out, n)
		}
	}
	return out, nil
}

// previewMatches plans the rows that are a record of Odoo's, and returns the
// others.
func (e *Engine) previewMatches(ctx context.Context, entity *mapping.Entity, rows []*newRow, matched map[string]match) ([]*newRow, error) {
	var fresh []*newRow
	var named []int64
	for _, m := range matched {
		named = append(named, m.odooID)
	}
	linked, err := e.linkedIDs(ctx, entity, named)
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	adoptions := map[int64]string{}
	var targets []Target
	for _, n := range rows {
		m := matched[n.row.ID]
		switch {
		case m.err != nil:
			e.refuseRow(entity, n, nil, m.err)
		case m.odooID == 0:
			fresh = append(fresh, n)
		case linked[m.odooID] || adoptions[m.odooID] != "":
			e.refuseRow(entity, n, nil, errClaimed(entity, n.row.ID, m.odooID))
		default:
			adoptions[m.odooID] = n.row.ID
			targets = append(targets, Target{OdooID: m.odooID})
		}
	}
	for chunk := range slices.Chunk(targets, e.batch) {
		b := newBatch(e, entity.Model, e.mapping.ByModel(entity.Model), chunk, newTrail())
		b.adoptions[entity.Name] = adoptions
		if err := b.run(ctx); err != nil {
			return nil, mysqldb.Explain(err)
		}
		b.previewRefusals(b.results())
		for _, t := range chunk {
			if id := adoptions[t.OdooID]; !e.dry.isTaken(entity.Name, id, 0) {
				e.dry.bad[rowKey{entity.Name, id}] = struct{}{}
			}
		}
	}
	return fresh, nil
}

// previewCreates tells what Odoo would be sent to make records of rows.
func (e *Engine) previewCreates(ctx context.Context, entity *mapping.Entity, rows []*newRow) error {
	asks := map[mapping.Ask]bool{}
	for _, n := range rows {
		n.asks(entity, asks)
	}
	finder, err := e.previewFinder(ctx, asks)
	if err != nil {
		return err
	}
	maps.Copy(e.dry.coming, finder.coming)
	defer clear(e.dry.coming)
	for _, n := range rows {
		j := &job{entity: entity, push: &Push{Entity: entity.Name, LocalID: n.row.ID}, row: n.record, intent: createIntent(entity, n.record)}
		_, err := missingParent(entity, n, finder)
		if err == nil {
			err = j.encode(finder)
		}
		changes := e.nameRows(entity, j.intent.Changes)
		if err != nil {
			e.refuseRow(entity, n, changes, err)
			continue
		}
		e.dry.tell(PlanItem{Entity: entity.Name, LocalID: n.row.ID, Side: record.Odoo, Op: PlanCreate, Changes: changes})
		for _, err := range unreachable(entity, n.record.Fields) {
			e.dry.tell(PlanItem{Entity: entity.Name, LocalID: n.row.ID, Side: record.Odoo, Op: PlanRefused, Reason: "the record is made, but " + record.Message(err)})
		}
	}
	return nil
}

// unreachable are the states that the row asks for and that only posting would
// lead to, where the mapping does not let it. What else a new record's own state
// allows is only seen once it is there.
func unreachable(entity *mapping.Entity, row record.Fields) []error {
	var out []error
	for _, f := range entity.Fields {
		v := row[f.Name]
		if v.IsNull() || entity.SentNew(f) {
			continue
		}
		var off error
		for _, m := range entity.Methods {
			if m.Field != f.Name {
				continue
			}
			for _, from := range m.From {
				_, err := entity.Steps(f.Name, record.Text(from), v)
				if errors.Is(err, mapping.ErrPostingOff) && off == nil {
					off = err
				}
			}
		}
		if off != nil {
			out = append(out, off)
		}
	}
	return out
}

func (e *Engine) refuseRow(entity *mapping.Entity, n *newRow, changes record.Changes, err error) {
	op := PlanRefused
	if errors.Is(err, errAmbiguous) {
		op = PlanAmbiguous
	}
	e.dry.bad[rowKey{entity.Name, n.row.ID}] = struct{}{}
	e.dry.tell(PlanItem{Entity: entity.Name, LocalID: n.row.ID, Side: record.Odoo, Op: op, Changes: changes, Reason: record.Message(err)})
}

func errCircle(entity *mapping.Entity, id string) error {
	return record.Errorf(record.CodeRejected, "%s %s and others refer to each other in a circle, and none of them is in Odoo: empty one of the references", entity.Name, id)
}

func errClaimed(entity *mapping.Entity, id string, odooID int64) error {
	return record.Errorf(record.CodeRejected, "row %s of %s claims to be %s %d, which belongs to another row", id, entity.Table, entity.Model, odooID)
}
