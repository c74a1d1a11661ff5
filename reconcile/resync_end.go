package reconcile

import (
	"context"
	"errors"
	"slices"

	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

// close notes how the run ended and counts what it did.
func (r *resync) close(stopped context.Context, failure error) (ResyncResult, error) {
	ctx := context.WithoutCancel(stopped)
	failure = mysqldb.Explain(failure)
	result := ResyncResult{RunID: r.run.ID, Mode: r.o.Mode, Resumed: r.resumed}
	counts, err := r.count(ctx)
	if err != nil && failure == nil {
		failure = mysqldb.Explain(err)
	}
	result.Counts, r.run.Counts = counts, counts
	switch {
	case failure == nil:
		r.run.State, r.run.Done = store.RunDone, max(r.run.Done, r.run.Total)
		failure = r.imported(ctx)
	case errors.Is(context.Cause(stopped), store.ErrRunCancelled):
		r.run.State, r.run.Error = store.RunCancelled, store.ErrRunCancelled.Error()
		failure = record.Wrap(record.CodeRejected, store.ErrRunCancelled, "run %d was cancelled by a person; what it had done stays, and a new one begins from the start", r.run.ID)
	case stopped.Err() != nil:
		r.run.State, r.run.Error = store.RunCancelled, "it was stopped; the next one goes on from here"
		failure = record.Wrap(record.CodeUnavailable, failure, "the resync was stopped; run it again and it goes on where it stopped")
	default:
		r.run.State, r.run.Error = store.RunFailed, record.Message(failure)
	}
	if err := r.save(ctx); err != nil && failure == nil {
		failure = mysqldb.Explain(err)
	}
	return result, failure
}

// imported notes, once everything was gone through, that there is nothing left
// to import: a daemon that waits for a resync begins its work by that.
func (r *resync) imported(ctx context.Context) error {
	if r.o.Entity != "" || len(r.o.OdooIDs) > 0 || r.o.Mode != ModeFull {
		return nil
	}
	for _, model := range r.models {
		if err := r.engine.saveImport(ctx, model, importCursor{Done: true, Of: r.engine.importOf(model)}); err != nil {
			return mysqldb.Explain(err)
		}
	}
	return nil
}

var countNames = map[string]string{"local adopt": "adopted", "local create": "created_here", "odoo create": "created_in_odoo", "local update": "updated_here",
	"local revive": "updated_here", "odoo update": "updated_in_odoo", "local delete": "deleted_here", "odoo delete": "deleted_in_odoo"}

func (r *resync) count(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	done, err := store.RunChanges(ctx, r.engine.db, r.run.ID, r.position.History)
	if err != nil {
		return out, err
	}
	for key, n := range done {
		out[countNames[key]] += n
	}
	states, err := store.LinkCounts(ctx, r.engine.db)
	if err != nil {
		return out, err
	}
	for _, s := range states {
		entity := r.engine.mapping.ByName(s.Entity)
		if entity == nil || !slices.Contains(r.models, entity.Model) {
			continue
		}
		switch s.State {
		case store.InConflict:
			out["conflicts"] += s.N
		case store.Failed:
			out["refused"] += s.N
		}
	}
	pending, _, _, err := queue.OutboxStats(ctx, r.engine.db, r.engine.clock.Now())
	out["waiting"] = pending + r.waiting.Load()
	return out, err
}

// release lets the deletes through that the brake would hold.
func (r *resync) release(ctx context.Context) error {
	if !r.o.AllowDeletes {
		return nil
	}
	for _, entity := range r.engine.mapping.Entities {
		if r.o.Entity == "" || r.o.Entity == entity.Name {
			if err := r.engine.AllowDeletes(ctx, entity.Name); err != nil {
				return err
			}
		}
	}
	return nil
}
