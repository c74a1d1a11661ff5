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
	"odoosync/internal/store"
)

// The modes of a resync.
const (
	ModeFull        = "full"        // all records of Odoo
	ModeIncremental = "incremental" // those written since the last resync
	ModeRecord      = "record"      // named records, of a run in sync_runs
)

// KindResync is a resync's kind in sync_runs.
const KindResync = "resync"

// ResyncOptions are a resync's parts and what it is for.
type ResyncOptions struct {
	Pager        Pager
	Edits        *queue.Outbox
	Page         int            // records a page; 0: 500
	Entity       string         // its model alone; "": all
	OdooIDs      []int64        // these records of Entity alone; none: all
	Mode         string         // "": ModeFull
	AllowDeletes bool           // lets the deletes through that the brake holds
	Cause        string         // who asked for it
	Progress     func(Progress) // may be nil
	Logger       *zap.Logger    // nil: silent
	Grace        time.Duration  // how long it may finish what it has begun when ctx ends; 0: 10 seconds
	// Watch is told of the run once it has its id, and gives the context in which
	// it is worked until end is called. One that ends with store.ErrRunCancelled
	// as its cause ends the run as cancelled. May be nil.
	Watch func(ctx context.Context, run int64) (watched context.Context, end func())
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
	before   int64        // records and rows done before it
	waiting  atomic.Int64 // records that somebody else is writing
}

// resyncPosition is what sync_runs keeps of a resync for whoever goes on with it.
type resyncPosition struct {
	Cursors map[string]importCursor `json:"cursors"` // by model
	History int64                   `json:"history"` // the last entry of sync_changes before it
	// What was asked for beside the run's own entity and mode.
	OdooIDs      []int64 `json:"ids,omitempty"`
	AllowDeletes bool    `json:"allow_deletes,omitempty"`
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
	if o.Watch == nil {
		o.Watch = func(ctx context.Context, _ int64) (context.Context, func()) { return ctx, func() {} }
	}
	models, err := e.modelsOf(o.Entity)
	if err != nil {
		return ResyncResult{}, err
	}
	if err := e.allKnown(ctx, o.Entity, o.OdooIDs); err != nil {
		return ResyncResult{}, err
	}
	r := &resync{engine: e, o: o, models: models}
	if err := r.open(ctx); err != nil {
		return ResyncResult{}, mysqldb.Explain(err)
	}
	watched, end := o.Watch(ctx, r.run.ID)
	defer end()
	return r.close(watched, r.work(watched))
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
	if err := r.resume(ctx); err != nil || r.resumed {
		return err
	}
	if err := store.EndAbandoned(ctx, e.db, now, KindResync, e.entitiesOf(r.models), 0); err != nil {
		return err
	}
	history, err := store.LastChange(ctx, e.db)
	if err != nil {
		return err
	}
	r.position = resyncPosition{Cursors: map[string]importCursor{}, History: history, OdooIDs: r.o.OdooIDs, AllowDeletes: r.o.AllowDeletes}
	mode := r.o.Mode
	if len(r.o.OdooIDs) > 0 {
		mode = ModeRecord
	}
	r.run = &store.Run{Kind: KindResync, Entity: r.o.Entity, Mode: mode, Cause: r.o.Cause}
	if r.run.Position, err = json.Marshal(r.position); err != nil {
		return err
	}
	return store.StartRun(ctx, e.db, now, r.run)
}

// resume goes on with a full one that was cut off, unless a person cancelled it.
func (r *resync) resume(ctx context.Context) error {
	e, now := r.engine, r.engine.clock.Now()
	if len(r.o.OdooIDs) > 0 || r.o.Mode != ModeFull {
		return nil
	}
	last, err := store.LastRun(ctx, e.db, KindResync, r.o.Entity, r.o.Mode)
	if err != nil || last == nil || last.State == store.RunDone || last.CancelRequested || now.Sub(last.Started) >= resumable ||
		json.Unmarshal(last.Position, &r.position) != nil {
		return err
	}
	if r.position.Cursors == nil {
		r.position.Cursors = map[string]importCursor{}
	}
	r.run, r.resumed = last, true
	if err := store.TakeRun(ctx, e.db, now, r.run); err != nil {
		return err
	}
	r.position.AllowDeletes = r.o.AllowDeletes
	if err := store.EndAbandoned(ctx, e.db, now, KindResync, e.entitiesOf(r.models), last.ID); err != nil {
		return err
	}
	return r.save(ctx)
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
	if err := r.engine.guardAgain(ctx); err != nil {
		return err
	}
	for _, model := range r.models { // or all of it would only wait
		if err := r.engine.HaltError(ctx, model); err != nil {
			return err
		}
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
	if len(r.o.OdooIDs) == 0 {
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
	if ids := r.o.OdooIDs; len(ids) > 0 {
		r.run.Total = int64(len(ids))
		for page := range slices.Chunk(ids, r.o.Page) {
			if _, err := e.importPage(ctx, &way, r.models[0], page); err != nil {
				return err
			}
			r.run.Done += int64(len(page))
		}
		return nil
	}
	if !r.since.IsZero() {
		way.more = [][]any{{"write_date", ">=", r.since.UTC().Format(time.DateTime)}}
	}
	for _, model := range r.models {
		if err := e.importModel(ctx, &way, model); err != nil {
			return err
		}
	}
	if r.o.Mode != ModeFull {
		return nil
	}
	return r.unlisted(ctx, &way)
}

// unlisted settles the records that have a row here and that Odoo does not list.
func (r *resync) unlisted(ctx context.Context, way *passage) error {
	for _, entity := range r.engine.mapping.Entities {
		if !slices.Contains(r.models, entity.Model) {
			continue
		}
		err := r.engine.unlisted(ctx, r.o.Pager, entity, r.o.Page, func(ids []int64) error {
			_, err := r.engine.importPage(ctx, way, entity.Model, ids)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// passes lets a record be that somebody is writing this very moment: whoever
// does ends with it. The next resync finds it too.
func (r *resync) passes(ctx context.Context, model string, one Result) error {
	if Held(one.Err) { // by a halt nothing is passed: what it keeps waiting is gone through again
		if err := r.engine.HaltError(ctx, model); err != nil {
			return err
		}
	}
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
		r.before = r.run.Done
	}
	r.run.Done, r.run.Total = r.before+p.Done, r.before+p.Total
	r.at = p
	r.o.Progress(p)
}
