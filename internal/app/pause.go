package app

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
	"go.uber.org/zap"

	"odoosync/internal/admin"
	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

// pauseKnown is how long what is paused is believed without looking again.
const pauseKnown = 2 * time.Second

// pauses knows what a person has paused. It stands in the database, so that all
// daemons see it and a start changes nothing.
type pauses struct {
	db    *mysqldb.DB
	clock clockwork.Clock
	log   *zap.Logger

	mu    sync.Mutex
	asked time.Time // zero: look again
	heard bool      // whether it was ever read
	known store.Paused
}

// now is what is paused, at most pauseKnown old, or, while the database is away,
// what was last heard of.
func (p *pauses) now(ctx context.Context) store.Paused {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.clock.Now(); p.asked.IsZero() || now.Sub(p.asked) >= pauseKnown {
		asking, cancel := context.WithTimeout(ctx, pauseKnown)
		fresh, err := store.ReadPaused(asking, p.db)
		cancel()
		if err == nil {
			p.tell(fresh)
			p.asked, p.known, p.heard = now, fresh, true
		}
	}
	return p.known
}

// tell logs a change once. The caller holds mu.
func (p *pauses) tell(fresh store.Paused) {
	if fresh.ToAPI == p.known.ToAPI && fresh.ToOdoo == p.known.ToOdoo {
		return
	}
	if fresh.Any() {
		p.log.Warn(fresh.String())
		return
	}
	p.log.Info("nothing is paused any more")
}

// toAPI tells whether what comes from Odoo is paused, toOdoo the other way. What
// was never read may be paused.
func (p *pauses) toAPI(ctx context.Context) bool  { return p.now(ctx).ToAPI || !p.isHeard() }
func (p *pauses) toOdoo(ctx context.Context) bool { return p.now(ctx).ToOdoo || !p.isHeard() }

func (p *pauses) isHeard() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heard
}

// unless runs f while paused says no, and ends it soon after a pause: what f has
// begun it may finish. It returns admin.ErrPaused where f was not run to its end.
func (p *pauses) unless(ctx context.Context, paused func(context.Context) bool, f func(context.Context) error) error {
	if paused(ctx) {
		return admin.ErrPaused
	}
	working, end := context.WithCancelCause(ctx)
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		ticker := p.clock.NewTicker(pauseKnown)
		defer ticker.Stop()
		for {
			select {
			case <-working.Done():
				return
			case <-ticker.Chan():
				if paused(working) {
					end(admin.ErrPaused)
					return
				}
			}
		}
	}()
	err := f(working)
	if context.Cause(working) == admin.ErrPaused {
		err = admin.ErrPaused
	}
	end(nil)
	<-looked
	return err
}

// errPaused refuses what a person asks for of a paused direction.
func errPaused(p store.Paused) error {
	return record.Wrap(record.CodeRejected, admin.ErrPaused, "%s", p.String())
}

// refusePaused refuses it by what the database says now.
func refusePaused(ctx context.Context, db *mysqldb.DB, concerns func(store.Paused) bool) error {
	p, err := store.ReadPaused(ctx, db)
	if err == nil && concerns(p) {
		err = errPaused(p)
	}
	return mysqldb.Explain(err)
}

// Pause implements admin.Pauses.
func (a *App) Pause(ctx context.Context, toAPI, toOdoo bool) (store.Paused, error) {
	return a.changePaused(ctx, func(p *store.Paused) { p.ToAPI, p.ToOdoo = p.ToAPI || toAPI, p.ToOdoo || toOdoo })
}

// Resume implements admin.Pauses.
func (a *App) Resume(ctx context.Context, toAPI, toOdoo bool) (store.Paused, error) {
	return a.changePaused(ctx, func(p *store.Paused) { p.ToAPI, p.ToOdoo = p.ToAPI && !toAPI, p.ToOdoo && !toOdoo })
}

func (a *App) changePaused(ctx context.Context, change func(*store.Paused)) (p store.Paused, err error) {
	err = a.db.InTx(ctx, func(tx *sql.Tx) error {
		p, err = store.ChangePaused(ctx, tx, a.o.Clock.Now(), admin.By(ctx), change)
		return err
	})
	if err == nil { // this daemon need not wait
		a.paused.mu.Lock()
		a.paused.asked = time.Time{}
		a.paused.mu.Unlock()
	}
	return p, mysqldb.Explain(err)
}
