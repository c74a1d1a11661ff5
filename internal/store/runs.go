package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"odoosync/internal/record"
)

// RunState says how a run stands.
type RunState string

// The states of a run.
const (
	RunRunning   RunState = "running"
	RunDone      RunState = "done"
	RunFailed    RunState = "failed"
	RunCancelled RunState = "cancelled"
)

// Run is one resync (or another long piece of work), as sync_runs keeps it.
type Run struct {
	ID       int64
	Kind     string
	Entity   string // "" for all
	Mode     string
	State    RunState
	Cause    string
	Total    int64
	Done     int64
	Counts   map[string]int64
	Position json.RawMessage // where it goes on; its kind knows the form
	Error    string
	Started  time.Time
	Finished time.Time // zero while it is running
	// CancelRequested: a person wanted it to end. Nobody goes on with it.
	CancelRequested bool

	owner string // of this process's share in it
}

// StartRun inserts a run and gives it its id.
func StartRun(ctx context.Context, tx Execer, now time.Time, r *Run) error {
	owner := newUUID()
	result, err := tx.ExecContext(ctx, "INSERT INTO sync_runs (kind, entity, mode, state, cause, position, started_at, heartbeat_at, owner) VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?)",
		r.Kind, nullText(r.Entity), nullText(r.Mode), nullText(r.Cause), nullText(string(r.Position)), now.UTC(), now.UTC(), owner)
	if err != nil {
		return err
	}
	r.State, r.Started, r.owner = RunRunning, now.UTC(), owner
	r.ID, err = result.LastInsertId()
	return err
}

// ErrRunTaken: another process goes on with the run.
var ErrRunTaken = errors.New("another process goes on with the run")

// TakeRun makes a run that was cut off this process's. Whoever had it before can
// save no more of it.
func TakeRun(ctx context.Context, tx Execer, now time.Time, r *Run) error {
	owner := newUUID()
	_, err := tx.ExecContext(ctx, "UPDATE sync_runs SET state = 'running', error = NULL, finished_at = NULL, heartbeat_at = ?, owner = ? WHERE id = ?", now.UTC(), owner, r.ID)
	r.State, r.Error, r.owner = RunRunning, "", owner
	return err
}

// SaveRun writes how far a run is, and its end where it has one. The error is
// ErrRunTaken for a run that is no longer this process's, or that was ended.
func SaveRun(ctx context.Context, tx Execer, now time.Time, r *Run) error {
	counts, err := json.Marshal(r.Counts)
	if err != nil {
		return err
	}
	var finished any
	if r.State != RunRunning {
		finished = now.UTC()
	}
	result, err := tx.ExecContext(ctx, "UPDATE sync_runs SET state = ?, total = ?, done = ?, counts = ?, position = ?, error = ?, heartbeat_at = ?, finished_at = ? WHERE id = ? AND state = 'running' AND owner = ?",
		string(r.State), r.Total, r.Done, string(counts), nullText(string(r.Position)), nullText(r.Error), now.UTC(), finished, r.ID, r.owner)
	return r.owned(result, err)
}

// HoldRun locks a run that is this process's until the transaction ends, so that
// nobody can take it over meanwhile. The error is as of SaveRun.
func HoldRun(ctx context.Context, tx Execer, now time.Time, r *Run) error {
	result, err := tx.ExecContext(ctx, "UPDATE sync_runs SET heartbeat_at = GREATEST(heartbeat_at, ?) WHERE id = ? AND state = 'running' AND owner = ?", now.UTC(), r.ID, r.owner)
	return r.owned(result, err)
}

// owned reads from a write of the run whether it found it as this process's.
func (r *Run) owned(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := result.RowsAffected() // rows found, not rows changed: the connection asks for that
	if err == nil && n == 0 {
		return record.Wrap(record.CodeUnavailable, ErrRunTaken, "run %d was ended, or another process goes on with it", r.ID)
	}
	return err
}

// LastRun returns the latest run of a kind, entity ("" for all) and mode, nil
// when there was none.
func LastRun(ctx context.Context, q Queryer, kind, entity, mode string) (*Run, error) {
	found, err := selectRuns(ctx, q, "kind = ? AND COALESCE(entity, '') = ? AND COALESCE(mode, '') = ? ORDER BY id DESC LIMIT 1", kind, entity, mode)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// UnfinishedRuns returns the runs of a kind that began at or after a time and are
// running or failed, the newest first.
func UnfinishedRuns(ctx context.Context, q Queryer, kind string, since time.Time) ([]*Run, error) {
	return selectRuns(ctx, q, "state IN ('running', 'failed') AND kind = ? AND started_at >= ? ORDER BY id DESC", kind, since.UTC())
}

func selectRuns(ctx context.Context, q Queryer, where string, args ...any) ([]*Run, error) {
	rows, err := q.QueryContext(ctx, "SELECT id, kind, COALESCE(entity, ''), COALESCE(mode, ''), state, COALESCE(cause, ''), COALESCE(total, 0), done, counts, position, started_at, finished_at, cancel_requested"+
		" FROM sync_runs WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*Run
	for rows.Next() {
		var r Run
		var position, counts []byte
		var finished sql.NullTime
		if err := rows.Scan(&r.ID, &r.Kind, &r.Entity, &r.Mode, &r.State, &r.Cause, &r.Total, &r.Done, &counts, &position, &r.Started, &finished, &r.CancelRequested); err != nil {
			return nil, err
		}
		if err := decodeJSON(counts, &r.Counts); err != nil {
			return nil, err
		}
		r.Position, r.Finished = position, finished.Time
		out = append(out, &r)
	}
	return out, rows.Err()
}

// LastChange is the id of the latest entry of the history.
func LastChange(ctx context.Context, q Queryer) (int64, error) {
	found, err := texts(ctx, q, "SELECT COALESCE(MAX(id), 0) FROM sync_changes", nil)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return cellInt(found[0]), nil
}

// RunChanges counts what a run changed by side and operation ("local create"),
// in the history after an entry: the history has no index by run.
func RunChanges(ctx context.Context, q Queryer, run, after int64) (map[string]int64, error) {
	rows, err := q.QueryContext(ctx, "SELECT side, op, COUNT(DISTINCT entity, COALESCE(odoo_id, 0)) FROM sync_changes WHERE id > ? AND run_id = ? GROUP BY side, op", after, run)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var side, op string
		var n sql.NullInt64
		if err := rows.Scan(&side, &op, &n); err != nil {
			return nil, err
		}
		out[side+" "+op] = n.Int64
	}
	return out, rows.Err()
}

// LastDone tells when the latest run of a kind began that went to its end over
// this entity or over all; zero for none.
func LastDone(ctx context.Context, q Queryer, kind, entity string) (time.Time, error) {
	rows, err := q.QueryContext(ctx, "SELECT started_at FROM sync_runs WHERE kind = ? AND state = 'done' AND mode IN ('full', 'incremental')"+
		" AND COALESCE(entity, '') IN ('', ?) ORDER BY started_at DESC LIMIT 1", kind, entity)
	if err != nil {
		return time.Time{}, err
	}
	defer rows.Close()
	var at time.Time
	for rows.Next() {
		if err := rows.Scan(&at); err != nil {
			return at, err
		}
	}
	return at, rows.Err()
}
