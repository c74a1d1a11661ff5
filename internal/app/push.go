package app

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/reconcile"
)

// pushLease is how long another daemon waits for the push of one that died.
const pushLease = 15 * time.Second

// push sends what waits in the outbox, unless another daemon does.
func (a *App) push(ctx context.Context, pusher *reconcile.Pusher) {
	err := a.alone(ctx, "push", func(ctx context.Context) error { return pusher.Push(ctx, drainGrace) })
	if err != nil && ctx.Err() == nil && !errors.Is(err, context.Canceled) {
		a.log.Warn("edits for Odoo wait", zap.String("reason", record.Message(err)), zap.NamedError("cause", err))
	}
}

// alone runs f while this daemon holds the lease of that name; it does nothing
// while another one holds it.
func (a *App) alone(ctx context.Context, name string, f func(context.Context) error) error {
	has, err := store.Lease(ctx, a.db, name, a.owner, pushLease)
	if err != nil || !has {
		return err
	}
	held, lose := context.WithCancel(ctx)
	defer lose()
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		a.keepLease(held, name, lose)
	}()
	err = f(held)
	lose()
	<-renewed
	return errors.Join(err, store.EndLease(context.WithoutCancel(ctx), a.db, name, a.owner))
}

// keepLease prolongs a lease until ctx ends, and calls lost when it is another's.
func (a *App) keepLease(ctx context.Context, name string, lost func()) {
	ticker := a.o.Clock.NewTicker(pushLease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.Chan():
		}
		has, err := store.Lease(ctx, a.db, name, a.owner, pushLease)
		if err == nil && !has {
			lost()
			return
		}
	}
}
