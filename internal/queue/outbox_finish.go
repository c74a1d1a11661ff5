package queue

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
)

// CompleteTx ends claimed edits in the transaction that served them.
func (q *Outbox) CompleteTx(ctx context.Context, tx *sql.Tx, ids []int64) error {
	return q.endTx(ctx, tx, "status = 'done', error_message = NULL, lease_owner = NULL, lease_until = NULL", ids)
}

const refused = "status = 'error', error_message = ?, attempts = attempts + 1, lease_owner = NULL, lease_until = NULL"

// FailTx ends edits that Odoo refused, in the transaction that notes the refusal
// on the record. They are tried again only together with a later edit of it.
func (q *Outbox) FailTx(ctx context.Context, tx *sql.Tx, ids []int64, cause error) error {
	return q.endTx(ctx, tx, refused, ids, record.Message(cause))
}

// Retry notes a failed attempt, the one after attempts others, and plans the
// next. It never gives up: what passes will pass.
func (q *Outbox) Retry(ctx context.Context, ids []int64, attempts int, cause error) error {
	pause := pauses[min(max(attempts, 0), len(pauses)-1)]
	if attempts > 1 {
		pause += time.Duration(rand.Int64N(int64(pause) / 5))
	}
	return q.update(ctx, "attempts = attempts + 1, next_attempt_at = ?, error_message = ?, lease_owner = NULL, lease_until = NULL",
		ids, q.now().Add(pause), record.Message(cause))
}

// Postpone gives edits back until a side is reachable again. It costs no
// attempt.
func (q *Outbox) Postpone(ctx context.Context, ids []int64, until time.Time, reason error) error {
	return q.update(ctx, "next_attempt_at = ?, error_message = ?, lease_owner = NULL, lease_until = NULL", ids, until.UTC(), record.Message(reason))
}

// Release gives claimed edits back untouched.
func (q *Outbox) Release(ctx context.Context, ids []int64) error {
	return q.update(ctx, "lease_owner = NULL, lease_until = NULL", ids)
}

// Extend keeps claimed edits for longer.
func (q *Outbox) Extend(ctx context.Context, ids []int64, lease time.Duration) error {
	return q.update(ctx, "lease_until = ?", ids, q.now().Add(lease))
}

// ours are the condition that holds for edits of our lease alone, and its
// arguments after those of SET.
func (q *Outbox) ours(ids []int64, values []any) (string, []any) {
	args := append(append([]any{}, values...), q.owner)
	for _, id := range ids {
		args = append(args, id)
	}
	return " WHERE " + oursWhere(len(ids)), args
}

func (q *Outbox) update(ctx context.Context, set string, ids []int64, values ...any) error {
	if len(ids) == 0 {
		return nil
	}
	where, args := q.ours(ids, values)
	_, err := q.db.ExecContext(ctx, "UPDATE sync_outbox SET "+set+where, args...)
	return mysqldb.Explain(err)
}

// endTx changes all of these edits or errs.
func (q *Outbox) endTx(ctx context.Context, tx *sql.Tx, set string, ids []int64, values ...any) error {
	if len(ids) == 0 {
		return nil
	}
	where, args := q.ours(ids, values)
	result, err := tx.ExecContext(ctx, "UPDATE sync_outbox SET "+set+where, args...)
	if err != nil {
		return err
	}
	return allOurs(result, len(ids))
}
