package app

import (
	"context"
	"errors"

	"github.com/jonboulle/clockwork"

	"odoosync/internal/mysqldb"
	"odoosync/internal/store"
)

// leases are what one process holds against the others on its database.
type leases struct {
	db    *mysqldb.DB
	clock clockwork.Clock
	owner string
	held  func(name string) // told while a lease is held, for metrics; may be nil
}

func (l leases) holds(name string) {
	if l.held != nil {
		l.held(name)
	}
}

// while runs f while it holds all leases of these names. Where somebody else
// holds one it does nothing and tells which.
func (l leases) while(ctx context.Context, names []string, f func(context.Context) error) (taken string, err error) {
	var held []string
	defer func() {
		for _, name := range held {
			err = errors.Join(err, store.EndLease(context.WithoutCancel(ctx), l.db, name, l.owner))
		}
	}()
	for _, name := range names {
		has, err := store.Lease(ctx, l.db, name, l.owner, pushLease)
		if err != nil {
			return "", err
		}
		if !has {
			return name, nil
		}
		held = append(held, name)
		l.holds(name)
	}
	working, lose := context.WithCancel(ctx)
	defer lose()
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		l.keep(working, names, lose)
	}()
	err = f(working)
	lose()
	<-renewed
	return "", err
}

// keep prolongs leases until ctx ends, and calls lost when one is another's.
func (l leases) keep(ctx context.Context, names []string, lost func()) {
	ticker := l.clock.NewTicker(pushLease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.Chan():
		}
		for _, name := range names {
			has, err := store.Lease(ctx, l.db, name, l.owner, pushLease)
			switch {
			case err == nil && !has:
				lost()
				return
			case err == nil:
				l.holds(name)
			}
		}
	}
}
