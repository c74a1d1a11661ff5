package figures

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"
	"time"

	"odoosync/internal/mysqldb"
)

// Queryer reads; a pool and a transaction do.
type Queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Database is what counting needs.
type Database interface {
	Queryer
	InTx(ctx context.Context, f func(tx *sql.Tx) error) error
}

// overlap is how far behind its last time a Rollup looks again: longer than a
// commit takes and than two daemons' clocks differ.
const overlap = 10 * time.Minute

// Rollup counts the hours anew that have changed. The first one counts all there
// are, the latest first, because a person wants today's.
func Rollup(ctx context.Context, db Database, now time.Time) error {
	now = now.UTC()
	last, err := loadCursor(ctx, db)
	if err != nil {
		return mysqldb.Explain(err)
	}
	if last.At.IsZero() {
		last = cursor{Down: hourOf(now).Add(time.Hour)}
	} else if err := countChanged(ctx, db, last.At.Add(-overlap), now); err != nil {
		return mysqldb.Explain(err)
	}
	if !last.Down.IsZero() {
		err = countDown(ctx, db, last.Down, now)
	}
	if err == nil {
		err = saveCursor(ctx, db, cursor{At: now})
	}
	return mysqldb.Explain(err)
}

// countDown counts the hours before down, and notes how far it is, so that a
// daemon that is stopped goes on there.
func countDown(ctx context.Context, db Database, down, now time.Time) error {
	first, err := times(ctx, db, "SELECT MIN(received_at) FROM webhook_logs HAVING MIN(received_at) IS NOT NULL")
	if err != nil || len(first) == 0 {
		return err
	}
	for n := 0; down.After(first[0]); n++ {
		if n%24 == 0 {
			if err := saveCursor(ctx, db, cursor{At: now, Down: down}); err != nil {
				return err
			}
		}
		down = down.Add(-time.Hour)
		if err := countHour(ctx, db, down); err != nil {
			return err
		}
		if day := dayOf(down); day.Equal(down) || !down.After(first[0]) {
			if err := countDay(ctx, db, day); err != nil {
				return err
			}
		}
	}
	return nil
}

// countChanged counts the hours in which anything changed since then.
func countChanged(ctx context.Context, db Database, since, now time.Time) error {
	changed := map[time.Time]bool{}
	for at := hourOf(since); !at.After(now); at = at.Add(time.Hour) {
		changed[at] = true
	}
	ended, err := times(ctx, db, "SELECT DISTINCT "+hourSQL+" FROM webhook_logs WHERE finished_us >= ?", since)
	if err != nil {
		return err
	}
	dirty, err := times(ctx, db, "SELECT hour FROM webhook_dirty")
	if err != nil {
		return err
	}
	for _, at := range append(ended, dirty...) {
		changed[at] = true
	}
	days := map[time.Time]bool{}
	for _, at := range slices.SortedFunc(maps.Keys(changed), time.Time.Compare) {
		if err := countHour(ctx, db, at); err != nil {
			return err
		}
		days[dayOf(at)] = true
	}
	for day := range days {
		if err := countDay(ctx, db, day); err != nil {
			return err
		}
	}
	return nil
}

// hourSQL is the hour of a webhook's receipt. received_at is rounded to seconds;
// everything here goes by it, and it has an index.
const hourSQL = "CAST(DATE_FORMAT(received_at, '%Y-%m-%d %H:00:00') AS DATETIME)"

// counted is a row of webhook_hours.
type counted struct {
	event, status, code string
	bucket              int
	n, sumUS            int64
}

// groups counts webhooks of a condition.
const groups = "SELECT event_type, status, IF(status = 'error', COALESCE(error_code, ''), ''), IF(status = 'success', %bucket, -1), COUNT(*), COALESCE(SUM(IF(status = 'success', processing_us, 0)), 0) FROM %from" +
	" GROUP BY 1, 2, 3, 4"

func groupSQL(from string) string {
	return strings.NewReplacer("%bucket", bucketSQL("processing_us"), "%from", from).Replace(groups)
}

// received chooses what was received between two times.
const received = "received_at >= ? AND received_at < ? AND source <> 'recheck'"

func readGroups(ctx context.Context, q Queryer, from string, args ...any) ([]counted, error) {
	rows, err := q.QueryContext(ctx, groupSQL(from), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []counted
	for rows.Next() {
		var c counted
		if err := rows.Scan(&c.event, &c.status, &c.code, &c.bucket, &c.n, &c.sumUS); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// countHour counts the webhooks of an hour anew.
func countHour(ctx context.Context, db Database, hour time.Time) error {
	return db.InTx(ctx, func(tx *sql.Tx) error {
		// First: whoever changes the hour from now on waits here, and notes it again.
		if _, err := tx.ExecContext(ctx, "DELETE FROM webhook_dirty WHERE hour = ?", hour); err != nil {
			return err
		}
		rows, err := readGroups(ctx, tx, "webhook_logs WHERE "+received, hour, hour.Add(time.Hour))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM webhook_hours WHERE hour = ? AND NOT purged", hour); err != nil {
			return err
		}
		if err := insertHours(ctx, tx, hour, rows, false); err != nil {
			return err
		}
		return sumHour(ctx, tx, hour)
	})
}

const rowsAtOnce = 500

// insertHours writes rows of an hour. Those of a purge are added to what is there.
func insertHours(ctx context.Context, tx *sql.Tx, hour time.Time, rows []counted, purged bool) error {
	add := " ON DUPLICATE KEY UPDATE n = VALUES(n), sum_us = VALUES(sum_us)"
	if purged {
		add = " ON DUPLICATE KEY UPDATE n = n + VALUES(n), sum_us = sum_us + VALUES(sum_us)"
	}
	for part := range slices.Chunk(rows, rowsAtOnce) {
		var args []any
		for _, c := range part {
			args = append(args, hour, c.event, c.status, c.code, c.bucket, purged, c.n, c.sumUS)
		}
		query := "INSERT INTO webhook_hours (hour, event_type, status, error_code, bucket, purged, n, sum_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)" +
			strings.Repeat(", (?, ?, ?, ?, ?, ?, ?, ?)", len(part)-1) + add
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return err
		}
	}
	return nil
}

// Keep counts webhooks that the transaction is about to remove, so that the
// figures of their hours stay. The ids are of webhook_logs.
func Keep(ctx context.Context, tx *sql.Tx, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	these := " id IN (?" + strings.Repeat(", ?", len(ids)-1) + ")"
	hours, err := times(ctx, tx, "SELECT DISTINCT "+hourSQL+" FROM webhook_logs WHERE"+these, args...)
	if err != nil {
		return err
	}
	for _, hour := range hours {
		if _, err := tx.ExecContext(ctx, "INSERT IGNORE INTO webhook_dirty (hour) VALUES (?)", hour); err != nil {
			return err
		}
		rows, err := readGroups(ctx, tx, "webhook_logs WHERE "+received+" AND"+these, append([]any{hour, hour.Add(time.Hour)}, args...)...)
		if err != nil {
			return err
		}
		// The others of the hour are counted by the next Rollup; until then they
		// are missing, which is better than that these count twice.
		if _, err := tx.ExecContext(ctx, "DELETE FROM webhook_hours WHERE hour = ? AND NOT purged", hour); err != nil {
			return err
		}
		if err := insertHours(ctx, tx, hour, rows, true); err != nil {
			return err
		}
	}
	return nil
}
