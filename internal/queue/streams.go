package queue

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"odoosync/internal/mysqldb"
)

// A stream is what one configuration of Odoo's module sends; its numbers count
// up from 1. A row of sync_streams outlives the webhooks it came with.

// StreamNames are all streams that were ever met, in order.
func StreamNames(ctx context.Context, db Querier) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT stream FROM sync_streams UNION SELECT DISTINCT stream FROM webhook_logs WHERE stream IS NOT NULL ORDER BY 1")
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var stream string
		if err := rows.Scan(&stream); err != nil {
			return nil, mysqldb.Explain(err)
		}
		out = append(out, stream)
	}
	return out, mysqldb.Explain(rows.Err())
}

// NoteTold keeps what Odoo says of the streams it was asked about: the highest
// number that it has given out in each. A stream that it does not name is left alone
// until it does: it is somebody's invention, or hidden for a moment. One whose
// numbers went back below what was looked through, and that twice in a row (another
// daemon's answer may come late), belongs to a restored Odoo, which gives them out
// again: the numbers that arrived before count no more.
func NoteTold(ctx context.Context, db Database, now time.Time, asked []string, sent map[string]int64) error {
	for _, stream := range asked {
		err := db.InTx(ctx, func(tx *sql.Tx) error {
			s, err := lockStream(ctx, tx, stream, now.UTC())
			if err != nil {
				return err
			}
			told, known := sent[stream]
			s.known = sql.NullBool{Bool: known, Valid: true}
			if err := s.told(ctx, tx, told); known && err != nil {
				return err
			}
			return s.save(ctx, tx)
		})
		if err != nil {
			return mysqldb.Explain(err)
		}
	}
	return nil
}

// streamRow is a stream's row, locked.
type streamRow struct {
	stream   string
	mark     int64        // looked through up to here
	sent     int64        // the highest that Odoo has given out, as it told last; 0: it did not
	known    sql.NullBool // whether Odoo knows it; NULL: it was not asked
	newest   int64        // the highest that arrived and that Odoo can have sent
	newestAt sql.NullTime
	afterID  int64 // webhooks up to here are of a time before a restore
	wentBack bool  // Odoo said less than before when it told last
}

func lockStream(ctx context.Context, tx *sql.Tx, stream string, now time.Time) (*streamRow, error) {
	if _, err := tx.ExecContext(ctx, "INSERT IGNORE INTO sync_streams (stream, mark, seen_at) VALUES (?, 0, ?)", stream, now); err != nil {
		return nil, err
	}
	s := &streamRow{stream: stream}
	return s, s.scan(tx.QueryRowContext(ctx, selectStream+" FOR UPDATE", stream))
}

const selectStream = "SELECT mark, sent, known, newest, newest_at, after_id, went_back FROM sync_streams WHERE stream = ?"

func (s *streamRow) scan(row *sql.Row) error {
	return row.Scan(&s.mark, &s.sent, &s.known, &s.newest, &s.newestAt, &s.afterID, &s.wentBack)
}

type rowReader interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (s *streamRow) save(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, "UPDATE sync_streams SET mark = ?, sent = ?, known = ?, newest = ?, newest_at = ?, after_id = ?, went_back = ? WHERE stream = ?",
		s.mark, s.sent, s.known, s.newest, s.newestAt, s.afterID, s.wentBack, s.stream)
	return err
}

func (s *streamRow) invented() bool { return s.known.Valid && !s.known.Bool }

// limit is the highest number that Odoo can have sent.
func (s *streamRow) limit() int64 {
	if s.known.Valid {
		return s.sent
	}
	return 1 << 62
}

// told takes what Odoo has given out.
func (s *streamRow) told(ctx context.Context, tx *sql.Tx, sent int64) error {
	back := sent < s.mark
	if back && !s.wentBack {
		s.wentBack = true
		return nil
	}
	s.sent, s.wentBack = sent, false
	if !back {
		return nil
	}
	return s.restart(ctx, tx)
}

// lookBack is how many numbers are looked through again after a restore: those that
// were given out again and lost before anybody asked Odoo how far it is. Which of
// them are older than the restore is not known; their records are read once more.
const lookBack = 100

// restart begins anew behind the last webhook whose number is beyond what Odoo has
// given out: it is of before the restore, and with it all that arrived earlier.
func (s *streamRow) restart(ctx context.Context, tx *sql.Tx) error {
	if err := tx.QueryRowContext(ctx, "SELECT GREATEST(?, COALESCE(MAX(id), 0)) FROM webhook_logs WHERE stream = ? AND stream_number > ?", s.afterID, s.stream, s.sent).Scan(&s.afterID); err != nil {
		return err
	}
	first := s.sent
	if err := tx.QueryRowContext(ctx, "SELECT LEAST(?, COALESCE(MIN(stream_number), ?)) FROM webhook_logs WHERE stream = ? AND id > ?", first, first, s.stream, s.afterID).Scan(&first); err != nil {
		return err
	}
	s.mark, s.newest, s.newestAt = max(0, first-1-lookBack), 0, sql.NullTime{}
	_, err := tx.ExecContext(ctx, "DELETE FROM sync_missing WHERE stream = ? AND number > ?", s.stream, s.sent)
	return err
}

// readNewest finds the highest number that arrived, up to one.
func (s *streamRow) readNewest(ctx context.Context, q rowReader, upto int64) error {
	var newest int64
	var at time.Time
	err := q.QueryRowContext(ctx, "SELECT stream_number, received_us FROM webhook_logs WHERE stream = ? AND stream_number <= ? AND id > ? ORDER BY stream_number DESC, id DESC LIMIT 1", s.stream, upto, s.afterID).Scan(&newest, &at)
	switch {
	case errors.Is(err, sql.ErrNoRows): // none, or their webhooks were deleted since
		return nil
	case err == nil && newest >= s.newest:
		s.newest, s.newestAt = newest, sql.NullTime{Time: at, Valid: true}
	}
	return err
}

// arrived are the numbers behind the mark, in order.
func (s *streamRow) arrived(ctx context.Context, tx *sql.Tx) ([]int64, error) {
	rows, err := tx.QueryContext(ctx, "SELECT DISTINCT stream_number FROM webhook_logs WHERE stream = ? AND stream_number > ? AND stream_number <= ? AND id > ? ORDER BY stream_number LIMIT ?",
		s.stream, s.mark, s.limit(), s.afterID, numbersAtOnce)
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

// StreamState is how a stream stands.
type StreamState struct {
	Stream   string
	Sent     int64 // the highest number that Odoo has given out, as it told last; 0: it did not
	Newest   int64 // the highest number that arrived
	Missing  int64
	Received time.Time // when that number arrived; zero for none
}

// Streams are the streams that were ever met and that Odoo does not disown. What
// arrived since the last look is counted as far as Odoo can have sent it by then.
func Streams(ctx context.Context, db interface {
	Querier
	rowReader
}) ([]StreamState, error) {
	names, err := StreamNames(ctx, db)
	if err != nil {
		return nil, err
	}
	var out []StreamState
	for _, name := range names {
		s := StreamState{Stream: name}
		row, err := readStream(ctx, db, name)
		if err != nil {
			return nil, mysqldb.Explain(err)
		}
		if row.invented() {
			continue
		}
		s.Sent, s.Newest, s.Received = row.sent, row.newest, row.newestAt.Time
		if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM sync_missing WHERE stream = ?", name).Scan(&s.Missing); err != nil {
			return nil, mysqldb.Explain(err)
		}
		out = append(out, s)
	}
	return out, nil
}

// readStream is a stream's row as it stands, with what arrived since.
func readStream(ctx context.Context, q rowReader, stream string) (*streamRow, error) {
	s := &streamRow{stream: stream}
	if err := s.scan(q.QueryRowContext(ctx, selectStream, stream)); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	upto := s.limit()
	if s.known.Valid {
		upto += widestGap // it may have sent more since, but hardly more than that
	}
	return s, s.readNewest(ctx, q, upto)
}
