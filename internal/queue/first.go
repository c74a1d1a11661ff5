package queue

import (
	"context"
	"database/sql"
	"time"
)

// FirstTime is an event's time. Where the sender's clock runs ahead it was
// clamped to the receipt, so a delivery that comes again would be the newest
// news: it keeps the time at which it came first.
func FirstTime(ctx context.Context, tx *sql.Tx, e Event) (time.Time, error) {
	if e.Source != SourceWebhook || e.EventTime.IsZero() || e.EventTime.Before(e.ReceivedAt) {
		return e.EventTime, nil
	}
	first := sql.NullTime{}
	err := tx.QueryRowContext(ctx, "SELECT MIN(event_time) FROM webhook_logs WHERE model = ? AND odoo_id = ? AND source = ? AND (body = ? OR body_sha = UNHEX(SHA2(?, 256)))",
		e.Model, e.OdooID, e.Source, e.Body, e.Body).Scan(&first)
	if err != nil || !first.Valid {
		return e.EventTime, err
	}
	return first.Time, nil
}
