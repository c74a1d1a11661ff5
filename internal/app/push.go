package app

import (
	"context"
	"errors"
	"time"

	"odoosync/internal/admin"
	"odoosync/internal/logs"
	"odoosync/reconcile"
)

// pushLease is how long another daemon waits for the push of one that died.
const pushLease = 15 * time.Second

// The leases of what one daemon at a time does.
const (
	leasePush  = "push"
	leasePoll  = "poll"
	leaseSweep = "sweep"
)

// push sends what waits in the outbox, unless another daemon does.
func (a *App) push(ctx context.Context, pusher *reconcile.Pusher) {
	err := a.paused.unless(ctx, a.paused.toOdoo, func(ctx context.Context) error {
		return a.alone(ctx, leasePush, func(ctx context.Context) error { return pusher.Push(ctx, drainGrace) })
	})
	if err != nil && !errors.Is(err, admin.ErrPaused) && ctx.Err() == nil && !errors.Is(err, context.Canceled) {
		a.log.Warn("edits for Odoo wait", logs.Failure(err))
	}
}

// alone runs f while this daemon holds the lease of that name; it does nothing
// while another one holds it.
func (a *App) alone(ctx context.Context, name string, f func(context.Context) error) error {
	_, err := leases{db: a.db, clock: a.o.Clock, owner: a.owner, held: a.leads}.while(ctx, []string{name}, f)
	return err
}

// leads notes that this daemon holds the lease of that name.
func (a *App) leads(name string) { a.stats.leased(name, a.o.Clock.Now()) }
