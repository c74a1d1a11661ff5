package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jonboulle/clockwork"
	"go.uber.org/zap"

	"odoosync/internal/admin"
	"odoosync/internal/logs"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/reconcile"
)

// resyncer runs resyncs and plans, for a command or inside the daemon.
type resyncer struct {
	db      *mysqldb.DB
	clock   clockwork.Clock
	log     *zap.Logger
	engine  *reconcile.Engine
	pager   reconcile.Pager
	outbox  *queue.Outbox
	page    int
	owner   string                      // who it runs for, told to others
	capture func(context.Context) error // brings the triggers in line with the mapping
	// ended is told of every run that ended here; may be nil.
	ended func(kind string, state store.RunState, took time.Duration, counts map[string]int64)
}

// began is told of the run that serves a request, once: a new one, one that was
// cut off, or another's that was joined.
type began func(run int64, joined bool)

// outcome is how a request ended.
type outcome struct {
	reconcile.ResyncResult
	joined bool
}

// once makes a began that passes on the first call alone.
func (b began) once() began {
	called := false
	return func(run int64, joined bool) {
		if !called && b != nil {
			called = true
			b(run, joined)
		}
	}
}

// resync runs a resync, or follows the one that does the same already, to its
// end. Where the other's process dies, it is gone on with here.
func (r *resyncer) resync(ctx context.Context, o reconcile.ResyncOptions, told began) (outcome, error) {
	told = told.once()
	names, err := r.engine.ResyncLeases(o.Entity)
	if err != nil {
		return outcome{}, err
	}
	if err := refusePaused(ctx, r.db, store.Paused.Any); err != nil {
		return outcome{}, err
	}
	for waited := 0; ; {
		result, taken, err := r.try(ctx, names, o, told)
		if err != nil || taken == "" {
			return outcome{ResyncResult: result}, err
		}
		running, err := r.engine.RunsResync(ctx, o.Entity, r.clock.Now())
		if err != nil {
			return outcome{}, mysqldb.Explain(err)
		}
		if running == nil { // it has not told its id yet, or ends just now
			if waited++; waited > patience {
				return outcome{}, r.errTaken(ctx, taken)
			}
			if err := r.idle(ctx); err != nil {
				return outcome{}, err
			}
			continue
		}
		if !reconcile.AskedFor(*running).Covers(o) {
			return outcome{}, errOther(*running)
		}
		told(running.ID, true)
		end, err := r.follow(ctx, running.ID, taken, o.Progress)
		if err != nil {
			return outcome{}, err
		}
		if end != nil {
			return joinedOutcome(*end)
		}
		waited = 0 // its process is gone: its turn is ours
	}
}

// patience is how many times a second a taken lease may show no run.
const patience = 5

// errOther refuses a request that asks for more than what runs.
func errOther(running store.RunInfo) error {
	of := "of everything"
	if running.Entity != "" {
		of = "of " + running.Entity
	}
	return record.Wrap(record.CodeRejected, admin.ErrBusy, "resync run %d (%s, %s) is running and does not do all that is asked for here: wait until it has ended, or cancel it", running.ID, of, running.Mode)
}

// try runs a resync unless somebody holds one of the leases.
func (r *resyncer) try(ctx context.Context, names []string, o reconcile.ResyncOptions, told began) (result reconcile.ResyncResult, taken string, err error) {
	begin := r.clock.Now()
	// Each run is an owner of its own: two of one daemon exclude each other, too.
	owner := fmt.Sprintf("%s, %.8s", r.owner, uuid.NewString())
	taken, err = leases{db: r.db, clock: r.clock, owner: owner}.while(ctx, names, func(ctx context.Context) error {
		if err := r.capture(ctx); err != nil {
			r.log.Warn("edits of some tables are not noticed: the triggers could not be made; odoosync check says what to do", logs.Failure(err))
		}
		o.Pager, o.Edits, o.Page, o.Logger, o.Grace = r.pager, r.outbox, r.page, r.log, drainGrace
		o.Watch = func(ctx context.Context, run int64) (context.Context, func()) {
			told(run, false)
			return watch(ctx, r.db, r.clock, r.log, run, store.Paused.Any)
		}
		result, err = r.engine.Resync(ctx, o)
		if result.RunID != 0 && r.ended != nil {
			r.ended(reconcile.KindResync, stateOf(ctx, err), r.clock.Since(begin), result.Counts)
		}
		return err
	})
	return result, taken, mysqldb.Explain(err)
}

// stateOf is the state of a run that ended with an error, or nil.
func stateOf(ctx context.Context, err error) store.RunState {
	switch {
	case err == nil:
		return store.RunDone
	case errors.Is(err, store.ErrRunCancelled), ctx.Err() != nil:
		return store.RunCancelled
	}
	return store.RunFailed
}

// follow shows another's run until it has ended. It returns nil when the run's
// process is gone, which its lease tells first.
func (r *resyncer) follow(ctx context.Context, run int64, lease string, show func(reconcile.Progress)) (*store.RunInfo, error) {
	for {
		holder, err := store.LeaseHolder(ctx, r.db, lease)
		var now *store.RunInfo
		if err == nil {
			now, err = store.GetRun(ctx, r.db, r.clock.Now(), run)
		}
		switch {
		case err != nil && record.CodeOf(mysqldb.Explain(err)) != record.CodeUnavailable:
			return nil, mysqldb.Explain(err)
		case err != nil: // MySQL comes back
		case now == nil:
			return nil, store.NoRun(run)
		case now.State != store.RunRunning:
			if show != nil {
				show(progressOfRun(*now))
			}
			return now, nil
		case holder == "":
			return nil, nil
		case show != nil:
			show(progressOfRun(*now))
		}
		if err := r.idle(ctx); err != nil {
			return nil, err
		}
	}
}

func progressOfRun(r store.RunInfo) reconcile.Progress {
	return reconcile.Progress{Entity: fmt.Sprintf("run %d", r.ID), Total: r.Total, Done: r.Done, Ended: r.State != store.RunRunning}
}

// pollEvery is how often another's run is looked at.
const pollEvery = time.Second

func (r *resyncer) idle(ctx context.Context) error {
	timer := r.clock.NewTimer(pollEvery)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return record.Wrap(record.CodeUnavailable, ctx.Err(), "stopped while it waited for another resync, which goes on")
	case <-timer.Chan():
		return nil
	}
}

func joinedOutcome(r store.RunInfo) (outcome, error) {
	out := outcome{ResyncResult: reconcile.ResyncResult{RunID: r.ID, Mode: r.Mode, Counts: r.Counts}, joined: true}
	switch r.State {
	case store.RunFailed:
		return out, record.Errorf(record.CodeRejected, "run %d, which did the same, failed: %s", r.ID, r.Error)
	case store.RunCancelled:
		return out, record.Errorf(record.CodeUnavailable, "run %d, which did the same, was ended: %s", r.ID, r.Error)
	}
	return out, nil
}

func (r *resyncer) errTaken(ctx context.Context, name string) error {
	holder, err := store.LeaseHolder(ctx, r.db, name)
	if err != nil {
		return mysqldb.Explain(err)
	}
	return record.Wrap(record.CodeUnavailable, admin.ErrBusy, "another resync runs (%s): wait until it has ended; if that process is gone, try again in %s", holder, pushLease)
}

// KindPlan is a dry run's kind in sync_runs.
const KindPlan = "plan"

// plan computes a plan as a run, whose counts are the plan's, by names such as
// "contacts.local.adopt".
func (r *resyncer) plan(ctx context.Context, o reconcile.ResyncOptions, told began) error {
	if _, err := r.engine.ResyncLeases(o.Entity); err != nil { // there is no such entity
		return err
	}
	if err := store.EndDead(ctx, r.db, r.clock.Now(), KindPlan); err != nil {
		return mysqldb.Explain(err)
	}
	begin := r.clock.Now()
	run := &store.Run{Kind: KindPlan, Entity: o.Entity, Mode: reconcile.ModeFull, Cause: o.Cause}
	if len(o.OdooIDs) > 0 {
		run.Mode = reconcile.ModeRecord
	}
	var err error
	if run.Position, err = json.Marshal(map[string]any{"ids": o.OdooIDs}); err != nil {
		return err
	}
	if err := store.StartRun(ctx, r.db, begin, run); err != nil {
		return mysqldb.Explain(err)
	}
	told(run.ID, false)
	watched, end := watch(ctx, r.db, r.clock, r.log, run.ID, nil)
	defer end()
	kept := newPlanText()
	counts, err := r.engine.Plan(watched, reconcile.PlanOptions{Pager: r.pager, Page: r.page, Entity: o.Entity, OdooIDs: o.OdooIDs, Item: func(i reconcile.PlanItem) error { kept.add(i); return nil }})
	if err != nil && errors.Is(context.Cause(watched), store.ErrRunCancelled) {
		err = record.Wrap(record.CodeRejected, store.ErrRunCancelled, "%s", store.ErrRunCancelled.Error())
	}
	err = mysqldb.Explain(err)
	run.State, run.Counts = stateOf(watched, err), flat(counts)
	if position, err := kept.position(o.OdooIDs, counts, r.engine.EntityNames()); err == nil { // else the counts must do
		run.Position = position
	}
	if err != nil {
		run.Error = record.Message(err)
	}
	if r.ended != nil {
		r.ended(KindPlan, run.State, r.clock.Since(begin), nil)
	}
	return errors.Join(err, store.SaveRun(context.WithoutCancel(ctx), r.db, r.clock.Now(), run))
}

func flat(counts reconcile.PlanCounts) map[string]int64 {
	out := map[string]int64{}
	for entity, sides := range counts {
		for side, ops := range sides {
			for op, n := range ops {
				out[fmt.Sprintf("%s.%s.%s", entity, side, op)] = n
			}
		}
	}
	return out
}
