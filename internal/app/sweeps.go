package app

import (
	"context"
	"errors"
	"hash/fnv"
	"time"

	"github.com/go-co-op/gocron/v2"
	"go.uber.org/zap"

	"odoosync/internal/admin"
	"odoosync/internal/logs"
	"odoosync/internal/mysqldb"
	"odoosync/internal/store"
	"odoosync/reconcile"
	"odoosync/reconcile/sweep"
)

// dueEvery is how often a daemon looks for a sweep whose process is gone, or
// that was asked for. With a lease's length it bounds how long a sweep stands
// still after a kill.
const dueEvery = 3 * time.Second

// jitter spreads the sweeps of several installations on one Odoo.
const jitter = 10 * time.Minute

func (a *App) newSweeper(engine *reconcile.Engine) *sweep.Sweeper {
	return sweep.New(sweep.Options{Engine: engine, DB: a.db, Odoo: a.client, Mapping: engine.Mapping(), Clock: a.o.Clock, Logger: a.log,
		Overlap: a.config.Reconcile.Overlap, Page: a.config.Reconcile.Page})
}

// sweepJobs adds the jobs of poll and sweep.
func (a *App) sweepJobs(ctx context.Context, s gocron.Scheduler, w *sweep.Sweeper) error {
	_, err := s.NewJob(gocron.DurationJob(a.config.Schedule.Poll), gocron.NewTask(func() { a.poll(ctx, w) }), gocron.WithName("poll"),
		gocron.WithStartAt(gocron.WithStartImmediately()))
	if err != nil {
		return err
	}
	_, err = s.NewJob(gocron.CronJob(a.config.Schedule.Full, false), gocron.NewTask(func() { a.nightly(ctx, w) }), gocron.WithName("sweep"))
	if err != nil {
		return err
	}
	_, err = s.NewJob(gocron.DurationJob(dueEvery), gocron.NewTask(func() { a.dueSweep(ctx, w) }), gocron.WithName("due sweeps"),
		gocron.WithStartAt(gocron.WithStartImmediately()))
	return err
}

// polledName keeps when any daemon polled last.
const polledName = "polled"

// polled are the times of the last polls, UTC.
type polled struct {
	At       time.Time `json:"at"`                // the last one began
	Complete time.Time `json:"complete,omitzero"` // the last one that looked at everything ended
}

// poll reads what was written in Odoo since the last poll, unless another daemon
// has just done so.
func (a *App) poll(ctx context.Context, w *sweep.Sweeper) {
	err := a.whileOpen(ctx, leasePoll, func(ctx context.Context) error {
		var last polled
		begin := a.o.Clock.Now()
		if err := store.LoadCursor(ctx, a.db, polledName, &last); err != nil || begin.Sub(last.At).Abs() < a.config.Schedule.Poll/2 {
			return mysqldb.Explain(err)
		}
		if err := store.SaveCursor(ctx, a.db, begin, polledName, polled{begin.UTC(), last.Complete}); err != nil {
			return mysqldb.Explain(err)
		}
		counts, err := w.Poll(ctx)
		a.stats.runEnded("poll", stateOf(ctx, err), a.o.Clock.Since(begin), counts.Mended())
		if n := counts[sweep.Repaired]; n > 0 {
			a.log.Info("the poll brought changes that no webhook told", zap.Int64("records", n), zap.Any("counts", counts.Mended()))
		}
		if err == nil {
			err = mysqldb.Explain(store.SaveCursor(ctx, a.db, a.o.Clock.Now(), polledName, polled{begin.UTC(), a.o.Clock.Now().UTC()}))
		}
		return errors.Join(err, a.missed(ctx, w))
	})
	a.toldOf(ctx, err, "the poll could not look at everything; the next one does")
}

// missed reads the records of webhooks that did not arrive.
func (a *App) missed(ctx context.Context, w *sweep.Sweeper) error {
	m, err := w.Missed(ctx)
	a.stats.missed.Add(float64(m.All()))
	a.stats.repaired.Add(float64(m.Repaired))
	return err
}

// nightly sweeps at its time, unless another daemon has begun to.
func (a *App) nightly(ctx context.Context, w *sweep.Sweeper) {
	due := a.o.Clock.Now()
	timer := a.o.Clock.NewTimer(a.jitter())
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return
	case <-timer.Chan():
	}
	a.runSweep(ctx, w, func(ctx context.Context) (sweep.SweepOptions, bool, error) {
		done, err := w.Since(ctx, due.Add(-time.Minute))
		return sweep.SweepOptions{Cause: "schedule"}, !done, err
	})
}

// jitter is the same for all daemons of a database: one of them sweeps.
func (a *App) jitter() time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(a.config.Odoo.URL + "\n" + a.db.Name())) // it never errs
	return time.Duration(h.Sum64() % uint64(jitter))
}

// dueSweep goes on with a sweep that was cut off, or begins one that was asked
// for.
func (a *App) dueSweep(ctx context.Context, w *sweep.Sweeper) {
	if _, due, err := w.Due(ctx); err != nil || !due {
		a.toldOf(ctx, err, "whether a sweep waits could not be seen")
		return
	}
	a.runSweep(ctx, w, w.Due)
}

// runSweep sweeps while this daemon holds the lease of it. which is asked once
// it does: another may have been quicker.
func (a *App) runSweep(ctx context.Context, w *sweep.Sweeper, which func(context.Context) (sweep.SweepOptions, bool, error)) {
	if !a.imported.Load() {
		return // the import brings what a sweep would find missing
	}
	err := a.whileOpen(ctx, leaseSweep, func(ctx context.Context) error {
		o, wanted, err := which(ctx)
		if err != nil || !wanted {
			return err
		}
		o.Watch = func(ctx context.Context, run int64) (context.Context, func()) {
			return watch(ctx, a.db, a.o.Clock, a.log, run, func(p store.Paused) bool { return p.ToAPI })
		}
		result, err := w.Sweep(ctx, o)
		if result.RunID == 0 {
			return err
		}
		a.stats.runEnded("sweep", result.State, result.Took, result.Counts.Mended())
		a.log.Info("the sweep has ended", zap.Int64("run", result.RunID), zap.String("state", string(result.State)), zap.Bool("resumed", result.Resumed),
			zap.Duration("took", result.Took), zap.Any("counts", result.Counts))
		return err
	})
	a.toldOf(ctx, err, "the sweep did not compare everything")
}

// whileOpen runs f while this daemon holds the lease of that name and what comes
// from Odoo is not paused.
func (a *App) whileOpen(ctx context.Context, name string, f func(context.Context) error) error {
	return a.paused.unless(ctx, a.paused.toAPI, func(ctx context.Context) error { return a.alone(ctx, name, f) })
}

// toldOf logs what a job met, unless it was told to stop.
func (a *App) toldOf(ctx context.Context, err error, what string) {
	if err == nil || ctx.Err() != nil || errors.Is(err, admin.ErrPaused) || errors.Is(err, context.Canceled) || errors.Is(err, store.ErrRunCancelled) {
		return
	}
	a.log.Warn(what, logs.Failure(err))
}
