package reconcile

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/reconcile/merge"
)

// newRow is a row on its way to becoming a record.
type newRow struct {
	push   *Push
	row    store.Row
	record record.Record // as the merge sees it
	link   *store.Link   // nil: none yet
	lost   *intent       // a create whose outcome nobody knows: the same is sent again
}

// refersTo reports that the row refers to another one of the list.
func (n *newRow) refersTo(entity *mapping.Entity, others []*newRow) bool {
	for _, f := range entity.Fields {
		v := n.record.Fields[f.Name]
		if f.Kind != mapping.KindReference || f.Entity != entity.Name || v.IsNull() || !f.Sendable() {
			continue
		}
		if slices.ContainsFunc(others, func(o *newRow) bool { return o != n && o.row.ID == v.Text() }) {
			return true
		}
	}
	return false
}

// readNew reads the rows and leaves out those that need no record: deleted
// again, or of an entity that goes to the API only.
func (r *pushRun) readNew(ctx context.Context, entity *mapping.Entity, pushes []*Push) ([]*newRow, error) {
	if len(pushes) == 0 {
		return nil, nil
	}
	var out []*newRow
	err := r.engine.db.InTx(ctx, func(tx *sql.Tx) error {
		out = nil
		ids := make([]string, len(pushes))
		for i, push := range pushes {
			ids[i] = push.LocalID
		}
		rows, err := r.engine.readRows(ctx, tx, entity, ids)
		if err != nil {
			return err
		}
		links, err := store.LinksOfRows(ctx, tx, entity.Name, ids)
		if err != nil {
			return err
		}
		for _, push := range pushes {
			n := rows[push.LocalID]
			if n == nil {
				n = &newRow{}
			}
			n.push, n.link = push, links[push.LocalID]
			keep, err := r.judge(ctx, tx, entity, n)
			if err != nil {
				return err
			}
			if keep {
				out = append(out, n)
			}
		}
		return nil
	})
	return out, err
}

// judge decides whether a row is to become a record.
func (r *pushRun) judge(ctx context.Context, tx *sql.Tx, entity *mapping.Entity, n *newRow) (bool, error) {
	var err error
	if n.lost, err = intentOf(n.link); err != nil {
		return false, err
	}
	if n.lost != nil {
		if r.engine.clock.Now().Before(n.link.Deadline) {
			r.fail(n.push, errBusy(entity.Name, n.push.LocalID))
			return false, nil
		}
		return true, nil // even a row that is gone: its record may exist
	}
	if entity.Direction == mapping.ToAPI {
		r.fail(n.push, record.Errorf(record.CodeRejected, "rows of %s come from Odoo only: row %s is not sent there, and no record belongs to it", entity.Table, n.push.LocalID))
		return false, nil
	}
	gone := n.row.ID == "" || entity.DeletedColumn != "" && n.row.Columns[entity.DeletedColumn] != nil
	if !gone {
		return true, nil
	}
	if n.row.ID == "" && strings.Contains(n.push.LocalID, "?") {
		// So the trigger shows a letter that the id's column in sync_outbox cannot hold.
		r.fail(n.push, record.Errorf(record.CodeRejected, "the row %s of %s was not found: where a row's own id is a text, it must be of ASCII letters, digits and signs, and ? stands here for another one; give the row another %s",
			n.push.LocalID, entity.Table, entity.IDColumn))
		return false, nil
	}
	r.ended[rowKey{entity.Name, n.push.LocalID}] = true
	if n.link != nil && n.row.ID == "" {
		if err := store.DeleteLink(ctx, tx, n.link.ID); err != nil {
			return false, err
		}
	}
	return false, r.engine.outbox.CompleteTx(ctx, tx, n.push.Edits)
}

// readRows reads rows with their lines, by id.
func (e *Engine) readRows(ctx context.Context, q store.Queryer, entity *mapping.Entity, ids []string) (map[string]*newRow, error) {
	rules := e.rules[entity.Name]
	rows, err := store.ReadRows(ctx, q, rules.table, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*newRow, len(rows))
	for id, row := range rows {
		out[id] = &newRow{row: row, record: record.Record{Entity: entity.Name, LocalID: id, Fields: entity.DecodeRow(row.Columns)}}
	}
	for _, child := range entity.Children {
		lines, err := store.ReadChildren(ctx, q, rules.children[child.Name], slices.Sorted(maps.Keys(rows)))
		if err != nil {
			return nil, err
		}
		for id, n := range out {
			n.record.Lines = withChild(n.record.Lines, child, lines[id])
		}
	}
	return out, nil
}

// parents pushes the rows that these refer to and that are no records yet.
func (r *pushRun) parents(ctx context.Context, entity *mapping.Entity, rows []*newRow) error {
	asks := map[mapping.Ask]bool{}
	for _, n := range rows {
		n.asks(entity, asks)
	}
	return r.resolve(ctx, asks)
}

// asks are what encoding the row will ask.
func (n *newRow) asks(entity *mapping.Entity, into map[mapping.Ask]bool) {
	company := companyOf(entity, n.record.Fields)
	for _, a := range entity.Asks(n.record.Fields, n.record.Fields) {
		into[inCompany(a, company)] = true
	}
	for _, child := range entity.Children {
		for _, line := range n.record.Lines[child.Name] {
			for _, a := range child.Asks(line.Fields, line.Fields) {
				into[inCompany(a, company)] = true
			}
		}
	}
}

// matchNew links rows to records that are the same by the mapping's keys and
// have no row yet, and returns the others.
func (r *pushRun) matchNew(ctx context.Context, entity *mapping.Entity, rows []*newRow) ([]*newRow, error) {
	matched, err := r.engine.matchOrphans(ctx, entity, rows)
	if err != nil {
		return nil, err
	}
	var fresh []*newRow
	var known []Target
	for _, n := range rows {
		m := matched[n.row.ID]
		switch {
		case n.lost != nil || m.err == nil && m.odooID == 0:
			fresh = append(fresh, n)
			continue
		case m.err != nil:
			r.fail(n.push, m.err)
			continue
		}
		if err := r.link(ctx, entity, n, m.odooID); err != nil {
			r.fail(n.push, err)
			continue
		}
		known = append(known, Target{OdooID: m.odooID, Cause: outboxCause(n.push), Push: n.push})
	}
	if len(known) > 0 {
		if _, err := r.known(ctx, entity, known); err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

// link ties a row to a record that exists.
func (r *pushRun) link(ctx context.Context, entity *mapping.Entity, n *newRow, odooID int64) error {
	err := r.engine.db.InTx(ctx, func(tx *sql.Tx) error {
		if err := store.LinkRow(ctx, tx, r.engine.clock.Now(), entity.Name, n.row.ID); err != nil {
			return err
		}
		return store.SetRecord(ctx, tx, entity.Name, n.row.ID, odooID)
	})
	if mysqldb.IsDuplicate(err) {
		return errClaimed(entity, n.row.ID, odooID)
	}
	return err
}

// create notes the intents of new records, sends and confirms them.
func (r *pushRun) create(ctx context.Context, entity *mapping.Entity, rows []*newRow) error {
	var jobs []*job
	for _, n := range rows {
		if err := r.missing(entity, n); err != nil {
			r.fail(n.push, err)
			continue
		}
		jobs = append(jobs, &job{entity: entity, push: n.push})
	}
	byRow := map[string]*newRow{}
	for _, n := range rows {
		byRow[n.push.LocalID] = n
	}
	err := r.engine.db.InTx(ctx, func(tx *sql.Tx) error {
		for _, j := range jobs {
			if err := r.noteCreate(ctx, tx, j, byRow[j.push.LocalID]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	jobs = slices.DeleteFunc(jobs, func(j *job) bool { return j.intent == nil })
	sent, err := r.send(ctx, entity, jobs)
	if err != nil {
		return err
	}
	_, err = r.known(ctx, entity, sent)
	return err
}

// missing says which reference has no record, so that the row has to wait.
func (r *pushRun) missing(entity *mapping.Entity, n *newRow) error {
	a, err := missingParent(entity, n, r.finder)
	if err == nil {
		return nil
	}
	if cause := r.errs[rowKey{a.Entity, a.LocalID}]; cause != nil && record.CodeOf(cause).Waits() {
		return cause
	}
	return err
}

// missingParent is a reference of the row to one that has no record, and the
// sentence that says so.
func missingParent(entity *mapping.Entity, n *newRow, finder mapping.Finder) (mapping.Ask, error) {
	asks := map[mapping.Ask]bool{}
	n.asks(entity, asks)
	for a := range asks {
		if a.Kind != mapping.WantReference {
			continue
		}
		if _, err := finder.Find(a); err != nil {
			return a, record.Wrap(record.CodeRetryable, err, "%s %s waits for %s %s, which is not in Odoo yet", entity.Name, n.row.ID, a.Entity, a.LocalID)
		}
	}
	return mapping.Ask{}, nil
}

// noteCreate locks the row and notes what is sent of it. The row may have
// changed since it was read: it is read again under the lock.
func (r *pushRun) noteCreate(ctx context.Context, tx *sql.Tx, j *job, n *newRow) error {
	j.intent = nil
	if err := store.LinkRow(ctx, tx, r.engine.clock.Now(), j.entity.Name, j.push.LocalID); err != nil {
		return err
	}
	links, err := store.LockLinksOfRows(ctx, tx, j.entity.Name, []string{j.push.LocalID})
	if err != nil {
		return err
	}
	l := links[j.push.LocalID]
	in, err := intentOf(l)
	switch {
	case err != nil:
		return err
	case l.OdooID != 0 || in != nil && n.lost == nil: // somebody was faster
		r.fail(j.push, errBusy(j.entity.Name, j.push.LocalID))
		return nil
	case in != nil: // ours to end, as it was begun
		j.intent = in
		in.Token, in.late = newIntent(stepCreate).Token, true
		j.row = record.Record{Fields: in.Row, Lines: in.sentLines()}
	default:
		if _, err := store.LockRows(ctx, tx, r.engine.rules[j.entity.Name].table, []string{j.push.LocalID}); err != nil {
			return err
		}
		rows, err := r.engine.readRows(ctx, tx, j.entity, []string{j.push.LocalID})
		if err != nil || rows[j.push.LocalID] == nil {
			return err
		}
		j.row = rows[j.push.LocalID].record
		j.intent = createIntent(j.entity, j.row)
	}
	j.link = l
	l.State, l.Version = store.Pending, l.Version+1
	if err := j.intent.note(l, r.engine.clock.Now()); err != nil {
		return err
	}
	return store.UpdateLinks(ctx, tx, r.engine.clock.Now(), []*store.Link{l})
}

// createIntent notes all that a new record is made of.
func createIntent(entity *mapping.Entity, row record.Record) *intent {
	in := newIntent(stepCreate)
	in.Row = row.Fields
	in.Sent = merge.Sent{New: true, Fields: record.Fields{}}
	for _, f := range entity.Fields {
		if v := row.Fields[f.Name]; !v.IsNull() && entity.SentNew(f) && !f.Shared(row.Fields) {
			in.Sent.Fields[f.Name] = v
		}
	}
	for _, child := range entity.Children {
		var changes []record.LineChange
		for i, line := range row.Lines[child.Name] {
			changes = append(changes, record.LineChange{Op: record.LineAdd, Child: child.Name, LocalID: line.LocalID, Fields: line.Fields, Position: i})
		}
		in.lines(entity, changes, record.Base{})
	}
	in.Changes = outwardChanges(merge.Result{}, in.Sent)
	for name, v := range in.Sent.Fields {
		in.Changes[name] = [2]record.Value{record.Null, v}
	}
	return in
}

// sentLines are the lines of a create as they were sent.
func (in *intent) sentLines() map[string][]record.Line {
	out := map[string][]record.Line{}
	for child, lines := range in.Sent.Lines {
		for _, l := range lines {
			out[child] = append(out[child], record.Line{LocalID: l.LocalID, Fields: l.Fields})
		}
	}
	return out
}

// withChild adds a row's lines to a record, as the merge sees them.
func withChild(lines map[string][]record.Line, child *mapping.Child, rows []store.Row) map[string][]record.Line {
	if lines == nil {
		lines = map[string][]record.Line{}
	}
	list := make([]record.Line, len(rows))
	for i, row := range rows {
		list[i] = record.Line{OdooID: row.OdooID, LocalID: row.ID, Position: row.Position, Fields: child.DecodeRow(row.Columns)}
	}
	lines[child.Name] = list
	return lines
}
