package app

import (
	"context"
	"errors"
	"time"

	"github.com/go-co-op/gocron/v2"
	"go.uber.org/zap"

	"odoosync/internal/figures"
	"odoosync/internal/retention"
)

// How often webhooks are counted, what senders waited is stored (a daemon that is
// killed loses that much of it), and old things are removed.
const (
	countEvery  = time.Minute
	flushEvery  = 15 * time.Second
	purgeEvery  = time.Hour
	redactEvery = 5 * time.Minute
)

// startKeeping starts what keeps the books. It needs no Odoo, and goes on while
// Odoo is away or anything is paused.
func (a *App) startKeeping(context.Context) error {
	s, err := a.newScheduler()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.onStop("the figures", func(stopping context.Context) error {
		cancel()
		// The web server has stopped by then: nothing comes after this.
		return errors.Join(s.Shutdown(), a.waited.Flush(stopping, a.db))
	})
	keeper := a.newKeeper()
	for name, job := range map[string]struct {
		every time.Duration
		task  func()
	}{
		"figures":   {countEvery, func() { a.count(ctx) }},
		"responses": {flushEvery, func() { a.flush(ctx) }},
		"retention": {purgeEvery, func() { a.purge(ctx, keeper) }},
		"redaction": {redactEvery, func() { a.redact(ctx, keeper) }},
	} {
		_, err := s.NewJob(gocron.DurationJob(job.every), gocron.NewTask(job.task), gocron.WithName(name), gocron.WithStartAt(gocron.WithStartImmediately()))
		if err != nil {
			return err
		}
	}
	s.Start()
	return nil
}

// count brings the figures by the hour up to date, unless another daemon does.
func (a *App) count(ctx context.Context) {
	err := a.alone(ctx, "figures", func(ctx context.Context) error { return figures.Rollup(ctx, a.db, a.o.Clock.Now()) })
	a.toldOf(ctx, err, "the figures of webhooks could not be brought up to date; the next try is in a minute")
}

func (a *App) newKeeper() *retention.Keeper {
	r := a.config.Retention
	return retention.New(retention.Options{DB: a.db, WebhookLogs: r.WebhookLogs, Runs: r.Runs, Changes: r.Changes, Redact: r.Redact, Clock: a.o.Clock,
		OnPurged: a.stats.purged, OnErased: func(n int64) { a.stats.erased.Add(float64(n)) }})
}

// purge removes what is older than the settings keep it, unless another daemon
// does.
func (a *App) purge(ctx context.Context, keeper *retention.Keeper) {
	err := a.alone(ctx, "retention", func(ctx context.Context) error {
		counts, err := keeper.Purge(ctx)
		if len(counts) > 0 {
			a.log.Info("what is older than the settings keep it was removed", zap.Any("rows", counts))
		}
		return err
	})
	a.toldOf(ctx, err, "not everything that is older than the settings keep it could be removed; the next try is in an hour")
}

// redact erases the values that the settings do not want kept, unless another
// daemon does.
func (a *App) redact(ctx context.Context, keeper *retention.Keeper) {
	err := a.alone(ctx, "redaction", func(ctx context.Context) error {
		_, err := keeper.Redact(ctx)
		return err
	})
	a.toldOf(ctx, err, "values that the settings do not want kept could not be erased from all webhooks; the next try is in five minutes")
}

// answered notes how long a sender waited.
func (a *App) answered(status int, took time.Duration) {
	a.waited.Note(a.o.Clock.Now(), status, took)
}

func (a *App) flush(ctx context.Context) {
	a.toldOf(ctx, a.waited.Flush(ctx, a.db), "how long senders waited could not be stored now")
}

// Figures tell what became of the webhooks of a range.
func (a *App) Figures(ctx context.Context, r figures.Range) (figures.Figures, error) {
	return figures.Read(ctx, a.db, r)
}
