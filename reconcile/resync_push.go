package reconcile

import (
	"context"
	"database/sql"
	"time"

	"go.uber.org/zap"

	"odoosync/internal/logs"
	"odoosync/internal/queue"
	"odoosync/internal/store"
)

// enqueue puts the rows that belong to no record into the outbox, and returns
// how many. One whose edit waits there already gets no second one.
func (r *resync) enqueue(ctx context.Context) (n int64, err error) {
	if len(r.o.OdooIDs) > 0 {
		return 0, nil
	}
	for _, entity := range r.engine.writtenBack(r.models) {
		err := r.engine.orphans(ctx, entity, r.o.Page, func(ids []string) error {
			edits := make([]queue.Edit, len(ids))
			for i, id := range ids {
				edits[i] = queue.Edit{Entity: entity.Name, LocalID: id, Op: queue.OpInsert}
			}
			n += int64(len(ids))
			return r.engine.db.InTx(ctx, func(tx *sql.Tx) error { return r.o.Edits.AppendTx(ctx, tx, edits) })
		})
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// showEvery is how often a run notes how far its push is.
const showEvery = time.Second

// show notes how far the run is, for whoever looks; that it fails ends nothing.
func (r *resync) show(ctx context.Context) {
	if err := r.save(ctx); err != nil && ctx.Err() == nil {
		r.engine.log.Warn("how far a resync is could not be noted", zap.Int64("run", r.run.ID), logs.Failure(err))
	}
}

// push sends what is due in the outbox until nothing is.
func (r *resync) push(ctx context.Context, rows int64) error {
	p := Progress{Entity: "rows for Odoo", Total: rows}
	if rows > 0 {
		r.progress(p)
	}
	saved := r.engine.clock.Now()
	edits, err := r.edits(ctx)
	if err != nil {
		return err
	}
	pusher := NewPusher(PusherOptions{Engine: r.engine, Edits: edits, Clock: r.engine.clock, Logger: r.o.Logger, RunID: r.run.ID,
		OnDone: func(_, _ string, err error) {
			p.Done++
			p.Total = max(p.Total, p.Done)
			if err != nil {
				p.Failed++
			}
			r.progress(p)
			if now := r.engine.clock.Now(); now.Sub(saved) >= showEvery {
				saved = now
				r.show(ctx)
			}
		}})
	err = pusher.Push(ctx, r.o.Grace)
	if err == nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err == nil && p.Total > 0 {
		p.Ended = true
		r.progress(p)
	}
	return err
}

// edits are those the resync is for: of its records, of its model's entities, or
// all. What a plan of the same did not show is left to the daemon.
func (r *resync) edits(ctx context.Context) (Edits, error) {
	if r.o.Entity == "" {
		return r.o.Edits, nil
	}
	var entities, rows []string
	for _, entity := range r.engine.writtenBack(r.models) {
		entities = append(entities, entity.Name)
		links, err := store.LinksOfRecords(ctx, r.engine.db, entity.Name, r.o.OdooIDs)
		if err != nil {
			return nil, err
		}
		for _, id := range r.o.OdooIDs {
			if l := links[id]; l != nil {
				rows = append(rows, l.LocalID)
			}
		}
	}
	if len(entities) == 0 || len(r.o.OdooIDs) > 0 && len(rows) == 0 {
		entities, rows = []string{""}, nil // nothing of it goes to Odoo
	}
	return r.o.Edits.Only(entities, rows), nil
}
