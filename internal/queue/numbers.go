package queue

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"odoosync/internal/mysqldb"
)

// The numbers of a stream that did not arrive. An append only notes the number
// beside its event, in the same statement; what is missing is found from there.
// So nothing here can be lost with a process, and doing it twice is harmless.

// numbersAtOnce bounds what one look goes through of a stream.
const numbersAtOnce = 20_000

// widestGap is the largest one that is looked for. Beyond it the stream was
// sent to somebody else, or the sender is broken: poll and sweep find the changes.
const widestGap = 1000

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
// be asked for at lookAt, and drops those that have arrived since.
func NoteMissing(ctx context.Context, db Database, now, lookAt time.Time) ([]Skipped, error) {
	streams, err := streamsOf(ctx, db)
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	var skipped []Skipped
	for stream, newest := range streams {
		var wide []Skipped
		err := db.InTx(ctx, func(tx *sql.Tx) (err error) {
			wide, err = noteStream(ctx, tx, stream, newest, now.UTC(), lookAt.UTC())
			return err
		})
		if err != nil {
			return skipped, mysqldb.Explain(err)
		}
		skipped = append(skipped, wide...)
	}
	return skipped, nil
}

// NoteSent keeps the highest number that Odoo has given out in a stream: what is
// beyond the last that arrived may be missing too.
func NoteSent(ctx context.Context, db Database, now time.Time, stream string, sent int64) error {
	return mysqldb.Explain(db.InTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO sync_streams (stream, mark, sent, seen_at) VALUES (?, 0, ?, ?) ON DUPLICATE KEY UPDATE sent = ?", stream, sent, now.UTC(), sent)
		return err
	}))
}

// streamsOf are the streams and their highest numbers that arrived.
func streamsOf(ctx context.Context, db Querier) (map[string]int64, error) {
	rows, err := db.QueryContext(ctx, "SELECT stream, MAX(stream_number) FROM webhook_logs WHERE stream IS NOT NULL GROUP BY stream")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var stream string
		var newest int64
		if err := rows.Scan(&stream, &newest); err != nil {
			return nil, err
		}
		out[stream] = newest
	}
	return out, rows.Err()
}

func noteStream(ctx context.Context, tx *sql.Tx, stream string, newest int64, now, lookAt time.Time) ([]Skipped, error) {
	if _, err := tx.ExecContext(ctx, "INSERT IGNORE INTO sync_streams (stream, mark, seen_at) VALUES (?, 0, ?)", stream, now); err != nil {
		return nil, err
	}
	var mark, sent int64
	if err := tx.QueryRowContext(ctx, "SELECT mark, sent FROM sync_streams WHERE stream = ? FOR UPDATE", stream).Scan(&mark, &sent); err != nil {
		return nil, err
	}
	// A transaction that had not committed yet when its number was passed.
	_, err := tx.ExecContext(ctx, "DELETE FROM sync_missing WHERE stream = ? AND EXISTS (SELECT 1 FROM webhook_logs w WHERE w.stream = sync_missing.stream AND w.stream_number = sync_missing.number)", stream)
	if err != nil || mark >= max(newest, sent) {
		return nil, err
	}
	arrived, err := arrivedAfter(ctx, tx, stream, mark)
	if err != nil {
		return nil, err
	}
	if sent > newest && len(arrived) < numbersAtOnce {
		arrived = append(arrived, sent+1) // as if the next one had arrived
	}
	skipped, gaps, mark := holes(stream, mark, arrived)
	if err := insertMissing(ctx, tx, stream, gaps, now, lookAt); err != nil {
		return nil, err
	}
	if sent > newest && mark > sent {
		mark = sent
	}
	_, err = tx.ExecContext(ctx, "UPDATE sync_streams SET mark = ? WHERE stream = ?", mark, stream)
	return skipped, err
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

func arrivedAfter(ctx context.Context, tx *sql.Tx, stream string, mark int64) ([]int64, error) {
	rows, err := tx.QueryContext(ctx, "SELECT DISTINCT stream_number FROM webhook_logs WHERE stream = ? AND stream_number > ? ORDER BY stream_number LIMIT ?", stream, mark, numbersAtOnce)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, rows.Err()
}

func insertMissing(ctx context.Context, tx *sql.Tx, stream string, numbers []int64, now, lookAt time.Time) error {
	for len(numbers) > 0 {
		n := min(len(numbers), widestGap)
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

// DueMissing are numbers that Odoo is to be asked about, of one stream.
func DueMissing(ctx context.Context, db Querier, now time.Time, limit int) (stream string, numbers []int64, err error) {
	rows, err := db.QueryContext(ctx, "SELECT m.stream, m.number FROM sync_missing m JOIN (SELECT stream FROM sync_missing WHERE look_at <= ? ORDER BY look_at LIMIT 1) due ON due.stream = m.stream"+
		" WHERE m.look_at <= ? ORDER BY m.number LIMIT ?", now.UTC(), now.UTC(), limit)
	if err != nil {
		return "", nil, mysqldb.Explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		if err := rows.Scan(&stream, &n); err != nil {
			return "", nil, mysqldb.Explain(err)
		}
		numbers = append(numbers, n)
	}
	return stream, numbers, mysqldb.Explain(rows.Err())
}

// CloseMissing ends numbers whose records were read, or about which nobody
// knows anything any more.
func CloseMissing(ctx context.Context, db Database, stream string, numbers []int64) error {
	return eachMissing(ctx, db, "DELETE FROM sync_missing WHERE stream = ? AND number IN (", []any{stream}, numbers)
}

// WaitMissing asks again later.
func WaitMissing(ctx context.Context, db Database, stream string, numbers []int64, lookAt time.Time) error {
	return eachMissing(ctx, db, "UPDATE sync_missing SET look_at = ? WHERE stream = ? AND number IN (", []any{lookAt.UTC(), stream}, numbers)
}

func eachMissing(ctx context.Context, db Database, statement string, args []any, numbers []int64) error {
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

// StreamState is how a stream stands.
type StreamState struct {
	Stream   string
	Sent     int64 // the highest number that Odoo has given out, as it told last; 0: it did not
	Newest   int64 // the highest number that arrived
	Missing  int64
	Received time.Time // when that number arrived
}

// Streams are all streams that were ever met.
func Streams(ctx context.Context, db Querier) ([]StreamState, error) {
	rows, err := db.QueryContext(ctx, "SELECT n.stream, COALESCE((SELECT s.sent FROM sync_streams s WHERE s.stream = n.stream), 0), n.newest, (SELECT COUNT(*) FROM sync_missing m WHERE m.stream = n.stream),"+
		" (SELECT MAX(w.received_us) FROM webhook_logs w WHERE w.stream = n.stream AND w.stream_number = n.newest)"+
		" FROM (SELECT stream, MAX(stream_number) AS newest FROM webhook_logs WHERE stream IS NOT NULL GROUP BY stream) n ORDER BY n.stream")
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	defer rows.Close()
	var out []StreamState
	for rows.Next() {
		var s StreamState
		if err := rows.Scan(&s.Stream, &s.Sent, &s.Newest, &s.Missing, &s.Received); err != nil {
			return nil, mysqldb.Explain(err)
		}
		out = append(out, s)
	}
	return out, mysqldb.Explain(rows.Err())
}
