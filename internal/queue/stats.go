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
	Error         int64 // that a replay would take
	Refused       int64 // at the door: no replay makes them better
	Echoes        int64 // of writes of ours, as their sender said
	Outcomes      map[string]int64
	OldestPending time.Duration // since the receipt of the oldest pending event, 0 for none
}

// Querier reads the log.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// ReadStats counts the events. Second looks that are planned are no backlog.
func ReadStats(ctx context.Context, db Querier, now time.Time) (Stats, error) {
	s := Stats{Outcomes: map[string]int64{}}
	rows, err := db.QueryContext(ctx, "SELECT status, COALESCE(outcome, ''), COUNT(*), MIN(received_us), COALESCE(SUM(origin = '"+OriginDaemon+"'), 0), SUM(NOT ("+workable+")) FROM webhook_logs WHERE status <> 'pending' OR source <> '"+SourceRecheck+"' GROUP BY status, COALESCE(outcome, '')")
	if err != nil {
		return s, mysqldb.Explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var status, outcome string
		var n, echoes, hopeless int64
		var oldest time.Time
		if err := rows.Scan(&status, &outcome, &n, &oldest, &echoes, &hopeless); err != nil {
			return s, mysqldb.Explain(err)
		}
		s.Echoes += echoes
		switch status {
		case "pending":
			s.Pending += n
			s.OldestPending = max(s.OldestPending, now.Sub(oldest))
		case "success":
			s.Success += n
		case "error":
			s.Error += n - hopeless
			s.Refused += hopeless
		}
		if outcome != "" {
			s.Outcomes[outcome] += n
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

// Failed returns the latest events that failed and that a replay would take, up
// to limit.
func Failed(ctx context.Context, db Querier, limit int) ([]FailedEvent, error) {
	rows, err := db.QueryContext(ctx, "SELECT id, event_type, COALESCE(odoo_id, 0), received_us, COALESCE(error_message, '') FROM webhook_logs"+
		" WHERE status = 'error' AND "+workable+" ORDER BY id DESC LIMIT ?", limit)
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
