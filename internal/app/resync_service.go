package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"odoosync/internal/admin"
	"odoosync/internal/capture"
	"odoosync/internal/logs"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/reconcile"
	"odoosync/reconcile/sweep"
)

// service is what a person asks of a running daemon that takes long: resyncs and
// dry runs, in the background, until the daemon stops.
type service struct {
	*resyncer
	ctx context.Context

	mu       sync.Mutex
	closed   bool
	group    sync.WaitGroup
	followed map[int64]bool // others' runs that are followed already
}

// serveResyncs lets resyncs be asked for from now on, until end is called.
func (a *App) serveResyncs(ctx context.Context, engine *reconcile.Engine, outbox *queue.Outbox, m *mapping.Mapping) (end func()) {
	if a.client == nil {
		return func() {}
	}
	s := &service{ctx: ctx, followed: map[int64]bool{}, resyncer: &resyncer{db: a.db, clock: a.o.Clock, log: a.log, engine: engine, pager: a.client, outbox: outbox,
		page: a.config.Reconcile.Page, owner: processName(), capture: func(ctx context.Context) error { _, err := capture.Install(ctx, a.db, m); return err },
		ended: func(kind string, state store.RunState, took time.Duration, _ map[string]int64) {
			a.stats.runEnded(kind, state, took, nil)
		}}}
	a.mu.Lock()
	a.resyncs = s
	a.mu.Unlock()
	return func() {
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		s.group.Wait()
	}
}

// Resync implements admin.Runs.
func (a *App) Resync(ctx context.Context, r admin.ResyncRequest) (admin.Begun, error) {
	if a.client == nil {
		return admin.Begun{}, record.Errorf(record.CodeRejected, "there is no Odoo to compare with: set odoo.url")
	}
	a.mu.Lock()
	s, reason := a.resyncs, a.bound.reason
	a.mu.Unlock()
	if s == nil {
		return admin.Begun{}, record.Errorf(record.CodeUnavailable, "Odoo cannot be used yet: %s", reason)
	}
	if r.Model != "" {
		entity, err := s.engine.EntityOf(r.Model)
		if err != nil {
			return admin.Begun{}, err
		}
		r.Entity = entity
	}
	return s.begin(ctx, r.DryRun, reconcile.ResyncOptions{Entity: r.Entity, OdooIDs: r.IDs, Mode: r.Mode, AllowDeletes: r.AllowDeletes, Cause: admin.By(ctx) + ", " + s.owner})
}

// beginWithin bounds how long a request waits for its run: Odoo is asked whether
// the named records are there.
const beginWithin = 30 * time.Second

// begin starts the work and returns once its run is known, or why there is none.
func (s *service) begin(ctx context.Context, dry bool, o reconcile.ResyncOptions) (admin.Begun, error) {
	ctx, cancel := context.WithTimeout(ctx, beginWithin)
	defer cancel()
	begun, failed := make(chan admin.Begun, 1), make(chan error, 1)
	work, stop := context.WithCancel(s.ctx)
	var follows int64 // of another process
	told := began(func(run int64, joined bool) {
		begun <- admin.Begun{RunID: run, Joined: joined}
		if !joined {
			return
		}
		if !s.mayFollow(run) { // once is enough to take over from it
			stop()
			return
		}
		follows = run
	}).once()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		stop()
		return admin.Begun{}, record.Errorf(record.CodeUnavailable, "the daemon is stopping")
	}
	s.group.Go(func() {
		defer stop()
		failed <- s.run(work, dry, o, told)
		s.unfollow(follows)
	})
	s.mu.Unlock()
	select {
	case b := <-begun:
		return b, nil
	case err := <-failed:
		select {
		case b := <-begun: // it was quick
			return b, nil
		default:
			return admin.Begun{}, err
		}
	case <-ctx.Done():
		return admin.Begun{}, record.Errorf(record.CodeUnavailable, "the run did not begin in time; GET /admin/api/runs shows whether it did since")
	}
}

// run does the work and notes how it ended; sync_runs has it, too.
func (s *service) run(ctx context.Context, dry bool, o reconcile.ResyncOptions, told began) (err error) {
	defer func() {
		if failure := recover(); failure != nil { // it must not end the daemon
			s.log.Error("a resync failed unexpectedly", logs.Panic(failure), zap.Stack("stack"))
			err = record.Errorf(record.CodeInternal, "the resync failed unexpectedly; the log has the details")
		}
	}()
	var ended outcome
	if dry {
		err = s.plan(ctx, o, told)
	} else {
		ended, err = s.resync(ctx, o, told)
	}
	if err != nil && ctx.Err() == nil {
		s.log.Warn("a resync that was asked for did not end well", zap.Int64("run", ended.RunID), logs.Failure(err))
	}
	return err
}

// mayFollow notes that another's run is followed here, unless it is already.
func (s *service) mayFollow(run int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.followed[run] {
		return false
	}
	s.followed[run] = true
	return true
}

func (s *service) unfollow(run int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.followed, run)
}

// Runs implements admin.Runs.
func (a *App) Runs(ctx context.Context, f store.RunFilter) ([]store.RunInfo, error) {
	list, err := store.ListRuns(ctx, a.db, a.o.Clock.Now(), f)
	return list, mysqldb.Explain(err)
}

// Run implements admin.Runs.
func (a *App) Run(ctx context.Context, id int64) (*store.RunInfo, error) {
	r, err := store.GetRun(ctx, a.db, a.o.Clock.Now(), id)
	return r, mysqldb.Explain(err)
}

// Cancel implements admin.Runs.
func (a *App) Cancel(ctx context.Context, id int64) error {
	return mysqldb.Explain(store.RequestCancel(ctx, a.db, a.o.Clock.Now(), id))
}

// AllowDeletes implements admin.Runs.
func (a *App) AllowDeletes(ctx context.Context, id int64) (*admin.Begun, error) {
	run, err := a.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	if run == nil {
		return nil, store.NoRun(id)
	}
	a.mu.Lock()
	s, reason := a.resyncs, a.bound.reason
	a.mu.Unlock()
	if a.client == nil {
		return nil, record.Errorf(record.CodeConfig, "there is no Odoo to sync with: odoo.url is not set")
	}
	if s == nil {
		return nil, record.Errorf(record.CodeUnavailable, "Odoo cannot be used yet: %s", reason)
	}
	if run.Kind == reconcile.KindResync {
		if err := refusePaused(ctx, a.db, store.Paused.Any); err != nil {
			return nil, err
		}
	}
	for _, entity := range s.engine.EntityNames() {
		if run.Entity == "" || run.Entity == entity {
			if err := s.engine.AllowDeletes(ctx, entity); err != nil {
				return nil, mysqldb.Explain(err)
			}
		}
	}
	if run.Kind != reconcile.KindResync { // a sweep found them, and a sweep finds them again
		return nil, mysqldb.Explain(sweep.Want(ctx, a.db, a.o.Clock.Now(), run.Entity, fmt.Sprintf("%s, deletes of run %d allowed", admin.By(ctx), id)))
	}
	o := reconcile.AskedFor(*run)
	o.Cause = fmt.Sprintf("%s, deletes of run %d allowed, %s", admin.By(ctx), id, s.owner)
	o.AllowDeletes = false // they are by now
	begun, err := s.begin(ctx, false, o)
	if errors.Is(err, admin.ErrBusy) { // what was held is due, and the push sends it
		return nil, nil
	}
	return &begun, err
}
