package alerts

import (
	"context"
	"database/sql"
	"time"

	"odoosync/internal/mysqldb"
)

// alert is a row of sync_alerts. Times are UTC, zero for NULL.
type alert struct {
	Reason, Message   string
	Since             time.Time
	Told, Fired, Over time.Time
	Tries             int
	Tried             time.Time
}

func load(ctx context.Context, db *mysqldb.DB) (map[string]alert, error) {
	rows, err := db.QueryContext(ctx, "SELECT reason, message, since, told_at, fired_at, over_at, tries, tried_at FROM sync_alerts")
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	defer rows.Close()
	out := map[string]alert{}
	for rows.Next() {
		var one alert
		var told, fired, over, tried sql.NullTime
		if err := rows.Scan(&one.Reason, &one.Message, &one.Since, &told, &fired, &over, &one.Tries, &tried); err != nil {
			return nil, mysqldb.Explain(err)
		}
		one.Since, one.Told, one.Fired, one.Over, one.Tried = one.Since.UTC(), told.Time.UTC(), fired.Time.UTC(), over.Time.UTC(), tried.Time.UTC()
		out[one.Reason] = one
	}
	return out, mysqldb.Explain(rows.Err())
}

func save(ctx context.Context, db *mysqldb.DB, one alert) error {
	_, err := db.ExecContext(ctx, "INSERT INTO sync_alerts (reason, message, since, told_at, fired_at, over_at, tries, tried_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"+
		" ON DUPLICATE KEY UPDATE message = VALUES(message), since = VALUES(since), told_at = VALUES(told_at), fired_at = VALUES(fired_at), over_at = VALUES(over_at),"+
		" tries = VALUES(tries), tried_at = VALUES(tried_at)",
		one.Reason, one.Message, one.Since.UTC(), null(one.Told), null(one.Fired), null(one.Over), one.Tries, null(one.Tried))
	return mysqldb.Explain(err)
}

func forget(ctx context.Context, db *mysqldb.DB, reason string) error {
	_, err := db.ExecContext(ctx, "DELETE FROM sync_alerts WHERE reason = ?", reason)
	return mysqldb.Explain(err)
}

func null(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}
