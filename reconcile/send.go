package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// Remote is what a push does in Odoo.
type Remote interface {
	Reader
	Search(ctx context.Context, model string, domain []any, p odooclient.Page) ([]int64, error)
	Load(ctx context.Context, model string, fields []string, rows [][]string, extra map[string]any) (odooclient.LoadResult, error)
	Write(ctx context.Context, model string, ids []int64, values map[string]any, extra map[string]any) error
	Unlink(ctx context.Context, model string, ids []int64, extra map[string]any) error
	// Versions, WriteIf and WrittenAs are compare and set, which Odoo has by our
	// module: odooclient.ErrNoModule without it.
	Versions(ctx context.Context, model string, ids []int64) (map[int64]string, error)
	WriteIf(ctx context.Context, model string, id int64, is odooclient.Expected, values, extra map[string]any) (as string, err error)
	WrittenAs(ctx context.Context, model string, id int64, token string) (as string, err error)
	Call(ctx context.Context, model, method string, args []any, kwargs map[string]any) (any, error)
	// ExternalID resolves an external id, 0 when nothing has it.
	ExternalID(ctx context.Context, module, name string) (int64, error)
}

// job is one noted intent on its way to Odoo.
type job struct {
	entity  *mapping.Entity
	push    *Push
	link    *store.Link
	intent  *intent
	raw     odooclient.Raw // the record as it was read; nil for a new one
	version string         // the record's version in Odoo, from before it was read; "" where Odoo has none
	row     record.Record  // the row with its lines

	sequences map[int64]int            // of the known lines, by Odoo's ids
	written   map[string]map[int64]any // by child and line: its write_date as it was read

	cells []mapping.Cell
	lines []lineCells
}

// lineCells are one line's values on the way.
type lineCells struct {
	child  *mapping.Child
	op     record.LineOp
	odooID int64
	key    lineKey
	cells  []mapping.Cell
}

func (j *job) refuse(err error) error { return refusedRow(j.entity, j.push.LocalID, err) }

// send makes the calls of the jobs, and returns the records to read back: all
// whose call may have done something.
func (r *pushRun) send(ctx context.Context, entity *mapping.Entity, jobs []*job) ([]Target, error) {
	// A reference may have shown since that this Odoo is not the one we know.
	if why, err := r.engine.haltOf(ctx, entity.Model); err != nil || why != nil {
		r.giveUp(ctx, jobs, errors.Join(err, why))
		return nil, mysqldb.Explain(err)
	}
	if _, err := r.engine.compares(ctx, entity.Model); err != nil {
		r.giveUp(ctx, jobs, err)
		return nil, err
	}
	ready, err := r.prepare(ctx, jobs)
	if err != nil {
		r.giveUp(ctx, jobs, err)
		return nil, err
	}
	if ready, err = r.unmoved(ctx, entity, ready); err != nil {
		r.giveUp(ctx, jobs, err)
		return nil, err
	}
	var again []Target
	byStep := map[step][]*job{}
	for _, j := range ready {
		byStep[j.intent.Step] = append(byStep[j.intent.Step], j)
	}
	creates, err := r.sendCreates(ctx, entity, byStep[stepCreate])
	again = append(again, creates...)
	if err != nil {
		return again, err
	}
	updates, err := r.sendUpdates(ctx, entity, byStep[stepUpdate])
	again = append(again, updates...)
	if err != nil {
		return again, err
	}
	for _, j := range slices.Concat(byStep[stepMethod], byStep[stepDelete]) {
		again = append(again, r.sendOne(ctx, j)...)
	}
	return again, nil
}

// giveUp takes back the intents of jobs whose calls were not made because a
// side is out of reach.
func (r *pushRun) giveUp(ctx context.Context, jobs []*job, cause error) {
	for _, j := range jobs {
		if r.errs[rowKey{j.entity.Name, j.push.LocalID}] == nil {
			r.abandon(ctx, j, cause)
		}
	}
}

// unmoved reads, right before the writes, what tells whether somebody edited a
// record since it was merged, or locked it: Odoo itself is no guard, 16 and 17
// let a posted entry be rewritten. Such rows are merged again. A job whose write
// compares needs no such look.
func (r *pushRun) unmoved(ctx context.Context, entity *mapping.Entity, jobs []*job) ([]*job, error) {
	var ids []int64
	for _, j := range jobs {
		if j.needsLook() {
			ids = append(ids, j.link.OdooID)
		}
	}
	if len(ids) == 0 {
		return jobs, nil
	}
	now := map[int64]odooclient.Raw{}
	fields := append(entity.LockFields(), "write_date")
	err := r.engine.remote.ReadEach(ctx, entity.Model, ids, fields, func(id int64, raw odooclient.Raw, err error) error {
		if err == nil {
			now[id] = raw
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	moved, err := r.movedLines(ctx, entity, jobs)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(jobs, func(j *job) bool {
		same := now[j.link.OdooID] != nil && now[j.link.OdooID]["write_date"] == j.raw["write_date"]
		if !j.needsLook() || same && !moved[j] {
			return false
		}
		r.abandon(ctx, j, j.moved())
		return true
	}), nil
}

// movedLines are the jobs of whose lines one was changed or removed since it was
// read: a line's name alone does not move its record's write_date.
func (r *pushRun) movedLines(ctx context.Context, entity *mapping.Entity, jobs []*job) (map[*job]bool, error) {
	moved := map[*job]bool{}
	for _, child := range entity.Children {
		owners := map[int64]*job{}
		for _, j := range jobs {
			for id := range j.written[child.Name] {
				if j.needsLook() && len(j.intent.Sent.Lines) > 0 {
					owners[id] = j
				}
			}
		}
		if len(owners) == 0 {
			continue
		}
		err := r.engine.remote.ReadEach(ctx, child.Model, slices.Collect(maps.Keys(owners)), []string{"write_date"}, func(id int64, raw odooclient.Raw, err error) error {
			j := owners[id]
			if err != nil || raw["write_date"] != j.written[child.Name][id] {
				moved[j] = true
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return moved, nil
}

// late reports that a call must not begin any more, and gives its job up: whoever
// took over after the intent's deadline would be overwritten by it.
func (r *pushRun) late(ctx context.Context, j *job) bool {
	if r.engine.clock.Now().Before(j.link.Deadline.Add(-odooLimit)) {
		return false
	}
	r.abandon(ctx, j, record.Errorf(record.CodeRetryable, "the call came too late"))
	return true
}

// target is the record to read back and confirm.
func (j *job) target(failed error) Target {
	j.push.done, j.push.failed, j.push.unanswered = j.intent, failed, false
	return Target{OdooID: j.link.OdooID, Cause: outboxCause(j.push), Push: j.push}
}

// after decides what a call's answer means for a job: read back what it may
// have done, or nothing was.
func (r *pushRun) after(ctx context.Context, j *job, err error) []Target {
	code := record.CodeOf(err)
	switch {
	case errors.Is(err, errMoved):
		return r.mergeAgain(ctx, j)
	case err == nil, code == record.CodeUnknownOutcome:
		if j.link.OdooID != 0 {
			t := j.target(nil)
			t.Push.unanswered = err != nil && !errors.Is(err, odooclient.ErrNoneResult)
			return []Target{t}
		}
		r.fail(j.push, err)
	default:
		r.abandon(ctx, j, j.refuse(err))
	}
	return nil
}

// sendOne makes a call that concerns one record: a business method or a delete.
func (r *pushRun) sendOne(ctx context.Context, j *job) []Target {
	if r.late(ctx, j) {
		return nil
	}
	remote, id := r.engine.remote, []int64{j.link.OdooID}
	var err error
	switch {
	case j.intent.Step == stepMethod:
		args := append([]any{id}, j.intent.Method.Arguments(r.engine.clock.Now())...)
		_, err = remote.Call(ctx, j.entity.Model, j.intent.Method.Call, args, map[string]any{"context": r.contextOf(j.entity, 1, j.company())})
	case j.entity.OnLocalDelete == "archive":
		err = r.write(ctx, j, map[string]any{"active": false})
	default:
		err = remote.Unlink(ctx, j.entity.Model, id, r.engine.originOf(j.entity.Model))
	}
	return r.after(ctx, j, err)
}

// contextOf is quiet for many records, and lets a single edit be seen in
// Odoo's chatter. The records' own company is the current one: an invoice gets
// its company, journal and taxes from it.
func (r *pushRun) contextOf(entity *mapping.Entity, n int, company int64) map[string]any {
	out := maps.Clone(odooclient.Tracked)
	if n > 1 {
		out = maps.Clone(odooclient.Quiet)
	}
	if company != 0 {
		out["allowed_company_ids"] = r.engine.current(company)
	}
	maps.Copy(out, r.engine.originOf(entity.Model))
	return out
}

// sendUpdates writes known records: those that load can carry together, the
// others one by one. Only a write of one can compare.
func (r *pushRun) sendUpdates(ctx context.Context, entity *mapping.Entity, jobs []*job) ([]Target, error) {
	groups := map[string][]*job{}
	var order []string
	var again []Target
	for _, j := range jobs {
		if j.needsWrite() || j.version != "" || len(jobs) == 1 {
			again = append(again, r.writeOne(ctx, j)...)
			continue
		}
		key := fmt.Sprint(j.company(), columnsOfCells(j.cells))
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], j)
	}
	for _, key := range order {
		targets, err := r.load(ctx, entity, groups[key], updateRows)
		again = append(again, targets...)
		if err != nil {
			return again, err
		}
	}
	return again, nil
}

// needsWrite tells what load cannot carry: an emptied many2one, archiving,
// lines that change or go.
func (j *job) needsWrite() bool {
	return len(j.lines) > 0 || slices.ContainsFunc(j.cells, func(c mapping.Cell) bool { return c.NoLoad })
}

// writeOne makes the one call of a record's update: the write of what changes
// and goes, or the load of new lines, which may be sent again.
func (r *pushRun) writeOne(ctx context.Context, j *job) []Target {
	if r.late(ctx, j) {
		return nil
	}
	if columns, rows := addedLines(j); len(rows) > 0 {
		return r.after(ctx, j, r.loadOnce(ctx, j, columns, rows))
	}
	return r.after(ctx, j, r.write(ctx, j, j.values()))
}

// values are what the write of a known record takes.
func (j *job) values() map[string]any {
	values := map[string]any{}
	for _, c := range j.cells {
		values[c.Field] = c.Value
	}
	for _, l := range j.lines {
		commands, _ := values[l.child.Name].([]any)
		switch l.op {
		case record.LineUpdate:
			values[l.child.Name] = append(commands, []any{1, l.odooID, cellValues(l.cells)})
		case record.LineRemove:
			values[l.child.Name] = append(commands, []any{2, l.odooID, 0})
		}
	}
	return values
}

func (r *pushRun) loadOnce(ctx context.Context, j *job, columns []string, rows [][]string) error {
	result, err := r.engine.remote.Load(ctx, j.entity.Model, columns, rows, r.contextOf(j.entity, 1, j.company()))
	if err != nil {
		return err
	}
	if len(result.Messages) > 0 {
		return record.Errorf(record.CodeRejected, "%s", result.Messages[0].Message)
	}
	return nil
}

func cellValues(cells []mapping.Cell) map[string]any {
	out := map[string]any{}
	for _, c := range cells {
		out[c.Field] = c.Value
	}
	return out
}

func columnsOfCells(cells []mapping.Cell) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = c.Column
	}
	return out
}
