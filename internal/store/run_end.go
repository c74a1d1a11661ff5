package store

import (
	"context"
	"errors"
	"time"

	"odoosync/internal/record"
)

// ErrRunCancelled is the cause of a run's context once a person has ended it.
var ErrRunCancelled = errors.New("cancelled by a person")

// ErrNoRun: there is no such run.
var ErrNoRun = errors.New("no such run")

// ErrRunEnded: the run is over, and nothing can be done about it.
var ErrRunEnded = errors.New("the run is over")

// NoRun is the error for an id that no run has.
func NoRun(id int64) error {
	return record.Wrap(record.CodeRejected, ErrNoRun, "there is no run %d: GET /admin/api/runs lists them", id)
}

// Heartbeat notes that a running run's process lives.
func Heartbeat(ctx context.Context, tx Execer, now time.Time, id int64) error {
	_, err := tx.ExecContext(ctx, "UPDATE sync_runs SET heartbeat_at = GREATEST(heartbeat_at, ?) WHERE id = ? AND state = 'running'", now.UTC(), id)
	return err
}

// CancelRequested tells whether a person wants the run to end.
func CancelRequested(ctx context.Context, q Queryer, id int64) (bool, error) {
	n, err := count(ctx, q, "SELECT COUNT(*) FROM sync_runs WHERE id = ? AND cancel_requested", id)
	return n > 0, err
}

// RequestCancel asks a running run to end, whichever daemon or command it runs
// in: its process looks every few seconds. One whose process is gone is ended
// here. The error is ErrNoRun or ErrRunEnded, each with a sentence.
func RequestCancel(ctx context.Context, tx Execer, now time.Time, id int64) error {
	r, err := GetRun(ctx, tx, now, id)
	if err != nil {
		return err
	}
	if r == nil {
		return NoRun(id)
	}
	query, args := "UPDATE sync_runs SET cancel_requested = TRUE WHERE id = ? AND state = 'running'", []any{id}
	if r.Dead {
		query, args = "UPDATE sync_runs SET cancel_requested = TRUE, state = 'cancelled', error = ?, finished_at = ? WHERE id = ? AND state = 'running'",
			[]any{ErrRunCancelled.Error(), now.UTC(), id}
	}
	result, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected() // rows found, not rows changed: the connection asks for that
	if err == nil && n == 0 {
		return record.Wrap(record.CodeRejected, ErrRunEnded, "run %d is over: there is nothing to cancel", id)
	}
	return err
}

// EndAbandoned ends the runs of a kind over these entities, or over all, that
// are noted as running, but for one. Only who holds the kind's leases may call
// it: those runs' processes are gone.
func EndAbandoned(ctx context.Context, tx Execer, now time.Time, kind string, entities []string, but int64) error {
	_, err := tx.ExecContext(ctx, "UPDATE sync_runs SET state = IF(cancel_requested, 'cancelled', 'failed'), finished_at = ?,"+
		" error = IF(cancel_requested, ?, 'its process ended before it did')"+
		" WHERE kind = ? AND state = 'running' AND id <> ? AND (entity IS NULL OR entity IN ("+marks(len(entities))+"))",
		append([]any{now.UTC(), ErrRunCancelled.Error(), kind, but}, anys(entities)...)...)
	return err
}

// EndDead ends the runs of a kind that nobody goes on with and whose processes
// are gone.
func EndDead(ctx context.Context, tx Execer, now time.Time, kind string) error {
	list, err := ListRuns(ctx, tx, now, RunFilter{Kind: kind, State: RunRunning})
	if err != nil {
		return err
	}
	for _, r := range list {
		if !r.Dead {
			continue
		}
		if _, err := tx.ExecContext(ctx, "UPDATE sync_runs SET state = 'failed', error = 'its process ended before it did', finished_at = ? WHERE id = ? AND state = 'running'", now.UTC(), r.ID); err != nil {
			return err
		}
	}
	return nil
}
