package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

// ending is how a run came to its end, as its position keeps it beside the state
// in sync_runs:
//
//	              state      ending    who goes on with it
//	running ──▶   done                 nobody
//	        ──▶   cancelled            nobody: a person ended it
//	        ──▶   failed     failed    nobody: what it had compared may have changed by the next one
//	        ──▶   failed     stopped   the next daemon that looks: it was stopped, paused, or lost its lease
//	        ──▶   failed     parted    the next daemon that looks after a pause: a side was away
//	        ──▶   running              the next daemon that looks: its process was killed
type ending string

const (
	failed  ending = "failed"
	stopped ending = "stopped"
	parted  ending = "parted"
)

const (
	// resumable is how old the beginning of a sweep may be that is gone on with.
	resumable = 12 * time.Hour
	// pause is how long a sweep leaves a side alone that was away.
	pause = time.Minute
)

// goesOn returns the place of a run that was cut off, and from when on it is due.
func goesOn(last *store.Run, now time.Time) (p position, due time.Time, ok bool) {
	if last == nil || last.CancelRequested || now.Sub(last.Started) > resumable {
		return p, due, false
	}
	if err := json.Unmarshal(last.Position, &p); err != nil {
		return p, due, last.State == store.RunRunning // killed before it had a place
	}
	switch {
	case last.State == store.RunRunning, last.State == store.RunFailed && p.Ended == stopped:
		return p, now, true
	case last.State == store.RunFailed && p.Ended == parted:
		return p, last.Finished.Add(pause), true
	}
	return p, due, false
}

// close notes how the run ended, unless it is another process's by now.
func (r *run) close(ctx context.Context, failure error) error {
	failure = r.end(ctx, mysqldb.Explain(failure))
	err := r.save(context.WithoutCancel(ctx))
	if errors.Is(err, store.ErrRunTaken) {
		r.record.State = store.RunFailed
		return err
	}
	if err != nil && failure == nil {
		failure = mysqldb.Explain(err)
	}
	return failure
}

// end sets the run's last state, and returns what its caller is told.
func (r *run) end(ctx context.Context, failure error) error {
	last := r.record
	last.State, last.Error, r.position.Ended = store.RunFailed, record.Message(failure), failed
	switch {
	case failure == nil:
		last.State, last.Error, r.position.Ended = store.RunDone, "", ""
		last.Done = max(last.Done, last.Total)
	case errors.Is(context.Cause(ctx), store.ErrRunCancelled):
		last.State, last.Error, r.position.Ended = store.RunCancelled, store.ErrRunCancelled.Error(), ""
		return record.Wrap(record.CodeRejected, store.ErrRunCancelled, "sweep run %d was cancelled by a person", last.ID)
	case ctx.Err() != nil:
		last.Error, r.position.Ended = "it was stopped; it goes on from here", stopped
		return record.Wrap(record.CodeUnavailable, failure, "the sweep was stopped; it goes on where it stopped")
	case r.parted:
		r.position.Ended = parted
	}
	return failure
}
