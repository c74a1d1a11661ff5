package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
	"strings"
	"time"
)

// deadAfter is how old the heartbeat of a running run may be. One that lives
// gives one every few seconds, however long a page takes.
const deadAfter = 30 * time.Second

// RunInfo is a run as a person is shown it. Times are UTC.
type RunInfo struct {
	ID          int64            `json:"id"`
	Kind        string           `json:"kind"`             // resync, plan, sweep, poll
	Entity      string           `json:"entity,omitempty"` // absent for all
	Mode        string           `json:"mode,omitempty"`   // full, incremental, record
	State       RunState         `json:"state"`
	Cause       string           `json:"cause,omitempty"` // who asked for it
	Total       int64            `json:"total"`           // records to go through, as far as is known
	Done        int64            `json:"done"`
	Percent     float64          `json:"percent"` // 0 to 100, one decimal
	PerSecond   float64          `json:"records_per_second"`
	Counts      map[string]int64 `json:"counts"`
	Error       string           `json:"error,omitempty"` // why it failed or was cancelled
	StartedAt   time.Time        `json:"started_at"`
	HeartbeatAt time.Time        `json:"heartbeat_at"`
	FinishedAt  *time.Time       `json:"finished_at,omitempty"`
	// Dead: it is noted as running, but its process gives no sign of life and
	// holds no lease. The next request of its kind goes on with it.
	Dead      bool            `json:"dead"`
	Cancelled bool            `json:"cancel_requested"`
	Position  json.RawMessage `json:"-"`
}

// took is how long the run has taken so far, or took.
func (r RunInfo) took(now time.Time) time.Duration {
	if r.FinishedAt != nil {
		now = *r.FinishedAt
	}
	return now.Sub(r.StartedAt)
}

// figures fills in what is computed.
func (r *RunInfo) figures(now time.Time) {
	if r.Total > 0 {
		r.Percent = min(100, math.Round(float64(r.Done)*1000/float64(r.Total))/10)
	} else if r.State == RunDone {
		r.Percent = 100
	}
	if seconds := r.took(now).Seconds(); seconds > 0 {
		r.PerSecond = math.Round(float64(r.Done)*10/seconds) / 10
	}
}

// RunFilter chooses runs; the zero filter takes the latest ones.
type RunFilter struct {
	Kind   string
	State  RunState
	Over   bool  // only those that are not running
	Before int64 // only those with a smaller id, to page on; 0 for the latest
	Limit  int   // 0: 100
}

// ListRuns returns runs, the newest first.
func ListRuns(ctx context.Context, q Queryer, now time.Time, f RunFilter) ([]RunInfo, error) {
	where, args := []string{"TRUE"}, []any{}
	add := func(term string, arg any) { where, args = append(where, term), append(args, arg) }
	if f.Kind != "" {
		add("r.kind = ?", f.Kind)
	}
	if f.State != "" {
		add("r.state = ?", string(f.State))
	}
	if f.Over {
		add("r.state <> ?", string(RunRunning))
	}
	if f.Before > 0 {
		add("r.id < ?", f.Before)
	}
	if f.Limit == 0 {
		f.Limit = 100
	}
	return runs(ctx, q, now, strings.Join(where, " AND ")+" ORDER BY r.id DESC LIMIT ?", append(args, f.Limit)...)
}

// GetRun returns a run, nil where there is none of that id.
func GetRun(ctx context.Context, q Queryer, now time.Time, id int64) (*RunInfo, error) {
	found, err := runs(ctx, q, now, "r.id = ?", id)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// A resync holds a lease for each entity, other kinds one of their name.
const leased = "EXISTS (SELECT 1 FROM sync_leases l WHERE l.until >= UTC_TIMESTAMP(6) AND (l.name = r.kind OR l.name = CONCAT(r.kind, ':', r.entity)" +
	" OR r.entity IS NULL AND l.name LIKE CONCAT(r.kind, ':%')))"

func runs(ctx context.Context, q Queryer, now time.Time, where string, args ...any) ([]RunInfo, error) {
	rows, err := q.QueryContext(ctx, "SELECT r.id, r.kind, COALESCE(r.entity, ''), COALESCE(r.mode, ''), r.state, COALESCE(r.cause, ''), COALESCE(r.total, 0), r.done,"+
		" r.counts, r.position, COALESCE(r.error, ''), r.started_at, r.heartbeat_at, r.finished_at, r.cancel_requested,"+
		" r.state = 'running' AND r.heartbeat_at < ? AND NOT "+leased+" FROM sync_runs r WHERE "+where, append([]any{now.UTC().Add(-deadAfter)}, args...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []RunInfo
	for rows.Next() {
		var r RunInfo
		var counts, position []byte
		var finished sql.NullTime
		if err := rows.Scan(&r.ID, &r.Kind, &r.Entity, &r.Mode, &r.State, &r.Cause, &r.Total, &r.Done, &counts, &position, &r.Error,
			&r.StartedAt, &r.HeartbeatAt, &finished, &r.Cancelled, &r.Dead); err != nil {
			return nil, err
		}
		if len(counts) > 0 {
			if err := json.Unmarshal(counts, &r.Counts); err != nil {
				return nil, err
			}
		}
		if r.Counts == nil {
			r.Counts = map[string]int64{}
		}
		if finished.Valid {
			r.FinishedAt = &finished.Time
		}
		r.Position = position
		r.figures(now)
		out = append(out, r)
	}
	return out, rows.Err()
}
