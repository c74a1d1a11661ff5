package queue

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
)

// ErrLeaseLost: another worker has taken the events over, because our lease
// ran out. What we did about them must be rolled back.
var ErrLeaseLost = errors.New("the lease on the events was lost")

// pauses before each attempt after the first, as the guide wants the first
// ones: after 2 and 4 seconds, then slower. After the last the event has failed.
var pauses = []time.Duration{2 * time.Second, 4 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute,
	15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour}

// CompleteTx ends claimed events in the transaction that served them.
func (q *Inbox) CompleteTx(ctx context.Context, tx *sql.Tx, ids []int64, outcome string) error {
	if len(ids) == 0 {
		return nil
	}
	now := q.now()
	args := append([]any{now, outcome, now, now}, q.ours(ids)...)
	result, err := tx.ExecContext(ctx, "UPDATE webhook_logs SET status = 'success', processed_at = ?, outcome = ?, finished_us = ?,"+
		" processing_us = TIMESTAMPDIFF(MICROSECOND, COALESCE(replayed_at, received_us), ?), error_message = NULL, error_code = NULL, lease_owner = NULL, lease_until = NULL"+
		" WHERE "+oursWhere(len(ids)), args...)
	if err != nil {
		return err
	}
	return allOurs(result, len(ids))
}

// allOurs errs when an update of claimed rows did not find all of them.
func allOurs(result sql.Result, want int) error {
	n, err := result.RowsAffected()
	if err == nil && n != int64(want) {
		return record.Wrap(record.CodeRetryable, ErrLeaseLost, "the work took longer than its lease and was given to another worker")
	}
	return err
}

func oursWhere(n int) string {
	return "status = 'pending' AND lease_owner = ? AND id IN (" + marks(n) + ")"
}

func (q *Inbox) ours(ids []int64) []any {
	args := []any{q.owner}
	for _, id := range ids {
		args = append(args, id)
	}
	return args
}

// Retry notes a failed attempt and plans the next, or, after the last, ends
// the event as failed.
func (q *Inbox) Retry(ctx context.Context, e Event, cause error) (gaveUp bool, err error) {
	if e.Attempts >= len(pauses) {
		return true, q.Fail(ctx, []int64{e.ID}, cause)
	}
	pause := pauses[e.Attempts]
	if e.Attempts > 1 {
		pause += time.Duration(rand.Int64N(int64(pause) / 5))
	}
	return false, q.update(ctx, "attempts = attempts + 1, next_attempt_at = ?, error_message = ?, error_code = ?, lease_owner = NULL, lease_until = NULL",
		[]int64{e.ID}, q.now().Add(pause), record.Message(cause), codeOf(cause))
}

// codeOf is an error's code as error_code holds it.
func codeOf(err error) any { return text(string(record.CodeOf(err))) }

// Fail ends events that were refused, with the reason.
func (q *Inbox) Fail(ctx context.Context, ids []int64, cause error) error {
	now := q.now()
	return q.update(ctx, "status = 'error', processed_at = ?, outcome = 'failed', finished_us = ?, error_message = ?, error_code = ?, attempts = attempts + 1,"+
		" lease_owner = NULL, lease_until = NULL", ids, now, now, record.Message(cause), codeOf(cause))
}

// Postpone gives events back until a side is reachable again. It costs no
// attempt.
func (q *Inbox) Postpone(ctx context.Context, ids []int64, until time.Time, reason error) error {
	return q.update(ctx, "next_attempt_at = ?, error_message = ?, error_code = ?, lease_owner = NULL, lease_until = NULL", ids, until.UTC(), record.Message(reason), codeOf(reason))
}

// Release gives claimed events back untouched.
func (q *Inbox) Release(ctx context.Context, ids []int64) error {
	return q.update(ctx, "lease_owner = NULL, lease_until = NULL", ids)
}

// Extend prolongs the leases of claimed events.
func (q *Inbox) Extend(ctx context.Context, ids []int64, lease time.Duration) error {
	return q.update(ctx, "lease_until = ?", ids, q.now().Add(lease))
}

func (q *Inbox) update(ctx context.Context, set string, ids []int64, values ...any) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := q.db.ExecContext(ctx, "UPDATE webhook_logs SET "+set+" WHERE "+oursWhere(len(ids)), append(values, q.ours(ids)...)...)
	return mysqldb.Explain(err)
}

// LookAgainTx plans second looks at a record, in the transaction that ends the
// claimed events about it: so long from now, each an event of its own, so that
// the log shows the first as done and why there is a second. A second look
// plans no third, and one that is planned for about that time already serves.
func (q *Inbox) LookAgainTx(ctx context.Context, tx *sql.Tx, ids []int64, after []time.Duration) error {
	now := q.now()
	for _, d := range after {
		args := []any{now, now.Add(d), now}
		for _, id := range ids {
			args = append(args, id)
		}
		args = append(args, now.Add(d/2))
		_, err := tx.ExecContext(ctx, "INSERT INTO webhook_logs (event_type, event_data, received_at, model, odoo_id, event_time, body, source, request_id, next_attempt_at, received_us, subject)"+
			" SELECT event_type, event_data, ?, model, odoo_id, event_time, '', '"+SourceRecheck+"', request_id, ?, ?, subject FROM webhook_logs told"+
			" WHERE id IN ("+marks(len(ids))+") AND source <> '"+SourceRecheck+"'"+
			" AND NOT EXISTS (SELECT 1 FROM webhook_logs planned WHERE planned.model = told.model AND planned.odoo_id = told.odoo_id"+
			" AND planned.status = 'pending' AND planned.source = '"+SourceRecheck+"' AND planned.next_attempt_at >= ?) ORDER BY id DESC LIMIT 1", args...)
		if err != nil {
			return err
		}
	}
	return nil
}
