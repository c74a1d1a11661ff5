package sweep

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/store"
	"odoosync/reconcile"
)

// Depth is how far a sweep looks.
type Depth string

// The depths.
const (
	Lists Depth = "lists" // counts and lists of Odoo's records and lines
	Night Depth = "night" // also names, a share of full reads, and the rows here
	All   Depth = "all"   // as Night, but every record is read in full
)

// Options of one sweep.
type SweepOptions struct {
	Depth  Depth  // "": Night
	Entity string // its areas alone; "": all
	Cause  string // who asked for it
	// Watch is told of the run once it has its id, and gives the context in which
	// it works; may be nil. A person who cancels the run ends that context with
	// store.ErrRunCancelled as its cause.
	Watch    func(ctx context.Context, run int64) (watched context.Context, end func())
	Progress func(reconcile.Progress) // may be nil
}

// Result is what a sweep did.
type Result struct {
	RunID   int64
	Resumed bool // it went on where an earlier one was cut off
	Counts  Counts
	Took    time.Duration
	State   store.RunState
}

// position is what a run keeps for whoever goes on with it.
type position struct {
	Began  time.Time         `json:"began"` // Odoo's clock
	Done   []string          `json:"done"`  // steps that are over
	Area   string            `json:"area,omitempty"`
	Span   store.Span        `json:"span"`
	After  int64             `json:"after,omitempty"`  // of the span
	Undone map[string]bool   `json:"undone,omitempty"` // days of the area with something left to do
	Deep   map[string]int64  `json:"deep"`             // records read in full, by area
	Rows   map[string]string `json:"rows"`             // the row up to which an entity was compared
	Ended  ending            `json:"ended,omitempty"`  // how it failed
}

// run is a running sweep.
type run struct {
	s        *Sweeper
	o        SweepOptions
	record   *store.Run
	position position
	counts   Counts
	resumed  bool
	parted   bool // a side was away
	seeding  bool
}

// Sweep compares both sides and repairs what differs. One that was cut off goes
// on where it stopped. An area that cannot be compared does not stop the others.
func (s *Sweeper) Sweep(ctx context.Context, o SweepOptions) (Result, error) {
	if o.Depth == "" {
		o.Depth = Night
	}
	r := &run{s: s, o: o, counts: Counts{}}
	from := s.o.Clock.Now()
	if err := r.open(ctx); err != nil {
		return Result{}, mysqldb.Explain(err)
	}
	if o.Watch != nil {
		watched, end := o.Watch(ctx, r.record.ID)
		defer end()
		ctx = watched
	}
	err := r.close(ctx, r.work(ctx))
	return Result{RunID: r.record.ID, Resumed: r.resumed, Counts: r.counts, Took: s.o.Clock.Since(from), State: r.record.State}, err
}

const kindSweep = "sweep"

// open begins a run, or goes on with one that was cut off.
func (r *run) open(ctx context.Context) error {
	db, now := r.s.o.DB, r.s.o.Clock.Now()
	last, err := store.LastRun(ctx, db, kindSweep, r.o.Entity, string(r.o.Depth))
	if err != nil {
		return err
	}
	if p, _, ok := goesOn(last, now); ok && p.Deep != nil && p.Rows != nil {
		r.position, r.record, r.resumed = p, last, true
		r.position.Ended = ""
		maps.Copy(r.counts, last.Counts)
		return store.TakeRun(ctx, db, now, last)
	}
	r.position = position{Deep: map[string]int64{}, Rows: map[string]string{}}
	r.record = &store.Run{Kind: kindSweep, Entity: r.o.Entity, Mode: string(r.o.Depth), Cause: r.o.Cause}
	if err := store.StartRun(ctx, db, now, r.record); err != nil {
		return err
	}
	// We hold the lease: what else is noted as running is not.
	if err := store.EndAbandoned(ctx, db, now, kindSweep, r.s.entities(), r.record.ID); err != nil {
		return err
	}
	return r.save(ctx)
}

// save writes how far the run is.
func (r *run) save(ctx context.Context) error {
	text, err := json.Marshal(r.position)
	if err != nil {
		return err
	}
	r.record.Position, r.record.Counts = text, r.counts
	return store.SaveRun(ctx, r.s.o.DB, r.s.o.Clock.Now(), r.record)
}

// rows looks at the rows here: vanished, inserted or edited without a trigger.
func (r *run) rows(ctx context.Context) error {
	for {
		n, err := r.s.o.Engine.ResolveWaits(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	report, err := r.s.o.Engine.SweepValues(ctx, reconcile.DriftOptions{RunID: r.record.ID, From: r.position.Rows, Passed: func(ctx context.Context, entity, lastID string) error {
		r.position.Rows[entity] = lastID
		return r.save(ctx)
	}})
	for entity, n := range report {
		r.counts.add(entity, string(reconcile.Drifted), n.Drifted)
		r.counts.add(entity, "inserted", n.Inserted)
		r.counts.add(entity, "vanished", n.Vanished)
		r.counts["compared"] += n.Compared
	}
	return err
}

// examine syncs records and counts what was found as this run's doing.
func (r *run) examine(ctx context.Context, a area, ids []int64) (examined, error) {
	cause := store.Cause{Kind: kindSweep, ID: itoa(r.record.ID), RunID: r.record.ID}
	done, err := r.s.examine(ctx, a, ids, cause, r.counts)
	for _, found := range done.found {
		if repairs[found] {
			r.counts[Repaired]++
		}
	}
	return done, err
}

// resumeAt is the id after which a list goes on that was cut off.
func (r *run) resumeAt(a area, span store.Span) int64 {
	if p := r.position; p.Area == a.name() && p.Span.Begin.Equal(span.Begin) && p.Span.End.Equal(span.End) && p.Span.Undated == span.Undated {
		return p.After
	}
	return 0
}

// passed notes that a page of a list is done.
func (r *run) passed(ctx context.Context, a area, span store.Span, after, n int64) error {
	r.position.Area, r.position.Span, r.position.After = a.name(), span, after
	r.counts["listed"] += n
	return r.save(ctx)
}

// unhalted is the error of a model that was halted, where something could not be
// done.
func (r *run) unhalted(ctx context.Context, a area, done examined) error {
	if len(done.undone) == 0 {
		return nil
	}
	return r.s.o.Engine.HaltError(ctx, a.entity.Model)
}

// keep saves a place, as long as the run is this process's: of one that was taken
// over, what is known here may be old.
func (r *run) keep(ctx context.Context, name string, value any) error {
	now := r.s.o.Clock.Now()
	if r.seeding {
		return store.SaveCursor(ctx, r.s.o.DB, now, name, value)
	}
	return r.s.o.DB.InTx(ctx, func(tx *sql.Tx) error {
		if err := store.HoldRun(ctx, tx, now, r.record); err != nil {
			return err
		}
		return store.SaveCursor(ctx, tx, now, name, value)
	})
}

// expect adds to what the run goes through.
func (r *run) expect(n int64) { r.record.Total += n }

func (r *run) advance(n int64) {
	r.record.Done += n
	if r.o.Progress != nil {
		r.o.Progress(reconcile.Progress{Entity: r.position.Area, Total: r.record.Total, Done: r.record.Done})
	}
}
