package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

// The modes of a resync.
const (
	ModeFull        = "full"        // all records of Odoo
	ModeIncremental = "incremental" // those written since the last resync
)

// ResyncOptions are a resync's parts and what it is for.
type ResyncOptions struct {
	Pager        Pager
	Edits        *queue.Outbox
	Page         int            // records a page; 0: 500
	Entity       string         // its model alone; "": all
	OdooID       int64          // one record of Entity alone; 0: all
	Mode         string         // "": ModeFull
	AllowDeletes bool           // lets the deletes through that the brake holds
	Cause        string         // who asked for it
	Progress     func(Progress) // may be nil
	Logger       *zap.Logger    // nil: silent
	Grace        time.Duration  // how long it may finish what it has begun when ctx ends; 0: 10 seconds
}

// ResyncResult is what a resync did.
type ResyncResult struct {
	RunID   int64
	Mode    string // what was done: a first incremental one is full
	Resumed bool   // it went on where an earlier one was cut off
	// By what happened: adopted, created_here, created_in_odoo, updated_here,
	// updated_in_odoo, deleted_here, deleted_in_odoo, of this run; conflicts,
	// refused and waiting as they stand.
	Counts map[string]int64
}

// Left tells whether a person or time has to see to something.
func (r ResyncResult) Left() bool {
	return r.Counts["conflicts"]+r.Counts["refused"]+r.Counts["waiting"] > 0
}

// resync is a running one.
type resync struct {
	engine   *Engine
	o        ResyncOptions
	models   []string
	run      *store.Run
	position resyncPosition
	since    time.Time // of an incremental one
	resumed  bool
	at       Progress     // of the model that is gone through
	waiting  atomic.Int64 // records that somebody else is writing
}

// resyncPosition is what sync_runs keeps of a resync for whoever goes on with it.
type resyncPosition struct {
	Cursors map[string]importCursor `json:"cursors"` // by model
	History int64                   `json:"history"` // the last entry of sync_changes before it
}

// resumable is how old the beginning of a resync may be that is gone on with.
const resumable = 24 * time.Hour

// Resync does what Plan tells: it goes through the records of Odoo, adopting,
// creating and merging rows, then sends the rows that belong to no record, and
// what else waits in the outbox. One that was cut off goes on where it stopped.
// That no two run at once is the caller's business.
func (e *Engine) Resync(ctx context.Context, o ResyncOptions) (ResyncResult, error) {
	if o.Page == 0 {
		o.Page = 500
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Mode == "" {
		o.Mode = ModeFull
	}
	if o.Grace == 0 {
		o.Grace = 10 * time.Second
	}
	models, err := e.modelsOf(o.Entity)
	if err != nil {
		return ResyncResult{}, err
	}
	if o.OdooID != 0 {
		if err := e.known(ctx, e.mapping.ByName(o.Entity), o.OdooID); err != nil {
			return ResyncResult{}, err
		}
	}
	r := &resync{engine: e, o: o, models: models}
	if err := r.open(ctx); err != nil {
		return ResyncResult{}, mysqldb.Explain(err)
	}
	return r.close(ctx, r.work(ctx))
}

// open begins a run, or goes on with one that was cut off.
func (r *resync) open(ctx context.Context) error {
	e, now := r.engine, r.engine.clock.Now()
	if r.o.Mode == ModeIncremental {
		done, err := store.LastDone(ctx, e.db, "resync", r.o.Entity)
		if err != nil {
			return err
		}
		if done.IsZero() {
			r.o.Mode = ModeFull
		} else {
			r.since = done.Add(-e.settled - clocksApart)
		}
	}
	if r.o.OdooID == 0 && r.o.Mode == ModeFull {
		last, err := store.LastRun(ctx, e.db, "resync", r.o.Entity, r.o.Mode)
		if err != nil {
			return err
		}
		if last != nil && last.State != store.RunDone && len(last.Position) > 0 && now.Sub(last.Started) < resumable {
			if err := json.Unmarshal(last.Position, &r.position); err == nil {
				r.run, r.resumed = last, true
				r.run.State, r.run.Error = store.RunRunning, ""
				return r.save(ctx)
			}
		}
	}
	history, err := store.LastChange(ctx, e.db)
	if err != nil {
		return err
	}
	r.position = resyncPosition{Cursors: map[string]importCursor{}, History: history}
	mode := r.o.Mode
	if r.o.OdooID != 0 {
		mode = "record"
	}
	r.run = &store.Run{Kind: "resync", Entity: r.o.Entity, Mode: mode, Cause: r.o.Cause}
	return store.StartRun(ctx, e.db, now, r.run)
}

func (r *resync) save(ctx context.Context) error {
	text, err := json.Marshal(r.position)
	if err != nil {
		return err
	}
	r.run.Position = text
	return store.SaveRun(ctx, r.engine.db, r.engine.clock.Now(), r.run)
}

func (r *resync) cause() store.Cause {
	return store.Cause{Kind: "resync", ID: fmt.Sprint(r.run.ID), RunID: r.run.ID}
}

func (r *resync) work(ctx context.Context) error {
	if err := r.release(ctx); err != nil {
		return err
	}
	if err := r.records(ctx); err != nil {
		return err
	}
	for {
		n, err := r.engine.ResolveWaits(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	if r.engine.outbox == nil {
		return nil
	}
	if r.o.OdooID == 0 {
		if _, err := r.engine.SweepRows(ctx); err != nil {
			return err
		}
	}
	rows, err := r.enqueue(ctx)
	if err != nil {
		return err
	}
	return r.push(ctx, rows)
}

// records goes through Odoo's records.
func (r *resync) records(ctx context.Context) error {
	e := r.engine
	way := passage{ImportOptions: ImportOptions{Pager: r.o.Pager, Page: r.o.Page, Progress: r.progress}, cause: r.cause(), load: r.loadCursor, save: r.saveCursor, passes: r.passes}
	if r.o.OdooID != 0 {
		_, err := e.importPage(ctx, &way, r.models[0], []int64{r.o.OdooID})
		return err
	}
	if !r.since.IsZero() {
		way.more = [][]any{{"write_date", ">=", r.since.UTC().Format(time.DateTime)}}
	}
	for _, model := range r.models {
		if err := e.importModel(ctx, &way, model); err != nil {
			return err
		}
	}
	return nil
}

// passes lets a record be that somebody is writing this very moment: whoever
// does ends with it. The next resync finds it too.
func (r *resync) passes(string, Result) error {
	r.waiting.Add(1)
	return nil
}

func (r *resync) loadCursor(_ context.Context, model string) (importCursor, error) {
	c := r.position.Cursors[model]
	if of := r.engine.importOf(model); c.Of != of {
		c = importCursor{Of: of}
	}
	return c, nil
}

func (r *resync) saveCursor(ctx context.Context, model string, c importCursor) error {
	r.position.Cursors[model] = c
	return r.save(ctx)
}

func (r *resync) progress(p Progress) {
	if p.Entity != r.at.Entity {
		r.at = Progress{Entity: p.Entity}
		r.run.Total = r.run.Done + p.Total
	}
	r.run.Done += p.Done - r.at.Done
	r.at = p
	r.o.Progress(p)
}

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
	if r.o.Entity != "" || r.o.OdooID != 0 || r.o.Mode != ModeFull {
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
