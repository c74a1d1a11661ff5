package figures

import (
	"context"
	"database/sql"
	"time"
)

// sumHour writes the bare numbers of an hour that was counted.
func sumHour(ctx context.Context, tx *sql.Tx, hour time.Time) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM webhook_totals WHERE hour = ?", hour); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO webhook_totals (hour, status, n) SELECT hour, status, SUM(n) FROM webhook_hours WHERE hour = ? GROUP BY hour, status"+
		" ON DUPLICATE KEY UPDATE n = VALUES(n)", hour)
	return err
}

// countDay adds up the hours of a day anew.
func countDay(ctx context.Context, db Database, day time.Time) error {
	return db.InTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM webhook_days WHERE day = ?", dateOf(day)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO webhook_days (day, event_type, status, error_code, bucket, n, sum_us)"+
			" SELECT ?, event_type, status, error_code, bucket, SUM(n), SUM(sum_us) FROM webhook_hours WHERE hour >= ? AND hour < ? GROUP BY event_type, status, error_code, bucket"+
			" ON DUPLICATE KEY UPDATE n = VALUES(n), sum_us = VALUES(sum_us)", dateOf(day), day, day.AddDate(0, 0, 1))
		return err
	})
}

func dateOf(day time.Time) string { return day.Format(time.DateOnly) }

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
