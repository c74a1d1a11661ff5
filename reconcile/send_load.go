package reconcile

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// sendCreates makes records, many in one load where they fill the same columns.
func (r *pushRun) sendCreates(ctx context.Context, entity *mapping.Entity, jobs []*job) ([]Target, error) {
	groups := map[string][]*job{}
	var order []string
	again, jobs, err := r.identify(ctx, jobs, func(j *job) bool { return j.intent.late })
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		key := j.shape()
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], j)
	}
	for _, key := range order {
		targets, err := r.load(ctx, entity, groups[key], createRows)
		again = append(again, targets...)
		if err != nil {
			return again, err
		}
	}
	return again, nil
}

// shape tells jobs that fill the same columns, and whose lines do, run by run.
func (j *job) shape() string {
	parts := append([]string{strconv.FormatInt(j.company(), 10)}, columnsOfCells(j.cells)...)
	for _, run := range j.runs() {
		parts = append(parts, run[0].shape())
	}
	return strings.Join(parts, "\x00")
}

// load sends jobs of one shape together. A job Odoo refuses is told apart, by
// the rows its messages name or else by halving, and the others are sent again.
func (r *pushRun) load(ctx context.Context, entity *mapping.Entity, jobs []*job, rowsOf func(*mapping.Entity, []*job) []loadCall) ([]Target, error) {
	jobs = slices.DeleteFunc(jobs, func(j *job) bool { return r.late(ctx, j) })
	if len(jobs) == 0 {
		return nil, nil
	}
	var ids []int64
	for n, call := range rowsOf(entity, jobs) {
		result, err := r.engine.remote.Load(ctx, entity.Model, call.columns, call.rows, r.contextOf(entity, len(jobs), jobs[0].company()))
		refused := err == nil && len(result.Messages) > 0
		switch {
		case n > 0 && (err != nil || refused):
			if refused {
				err = record.Errorf(record.CodeRejected, "%s", result.Messages[0].Message)
			}
			return r.loadedPartly(ctx, entity, jobs, ids, err, rowsOf)
		case refused:
			return r.loadWithout(ctx, entity, jobs, call, result, rowsOf)
		case err != nil:
			return r.loadFailed(ctx, entity, jobs, err, rowsOf)
		case n == 0:
			ids = result.IDs
		}
	}
	if len(ids) != len(jobs) {
		return r.loadFailed(ctx, entity, jobs, record.Errorf(record.CodeRejected, "Odoo answered a load of %d records with %d ids", len(jobs), len(ids)), rowsOf)
	}
	return r.loaded(ctx, jobs, ids)
}

// loadedPartly decides about records that are there without some of their lines.
// Their intents must not be taken back: the lines that arrived would be sent
// once more. Where Odoo refused, each record is told apart (what arrived is only
// updated by that) and read back, with the refusal shown; the rest of its lines
// are a later edit. Else the same calls are made again after the deadline.
func (r *pushRun) loadedPartly(ctx context.Context, entity *mapping.Entity, jobs []*job, ids []int64, err error, rowsOf func(*mapping.Entity, []*job) []loadCall) ([]Target, error) {
	switch {
	case !record.CodeOf(err).Final():
		for _, j := range jobs {
			r.fail(j.push, err)
		}
		if record.CodeOf(err) == record.CodeUnknownOutcome {
			return nil, nil
		}
		return nil, err
	case len(jobs) > 1 || len(ids) != 1:
		return r.loadFailed(ctx, entity, jobs, err, rowsOf)
	}
	targets, failed := r.loaded(ctx, jobs, ids)
	if failed == nil {
		jobs[0].push.failed = jobs[0].refuse(err)
	}
	return targets, failed
}

// loaded notes the ids of new records, so that they can be read back.
func (r *pushRun) loaded(ctx context.Context, jobs []*job, ids []int64) ([]Target, error) {
	var fresh []*job
	for i, j := range jobs {
		if j.link.OdooID == 0 {
			j.link.OdooID = ids[i]
			fresh = append(fresh, j)
		}
	}
	err := r.engine.db.InTx(ctx, func(tx *sql.Tx) error {
		for _, j := range fresh {
			if err := store.SetRecord(ctx, tx, j.entity.Name, j.push.LocalID, j.link.OdooID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, mysqldb.Explain(err) // the intents stay: the same load tells the ids again
	}
	targets := make([]Target, len(jobs))
	for i, j := range jobs {
		r.finder.records[rowKey{j.entity.Name, j.push.LocalID}] = j.link.OdooID
		targets[i] = j.target(nil)
	}
	return targets, nil
}

// loadFailed decides about a load that Odoo refused or did not answer.
func (r *pushRun) loadFailed(ctx context.Context, entity *mapping.Entity, jobs []*job, err error, rowsOf func(*mapping.Entity, []*job) []loadCall) ([]Target, error) {
	switch {
	case record.CodeOf(err) == record.CodeUnknownOutcome:
		again, others, asked := r.identify(ctx, jobs, func(*job) bool { return true })
		for _, j := range others {
			again = append(again, r.after(ctx, j, errors.Join(err, asked))...)
		}
		return again, nil
	case !record.CodeOf(err).Final():
		r.giveUp(ctx, jobs, err)
		return nil, err
	case len(jobs) == 1:
		return r.after(ctx, jobs[0], err), nil
	}
	half := len(jobs) / 2
	first, err := r.load(ctx, entity, jobs[:half], rowsOf)
	if err != nil {
		r.giveUp(ctx, jobs[half:], err)
		return first, err
	}
	second, err := r.load(ctx, entity, jobs[half:], rowsOf)
	return append(first, second...), err
}

// identify asks Odoo which of the jobs that may have been done before were, by
// their external ids. It must not send those again: somebody may have edited
// the records since.
func (r *pushRun) identify(ctx context.Context, jobs []*job, mayBe func(*job) bool) (done []Target, others []*job, err error) {
	for i, j := range jobs {
		if j.link.OdooID != 0 || !mayBe(j) {
			others = append(others, j)
			continue
		}
		id, err := r.engine.remote.ExternalID(ctx, externalModule, externalName(j.entity, j.link.UUID, ""))
		if err != nil {
			return done, append(others, jobs[i:]...), err
		}
		if id == 0 {
			others = append(others, j)
			continue
		}
		targets, err := r.loaded(ctx, []*job{j}, []int64{id})
		if err != nil {
			return done, append(others, jobs[i:]...), err
		}
		done = append(done, targets...)
	}
	return done, others, nil
}

// loadWithout refuses the jobs that Odoo's messages name and sends the others
// again. A warning counts as a refusal: the row was not taken as it was meant.
func (r *pushRun) loadWithout(ctx context.Context, entity *mapping.Entity, jobs []*job, call loadCall, result odooclient.LoadResult, rowsOf func(*mapping.Entity, []*job) []loadCall) ([]Target, error) {
	reasons := map[*job]string{}
	for _, m := range result.Messages {
		if m.Row >= 0 && m.Row < len(call.owners) && reasons[call.owners[m.Row]] == "" {
			reasons[call.owners[m.Row]] = m.Message
		}
	}
	if len(reasons) == 0 {
		return r.loadFailed(ctx, entity, jobs, record.Errorf(record.CodeRejected, "%s", result.Messages[0].Message), rowsOf)
	}
	var rest []*job
	for _, j := range jobs {
		if reasons[j] == "" {
			rest = append(rest, j)
			continue
		}
		r.after(ctx, j, record.Errorf(record.CodeRejected, "%s", reasons[j]))
	}
	return r.load(ctx, entity, rest, rowsOf)
}
