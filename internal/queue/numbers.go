package queue

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"odoosync/internal/mysqldb"
)

// The numbers of a stream that did not arrive. An append only notes the number
// beside its event, in the same statement; what is missing is found from there.
// So nothing here can be lost with a process, and doing it twice is harmless.
//
// Up to its mark each number of a stream has arrived, stands in sync_missing, or
// is done with: closed, or in a gap that is too wide. The mark does not pass what Odoo says it has given out (streams.go): numbers
// come in headers that nobody signs.

// numbersAtOnce bounds what one look goes through of a stream.
const numbersAtOnce = 20_000

// widestGap is the largest one that is looked for. Beyond it the stream was
// sent to somebody else, or the sender is broken: poll and sweep find the changes.
const widestGap = 1000

// inventedFor is how long the numbers of a stream are kept that Odoo does not name.
const inventedFor = 48 * time.Hour

// missingAtOnce is how many numbers one statement inserts.
const missingAtOnce = 1000

// Place is a number in a stream.
type Place struct {
	Stream string
	Number int64
}

// Database is what the numbers need of MySQL.
type Database interface {
	Querier
	InTx(ctx context.Context, f func(tx *sql.Tx) error) error
}

// Skipped is a gap that is too wide to be looked for.
type Skipped struct {
	Stream     string
	From, Upto int64
}

// NoteMissing finds the numbers that have not arrived while later ones have, to
// be asked for after grace, and drops those that have arrived since.
func NoteMissing(ctx context.Context, db Database, now time.Time, grace time.Duration) ([]Skipped, error) {
	streams, err := StreamNames(ctx, db)
	if err != nil {
		return nil, err
	}
	now = now.UTC()
	var skipped []Skipped
	for _, stream := range streams {
		var wide []Skipped
		err := db.InTx(ctx, func(tx *sql.Tx) (err error) {
			wide, err = noteStream(ctx, tx, stream, now, now.Add(grace))
			return err
		})
		if err != nil {
			return skipped, mysqldb.Explain(err)
		}
		skipped = append(skipped, wide...)
	}
	return skipped, nil
}

func noteStream(ctx context.Context, tx *sql.Tx, stream string, now, lookAt time.Time) ([]Skipped, error) {
	s, err := lockStream(ctx, tx, stream, now)
	if err != nil {
		return nil, err
	}
	if s.invented() {
		_, err := tx.ExecContext(ctx, "DELETE FROM sync_missing WHERE stream = ? AND since < ?", stream, now.Add(-inventedFor))
		return nil, err
	}
	if err := tidyMissing(ctx, tx, s, now, lookAt); err != nil {
		return nil, err
	}
	if err := s.readNewest(ctx, tx, s.limit()); err != nil || s.mark >= max(s.newest, s.sent) {
		return nil, errors.Join(err, s.save(ctx, tx))
	}
	arrived, err := s.arrived(ctx, tx)
	if err != nil {
		return nil, err
	}
	if s.sent > s.newest && len(arrived) < numbersAtOnce {
		arrived = append(arrived, s.sent+1) // as if the next one had arrived
	}
	skipped, gaps, mark := holes(stream, s.mark, arrived)
	if err := insertMissing(ctx, tx, stream, gaps, now, lookAt); err != nil {
		return nil, err
	}
	s.mark = mark
	if s.sent > s.newest {
		s.mark = min(mark, s.sent) // the next one has not arrived
	}
	return skipped, s.save(ctx, tx)
}

// tidyMissing drops what has arrived since, such as a transaction that had not
// committed yet when its number was passed, and mends the times of a clock that
// ran ahead then.
func tidyMissing(ctx context.Context, tx *sql.Tx, s *streamRow, now, lookAt time.Time) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM sync_missing WHERE stream = ? AND EXISTS (SELECT 1 FROM webhook_logs w WHERE w.stream = sync_missing.stream AND w.stream_number = sync_missing.number AND w.id > ?)", s.stream, s.afterID)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE sync_missing SET look_at = LEAST(look_at, ?), since = LEAST(since, ?) WHERE stream = ? AND (look_at > ? OR since > ?)", lookAt, now, s.stream, lookAt, now)
	return err
}

// holes are the numbers between those that arrived, from the mark on.
func holes(stream string, mark int64, arrived []int64) (skipped []Skipped, gaps []int64, end int64) {
	for _, n := range arrived {
		if n-mark-1 > widestGap {
			skipped = append(skipped, Skipped{stream, mark + 1, n - 1})
			mark = n - 1
		}
		for mark++; mark < n; mark++ {
			gaps = append(gaps, mark)
		}
	}
	return skipped, gaps, mark
}

func insertMissing(ctx context.Context, tx *sql.Tx, stream string, numbers []int64, now, lookAt time.Time) error {
	for len(numbers) > 0 {
		n := min(len(numbers), missingAtOnce)
		var args []any
		for _, number := range numbers[:n] {
			args = append(args, stream, number, now, lookAt)
		}
		_, err := tx.ExecContext(ctx, "INSERT IGNORE INTO sync_missing (stream, number, since, look_at) VALUES (?, ?, ?, ?)"+strings.Repeat(", (?, ?, ?, ?)", n-1), args...)
		if err != nil {
			return err
		}
		numbers = numbers[n:]
	}
	return nil
}

// Missing is a number that did not arrive, and since when that is known.
type Missing struct {
	Number int64
	Since  time.Time
}

// DueMissing are numbers that Odoo is to be asked about, of one stream.
func DueMissing(ctx context.Context, db Querier, now time.Time, limit int) (stream string, numbers []Missing, err error) {
	rows, err := db.QueryContext(ctx, "SELECT m.stream, m.number, m.since FROM sync_missing m JOIN (SELECT d.stream FROM sync_missing d LEFT JOIN sync_streams s ON s.stream = d.stream WHERE d.look_at <= ? AND COALESCE(s.known, TRUE) ORDER BY d.look_at LIMIT 1) due ON due.stream = m.stream"+
		" WHERE m.look_at <= ? ORDER BY m.number LIMIT ?", now.UTC(), now.UTC(), limit)
	if err != nil {
		return "", nil, mysqldb.Explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var m Missing
		if err := rows.Scan(&stream, &m.Number, &m.Since); err != nil {
			return "", nil, mysqldb.Explain(err)
		}
		numbers = append(numbers, m)
	}
	return stream, numbers, mysqldb.Explain(rows.Err())
}

// CloseMissing ends numbers whose records were read, or about which nobody
// knows anything any more.
func CloseMissing(ctx context.Context, db Database, stream string, numbers []int64) error {
	return execMissing(ctx, db, "DELETE FROM sync_missing WHERE stream = ? AND number IN (", []any{stream}, numbers)
}

// WaitMissing asks again later.
func WaitMissing(ctx context.Context, db Database, stream string, numbers []int64, lookAt time.Time) error {
	return execMissing(ctx, db, "UPDATE sync_missing SET look_at = ? WHERE stream = ? AND number IN (", []any{lookAt.UTC(), stream}, numbers)
}

// execMissing runs a statement that ends where the list of numbers goes.
func execMissing(ctx context.Context, db Database, statement string, args []any, numbers []int64) error {
	if len(numbers) == 0 {
		return nil
	}
	for _, n := range numbers {
		args = append(args, n)
	}
	return mysqldb.Explain(db.InTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement+"?"+strings.Repeat(", ?", len(numbers)-1)+")", args...)
		return err
	}))
}
