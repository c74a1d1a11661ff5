package queue

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"odoosync/internal/mysqldb"
)

// LoggedEdit is an edit that Odoo has not taken, as a person is shown it. Times
// are UTC.
type LoggedEdit struct {
	ID          int64
	Entity      string
	LocalID     string
	Op          string
	Columns     []string // what changed; nil where that is not known
	ChangedAt   time.Time
	Refused     bool
	Reason      string // why it was refused, or why it waits; "" for no reason
	Attempts    int
	NextAttempt time.Time
}

// EditFilter chooses edits that have not gone through.
type EditFilter struct {
	Status  string // pending or error, "" for both
	Entity  string // "" for all
	LocalID string // of Entity; "" for all
	Before  int64  // only those with a smaller id, to page on; 0 for the latest
	Limit   int    // 0: 100
}

// ReadEdits returns edits that have not gone through, the latest first.
func ReadEdits(ctx context.Context, db Querier, f EditFilter) ([]LoggedEdit, error) {
	where, args := "status IN ('pending', 'error')", []any{}
	if f.Status != "" {
		where, args = "status = ?", []any{f.Status}
	}
	if f.Entity != "" {
		where, args = where+" AND entity = ?", append(args, f.Entity)
	}
	if f.LocalID != "" {
		where, args = where+" AND local_id = ?", append(args, f.LocalID)
	}
	if f.Before > 0 {
		where, args = where+" AND id < ?", append(args, f.Before)
	}
	if f.Limit == 0 {
		f.Limit = 100
	}
	rows, err := db.QueryContext(ctx, "SELECT id, entity, local_id, op, changed_columns, changed_at, status = 'error', COALESCE(error_message, ''), attempts, next_attempt_at"+
		" FROM sync_outbox WHERE "+where+" ORDER BY id DESC LIMIT ?", append(args, f.Limit)...)
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	defer rows.Close()
	var out []LoggedEdit
	for rows.Next() {
		e, err := scanLoggedEdit(rows)
		if err != nil {
			return nil, mysqldb.Explain(err)
		}
		out = append(out, e)
	}
	return out, mysqldb.Explain(rows.Err())
}

func scanLoggedEdit(rows *sql.Rows) (e LoggedEdit, err error) {
	var columns []byte
	if err = rows.Scan(&e.ID, &e.Entity, &e.LocalID, &e.Op, &columns, &e.ChangedAt, &e.Refused, &e.Reason, &e.Attempts, &e.NextAttempt); err == nil && columns != nil {
		err = json.Unmarshal(columns, &e.Columns)
	}
	return e, err
}
