package app

import (
	"context"
	"errors"
	"time"

	"github.com/go-co-op/gocron/v2"

	"odoosync/internal/figures"
)

// How often webhooks are counted, and how often what senders waited is stored:
// a daemon that is killed loses that much of it.
const (
	countEvery = time.Minute
	flushEvery = 15 * time.Second
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
	for name, job := range map[string]struct {
		every time.Duration
		task  func()
	}{
		"figures":   {countEvery, func() { a.count(ctx) }},
		"responses": {flushEvery, func() { a.flush(ctx) }},
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
