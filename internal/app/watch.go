package app

import (
	"context"
	"time"

	"github.com/jonboulle/clockwork"
	"go.uber.org/zap"

	"odoosync/internal/admin"
	"odoosync/internal/logs"
	"odoosync/internal/mysqldb"
	"odoosync/internal/store"
)

// watchEvery is how often a run shows that it lives, and looks whether a person
// wants it to end.
const watchEvery = 2 * time.Second

// watch keeps a run's heartbeat by the clock, however long a page of it takes,
// until end is called. The context it returns ends with store.ErrRunCancelled as
// its cause once a person has cancelled the run, here or in another process, and
// with admin.ErrPaused once what ends it (nil: nothing) is paused.
func watch(ctx context.Context, db *mysqldb.DB, clock clockwork.Clock, log *zap.Logger, run int64, ends func(store.Paused) bool) (watched context.Context, end func()) {
	watched, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := clock.NewTicker(watchEvery)
		defer ticker.Stop()
		for told := false; ; {
			select {
			case <-watched.Done():
				return
			case <-ticker.Chan():
			}
			why, err := beat(watched, db, clock.Now(), run, ends)
			if why != nil {
				cancel(why)
				return
			}
			if err != nil && !told && watched.Err() == nil {
				told = true // the run itself meets the same
				log.Warn("a run cannot show that it lives", zap.Int64("run", run), logs.Failure(err))
			}
		}
	}()
	return watched, func() { cancel(nil); <-ended }
}

// beat gives a heartbeat, and tells why the run is to end, nil where it is not.
func beat(ctx context.Context, db *mysqldb.DB, now time.Time, run int64, ends func(store.Paused) bool) (why, err error) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	if err := store.Heartbeat(ctx, db, now, run); err != nil {
		return nil, err
	}
	wanted, err := store.CancelRequested(ctx, db, run)
	if wanted {
		return store.ErrRunCancelled, nil
	}
	if err != nil || ends == nil {
		return nil, err
	}
	paused, err := store.ReadPaused(ctx, db)
	if err == nil && ends(paused) {
		return admin.ErrPaused, nil
	}
	return nil, err
}

// deadline bounds a question to the database that comes again soon.
const deadline = 5 * time.Second
