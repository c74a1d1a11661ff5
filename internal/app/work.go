package app

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/google/uuid"
	"go.uber.org/zap"

	"odoosync/configs"
	"odoosync/internal/admin"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/mapping"
	"odoosync/odooclient"
	"odoosync/reconcile"
	"odoosync/reconcile/sweep"
)

// drainGrace is how long workers may finish what they have begun when the
// daemon stops. It is under stopTimeout.
const drainGrace = 10 * time.Second

// connectPause is between two tries to reach Odoo at the start.
const connectPause = 5 * time.Second

// startWork starts the background task that binds the mapping, imports, and
// works events until it is stopped.
func (a *App) startWork(context.Context) error {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { a.work(ctx) })
	a.onStop("the workers", func(stopping context.Context) error {
		cancel()
		ended := make(chan struct{})
		go func() { group.Wait(); close(ended) }()
		select {
		case <-ended:
			return nil
		case <-stopping.Done():
			return record.Errorf(record.CodeInternal, "a worker did not end in time; what it held is worked again after its lease")
		}
	})
	return nil
}

func (a *App) work(ctx context.Context) {
	if spec, err := readSpec(a.config); err == nil { // else binding it tells why
		a.stats.know(specEntities(spec))
	}
	m, ok := a.bindUntilDone(ctx)
	if !ok {
		return
	}
	a.stats.know(mappedEntities(m))
	a.captureEdits(ctx, m)
	outbox := queue.NewOutbox(a.db, queue.OutboxOptions{Owner: a.owner, Clock: a.o.Clock})
	engine := a.newEngine(m, outbox)
	defer a.serveResyncs(ctx, engine, outbox, m)()
	if !a.hold(ctx, engine) {
		return
	}
	var syncer reconcile.Syncer = engine
	if a.config.Source() == configs.SourcePayload {
		syncer = reconcile.NewPayloads(engine)
	}
	pusher := reconcile.NewPusher(reconcile.PusherOptions{Engine: engine, Edits: outbox, Clock: a.o.Clock, Logger: a.log, OnDone: a.o.OnPush})
	sweeper := a.newSweeper(engine)
	scheduler, err := a.schedule(ctx, engine, pusher, sweeper)
	if err != nil {
		a.failed <- err
		return
	}
	defer func() { _ = scheduler.Shutdown() }() // it has nothing left to save
	if a.client != nil {
		var importing sync.WaitGroup
		importing.Go(func() { a.importAll(ctx, engine, sweeper) })
		defer importing.Wait()
	}
	worker := reconcile.NewWorker(reconcile.WorkerOptions{Inbox: a.inbox, Syncer: syncer, Clock: a.o.Clock, Logger: a.log, OnDone: a.onDone, Paused: a.paused.toAPI})
	worker.Run(ctx, drainGrace)
}

// newEngine makes an engine. Without an Odoo to reach it only applies payloads.
func (a *App) newEngine(m *mapping.Mapping, outbox *queue.Outbox) *reconcile.Engine {
	o := reconcile.Options{DB: a.db, Mapping: m, Hints: a.inbox, Clock: a.o.Clock, Logger: a.log, Settled: a.config.Reconcile.Overlap, Brake: brakeOf(a.config)}
	if a.client != nil {
		o.Odoo, o.Remote, o.Outbox, o.Companies, o.DatabaseUUID = a.client, a.client, outbox, a.client.Synced(), a.client.DatabaseUUID
	}
	return reconcile.New(o)
}

// brakeOf is the deletion brake as the settings want it.
func brakeOf(c configs.Config) reconcile.Brake {
	return reconcile.Brake{Deletes: int64(c.Reconcile.MaxDeletes), Percent: int64(c.Reconcile.MaxDeletePercent)}
}

func (a *App) onDone(e queue.Event, o reconcile.Outcome, err error) {
	a.stats.done(e, o, err)
	if a.o.OnEvent != nil {
		a.o.OnEvent(e, o, err)
	}
}

// bindUntilDone binds the mapping, waiting for an Odoo that is away. A mapping
// that does not fit ends the daemon.
func (a *App) bindUntilDone(ctx context.Context) (*mapping.Mapping, bool) {
	for {
		m, version, err := Bind(ctx, a.config, a.client, a.db)
		if err == nil {
			a.mu.Lock()
			a.bound = boundState{ready: true, series: version.Series}
			a.mu.Unlock()
			a.log.Info("the mapping fits", zap.String("odoo", version.Series), zap.String("source", a.config.Source()))
			return m, true
		}
		if ctx.Err() != nil {
			return nil, false
		}
		a.mu.Lock()
		a.bound.reason = record.Message(err)
		a.mu.Unlock()
		if record.CodeOf(err) == record.CodeConfig {
			a.failed <- err
			return nil, false
		}
		a.log.Warn("Odoo cannot be used yet; webhooks are stored and wait", zap.String("reason", record.Message(err)), zap.NamedError("cause", err))
		timer := a.o.Clock.NewTimer(connectPause)
		select {
		case <-ctx.Done():
		case <-timer.Chan():
		}
		timer.Stop()
	}
}

// Bind reads the mapping and binds it to Odoo (nil: none) and the database. It
// returns Odoo's version too.
func Bind(ctx context.Context, c configs.Config, client *odooclient.Client, db *mysqldb.DB) (*mapping.Mapping, odooclient.Version, error) {
	spec, err := readSpec(c)
	if err != nil {
		return nil, odooclient.Version{}, err
	}
	var describer reconcile.Describer
	if client != nil {
		describer = client
		if _, err := client.Adopt(ctx); err != nil {
			return nil, odooclient.Version{}, err
		}
	}
	schema, err := reconcile.LoadSchema(ctx, describer, db, spec)
	if err != nil {
		return nil, odooclient.Version{}, mysqldb.Explain(err)
	}
	schema.OdooURL = c.Odoo.URL
	m, err := spec.Compile(schema)
	return m, schema.Version, err
}

// readSpec reads the mapping of the settings.
func readSpec(c configs.Config) (*mapping.Spec, error) {
	text := configs.Mapping
	if c.Mapping.File != "" {
		var err error
		if text, err = os.ReadFile(c.Mapping.File); err != nil {
			return nil, record.Wrap(record.CodeConfig, err, "mapping.file %s cannot be read", c.Mapping.File)
		}
	}
	return mapping.Parse(text)
}

// importAll runs the initial import to its end, over outages.
func (a *App) importAll(ctx context.Context, engine *reconcile.Engine, sweeper *sweep.Sweeper) {
	for ctx.Err() == nil {
		err := a.paused.unless(ctx, a.paused.toAPI, func(ctx context.Context) error {
			if err := sweeper.SeedNames(ctx); err != nil {
				return err
			}
			return engine.Import(ctx, reconcile.ImportOptions{Pager: a.client, Page: a.config.Reconcile.Page, Progress: a.o.OnImport})
		})
		if err == nil {
			a.imported.Store(true)
			if a.o.OnImported != nil {
				a.o.OnImported()
			}
			return
		}
		if errors.Is(err, context.Canceled) {
			return
		}
		if !errors.Is(err, admin.ErrPaused) {
			a.log.Warn("the initial import waits and will go on where it stopped", zap.String("reason", record.Message(mysqldb.Explain(err))), zap.NamedError("cause", err))
		}
		timer := a.o.Clock.NewTimer(connectPause)
		select {
		case <-ctx.Done():
		case <-timer.Chan():
		}
		timer.Stop()
	}
}

// waitsEvery is how often records that wait for a parent are looked at.
const waitsEvery = 10 * time.Second

// schedule sets up the periodic jobs. A job that panics must not end the
// daemon, and none runs twice at once.
func (a *App) schedule(ctx context.Context, engine *reconcile.Engine, pusher *reconcile.Pusher, sweeper *sweep.Sweeper) (gocron.Scheduler, error) {
	s, err := a.newScheduler()
	if err != nil {
		return nil, err
	}
	_, err = s.NewJob(gocron.DurationJob(waitsEvery), gocron.NewTask(func() { a.resolveWaits(ctx, engine) }), gocron.WithName("waits"))
	if err != nil {
		return nil, errors.Join(err, s.Shutdown())
	}
	if a.client != nil {
		job, err := s.NewJob(gocron.DurationJob(a.config.Schedule.Push), gocron.NewTask(func() { a.push(ctx, pusher) }), gocron.WithName("push"))
		if err != nil {
			return nil, errors.Join(err, s.Shutdown())
		}
		a.mu.Lock()
		a.pushJob = job
		a.mu.Unlock()
		if err := a.sweepJobs(ctx, s, sweeper); err != nil {
			return nil, errors.Join(err, s.Shutdown())
		}
	}
	s.Start()
	return s, nil
}

func (a *App) newScheduler() (gocron.Scheduler, error) {
	return gocron.NewScheduler(gocron.WithClock(a.o.Clock), gocron.WithLocation(time.UTC), gocron.WithStopTimeout(drainGrace),
		gocron.WithGlobalJobOptions(gocron.WithSingletonMode(gocron.LimitModeReschedule), gocron.WithEventListeners(
			gocron.AfterJobRunsWithPanic(func(_ uuid.UUID, name string, failure any) {
				a.log.Error("a scheduled job failed unexpectedly", zap.String("job", name), zap.Any("panic", failure), zap.Stack("stack"))
			}))))
}

func (a *App) resolveWaits(ctx context.Context, engine *reconcile.Engine) {
	if a.client == nil || a.paused.toAPI(ctx) {
		return
	}
	n, err := engine.ResolveWaits(ctx)
	if err != nil && ctx.Err() == nil {
		a.log.Warn("records that wait for a parent could not be synced now", zap.Error(err))
	}
	if n > 0 {
		a.log.Info("records whose parent has arrived were synced again", zap.Int("records", n))
	}
}
