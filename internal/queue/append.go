package queue

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
)

// appending is an Append that waits for its commit.
type appending struct {
	event    Event
	rejected string // why it is logged and not worked, "" for work
	result   chan appended
}

type appended struct {
	duplicate bool
	err       error
}

// Append stores an event durably. duplicate means that a delivery with the
// same id was stored before: there is nothing to do. After an error the event
// may still have been stored; that is harmless, a doubled event merges to
// nothing.
func (q *Inbox) Append(ctx context.Context, e Event) (duplicate bool, err error) {
	return q.append(ctx, e, "")
}

// AppendRejected logs an event that will not be worked, with the reason.
func (q *Inbox) AppendRejected(ctx context.Context, e Event, reason string) error {
	e.DeliveryID, e.Place = "", Place{} // a mended delivery may come again under its id and number
	_, err := q.append(ctx, e, reason)
	return err
}

func (q *Inbox) append(ctx context.Context, e Event, rejected string) (bool, error) {
	a := &appending{event: e, rejected: rejected, result: make(chan appended, 1)}
	stopped := record.Errorf(record.CodeUnavailable, "the receiver is stopping")
	select {
	case q.pending <- a:
	case <-q.quit:
		return false, stopped
	case <-ctx.Done():
		return false, record.Wrap(record.CodeUnavailable, ctx.Err(), "the event could not be stored in time")
	}
	select {
	case r := <-a.result:
		return r.duplicate, r.err
	case <-q.done:
		select {
		case r := <-a.result:
			return r.duplicate, r.err
		default:
			return false, stopped
		}
	case <-ctx.Done():
		return false, record.Wrap(record.CodeUnavailable, ctx.Err(), "the event could not be stored in time")
	}
}

// commitLoop stores what has queued up since the last commit, in one
// transaction, again and again.
func (q *Inbox) commitLoop() {
	defer close(q.done)
	for {
		select {
		case <-q.quit:
			return
		case first := <-q.pending:
			q.commit(q.gather(first))
		}
	}
}

// commitBytes bounds the bodies of a shared commit, well under the 16 MiB that
// servers take in a statement by default.
const commitBytes = 4 << 20

func (q *Inbox) gather(first *appending) []*appending {
	batch := []*appending{first}
	for bytes := first.size(); len(batch) < q.batch && bytes < commitBytes; {
		select {
		case a := <-q.pending:
			batch = append(batch, a)
			bytes += a.size()
		default:
			return batch
		}
	}
	return batch
}

func (a *appending) size() int { return len(a.event.Body) + len(a.event.Data) }

// commitTimeout bounds a commit; senders are told 503 and come again.
const commitTimeout = 15 * time.Second

// commit stores a batch; when the server refuses it, one by one, so that one
// bad event spoils no other's commit.
func (q *Inbox) commit(batch []*appending) {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	seen, err := q.insert(ctx, batch)
	if err != nil && len(batch) > 1 && record.CodeOf(err) != record.CodeUnavailable {
		for _, a := range batch {
			q.commit([]*appending{a})
		}
		return
	}
	for _, a := range batch {
		a.result <- appended{duplicate: seen[a], err: err}
	}
	if err == nil {
		q.signal()
	}
}

const insertColumns = "event_type, event_data, status, error_message, received_at, processed_at, model, odoo_id, event_time," +
	" body, source, delivery_id, request_id, next_attempt_at, outcome, received_us, finished_us, stream, stream_number, origin, subject, error_code"

const insertMarks = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

// insert writes the batch and tells which deliveries were there before, in the
// table or twice in the batch. Nearly always that is one statement, which
// commits by itself and saves the trips of a transaction; only when a delivery
// turns out to be known is it done again the long way.
func (q *Inbox) insert(ctx context.Context, batch []*appending) (map[*appending]bool, error) {
	now := q.now()
	query, args := insertStatement(batch, nil, now)
	_, err := q.db.ExecContext(ctx, query, args...)
	if err == nil || !mysqldb.IsDuplicate(err) {
		return nil, mysqldb.Explain(err)
	}
	seen := map[*appending]bool{}
	err = q.db.InTx(ctx, func(tx *sql.Tx) error {
		clear(seen)
		known, err := knownDeliveries(ctx, tx, batch)
		if err != nil {
			return err
		}
		for _, a := range batch {
			if id := a.event.DeliveryID; id != "" {
				seen[a] = known[id]
				known[id] = true
			}
		}
		query, args := insertStatement(batch, seen, now)
		if query == "" {
			return nil
		}
		_, err = tx.ExecContext(ctx, query, args...)
		return err
	})
	return seen, err
}

// insertStatement writes all of a batch but what was seen; "" for nothing.
func insertStatement(batch []*appending, seen map[*appending]bool, now time.Time) (string, []any) {
	args := make([]any, 0, len(batch)*22)
	rows := 0
	for _, a := range batch {
		if !seen[a] {
			args = append(args, a.args(now)...)
			rows++
		}
	}
	if rows == 0 {
		return "", nil
	}
	return "INSERT INTO webhook_logs (" + insertColumns + ") VALUES " + insertMarks + strings.Repeat(", "+insertMarks, rows-1), args
}

func knownDeliveries(ctx context.Context, tx *sql.Tx, batch []*appending) (map[string]bool, error) {
	known := map[string]bool{}
	var ids []any
	for _, a := range batch {
		if a.event.DeliveryID != "" {
			ids = append(ids, a.event.DeliveryID)
		}
	}
	if len(ids) == 0 {
		return known, nil
	}
	rows, err := tx.QueryContext(ctx, "SELECT delivery_id FROM webhook_logs WHERE delivery_id IN (?"+strings.Repeat(", ?", len(ids)-1)+")", ids...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		known[id] = true
	}
	return known, rows.Err()
}

func (a *appending) args(now time.Time) []any {
	e := a.event
	received := e.ReceivedAt
	if received.IsZero() {
		received = now
	}
	status, outcome, finished, processed, code := "pending", any(nil), any(nil), any(nil), any(nil)
	if a.rejected != "" {
		status, outcome, finished, processed, code = "error", OutcomeFailed, now, now, string(record.CodeRejected)
	}
	body := e.Body
	if body == nil {
		body = []byte{}
	}
	var data any
	if len(e.Data) > 0 {
		data = string(e.Data)
	}
	return []any{cut(e.Type, 100), data, status, text(a.rejected), received.UTC(), processed, text(e.Model), id(e.OdooID), when(e.EventTime),
		body, e.Source, text(e.DeliveryID), text(e.RequestID), received.UTC(), outcome, received.UTC(), finished,
		text(e.Place.Stream), id(e.Place.Number), text(e.Origin), text(Subject(e.Data)), code}
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func id(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

func when(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}
