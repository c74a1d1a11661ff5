package queue

import (
	"context"
	"database/sql"
	"time"

	"odoosync/internal/mysqldb"
)

// Stats are the inbox's figures.
type Stats struct {
	Pending       int64
	Success       int64
	Error         int64
	Echoes        int64         // of writes of ours, as their sender said
	OldestPending time.Duration // since the receipt of the oldest pending event, 0 for none
}

// Querier reads the log.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// ReadStats counts the events, each by an index. Second looks that are planned are
// no backlog.
func ReadStats(ctx context.Context, db Querier, now time.Time) (Stats, error) {
	var s Stats
	for _, one := range []struct {
		into  *int64
		where string
	}{{&s.Success, "status = 'success'"}, {&s.Error, "status = 'error'"}, {&s.Echoes, "origin = '" + OriginDaemon + "'"}} {
		n, err := ids(ctx, db, "SELECT COUNT(*) FROM webhook_logs WHERE "+one.where)
		if err != nil {
			return s, mysqldb.Explain(err)
		}
		*one.into = n[0].(int64)
	}
	rows, err := db.QueryContext(ctx, "SELECT COUNT(*), MIN(received_us) FROM webhook_logs WHERE status = 'pending' AND source <> '"+SourceRecheck+"'")
	if err != nil {
		return s, mysqldb.Explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var oldest sql.NullTime
		if err := rows.Scan(&s.Pending, &oldest); err != nil {
			return s, mysqldb.Explain(err)
		}
		if oldest.Valid {
			s.OldestPending = max(0, now.Sub(oldest.Time))
		}
	}
	return s, mysqldb.Explain(rows.Err())
}

// FailedEvent is an event that needs a person, and why.
type FailedEvent struct {
	ID         int64
	Type       string
	OdooID     int64 // 0 when it could not be read
	ReceivedAt time.Time
	Reason     string
}

// Failed returns the latest events that failed, up to limit.
func Failed(ctx context.Context, db Querier, limit int) ([]FailedEvent, error) {
	rows, err := db.QueryContext(ctx, "SELECT id, event_type, COALESCE(odoo_id, 0), received_us, COALESCE(error_message, '') FROM webhook_logs"+
		" WHERE status = 'error' ORDER BY id DESC LIMIT ?", limit)
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	defer rows.Close()
	var out []FailedEvent
	for rows.Next() {
		var e FailedEvent
		if err := rows.Scan(&e.ID, &e.Type, &e.OdooID, &e.ReceivedAt, &e.Reason); err != nil {
			return nil, mysqldb.Explain(err)
		}
		out = append(out, e)
	}
	return out, mysqldb.Explain(rows.Err())
}
