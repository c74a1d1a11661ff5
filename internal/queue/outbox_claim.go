package queue

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"
)

// errRaced: another claimer took a part of what we were about to take.
var errRaced = errors.New("another worker was faster")

// claimTries is how often Claim begins anew after a race.
const claimTries = 3

// Claim leases due edits, records whole: up to limit edits, and what else there
// is of their records, those in error too, ordered by id. Records of which
// another worker holds an edit are left out. Which records come first is told
// in the package's documentation.
func (q *Outbox) Claim(ctx context.Context, limit int, lease time.Duration) ([]Edit, error) {
	turn := q.turn.Add(1)
	var edits []Edit
	var err error
	for range claimTries {
		err = q.db.InTx(ctx, func(tx *sql.Tx) error {
			now := q.now()
			records, err := q.dueRecords(ctx, tx, now, limit, turn)
			if err != nil || len(records) == 0 {
				edits = nil
				return err
			}
			if edits, err = wholeRecords(ctx, tx, now, records); err != nil || len(edits) == 0 {
				return err
			}
			return q.lease(ctx, tx, now, lease, edits)
		})
		if !errors.Is(err, errRaced) {
			break
		}
	}
	if errors.Is(err, errRaced) {
		return nil, nil // what is left comes with the next claim
	}
	if err != nil {
		return nil, err
	}
	return edits, nil
}

// The indexes are named in the statements: a queue's statistics are of
// yesterday, and by them a server soon reads all that is done to find the few
// edits that wait.
const (
	byTime   = " FORCE INDEX (idx_outbox_due)"
	byRecord = " FORCE INDEX (idx_outbox_record)"
	byID     = " FORCE INDEX (PRIMARY)"
)

// free are the edits that may be handed out: due, not leased, and of a record
// of which nobody holds another edit. That is asked by a value and not by NOT
// EXISTS, which a server may turn into a join with all that waits.
const free = "status = 'pending' AND next_attempt_at <= ? AND (lease_until IS NULL OR lease_until < ?)" +
	" AND COALESCE((SELECT MAX(held.lease_until) FROM sync_outbox held" + byRecord + " WHERE held.entity = o.entity AND held.local_id = o.local_id" +
	" AND held.status = 'pending') < ?, TRUE)"

// dueRecords chooses the records of a claim: a quarter from the newest end, a
// quarter by statements in turn, the rest from the oldest end. A claim of less
// than four edits cannot be shared, so such claims take turns.
func (q *Outbox) dueRecords(ctx context.Context, tx *sql.Tx, now time.Time, limit int, turn uint64) ([]recordOf, error) {
	newest, statements := limit/4, limit/4
	if limit < 4 {
		newest, statements = 0, 0
		switch turn % 3 {
		case 1:
			newest = limit
		case 2:
			statements = limit
		}
	}
	c := &choice{tx: tx, now: now, only: q.only(), ids: map[int64]bool{}, seen: map[recordOf]bool{}}
	if _, err := c.take(ctx, time.Time{}, " ORDER BY next_attempt_at DESC, id DESC LIMIT ?", newest); err != nil {
		return nil, err
	}
	if err := c.takeInTurn(ctx, statements); err != nil {
		return nil, err
	}
	_, err := c.take(ctx, time.Time{}, oldestFirst, limit-len(c.ids))
	return c.records, err
}

// scope narrows a claim to some records.
type scope struct {
	where string
	args  []any
}

func (q *Outbox) only() (s scope) {
	for column, texts := range map[string][]string{"entity": q.entities, "local_id": q.localIDs} {
		if len(texts) == 0 {
			continue
		}
		s.where += " AND " + column + " IN (" + marks(len(texts)) + ")"
		for _, text := range texts {
			s.args = append(s.args, text)
		}
	}
	return s
}

const oldestFirst = " ORDER BY next_attempt_at, id LIMIT ?"

// choice collects the records of a claim. FOR UPDATE SKIP LOCKED makes two
// claimers pick different edits, and lets neither wait for an API that has not
// committed yet.
type choice struct {
	tx      *sql.Tx
	now     time.Time
	only    scope
	ids     map[int64]bool
	seen    map[recordOf]bool
	records []recordOf
}

// takeInTurn chooses an edit of each of the n oldest statements. All edits of
// one statement have one time, so each step is a jump in the index. (As one
// recursive query it would be a walk over every edit: the servers do not use an
// index for a bound that comes from the step before.)
func (c *choice) takeInTurn(ctx context.Context, n int) error {
	var at time.Time
	for range n {
		next, err := c.take(ctx, at, oldestFirst, 1)
		if err != nil || next.IsZero() {
			return err
		}
		at = next
	}
	return nil
}

// take chooses up to n more edits in that order, of those due after a time, and
// returns when the last of them was due.
func (c *choice) take(ctx context.Context, after time.Time, order string, n int) (last time.Time, err error) {
	if n <= 0 {
		return last, nil
	}
	where, args := free+c.only.where, append([]any{c.now, c.now, c.now}, c.only.args...)
	if !after.IsZero() {
		where, args = where+" AND next_attempt_at > ?", append(args, after)
	}
	if len(c.ids) > 0 {
		where += " AND id NOT IN (" + marks(len(c.ids)) + ")"
		for id := range c.ids {
			args = append(args, id)
		}
	}
	rows, err := c.tx.QueryContext(ctx, "SELECT id, entity, local_id, next_attempt_at FROM sync_outbox o"+byTime+" WHERE "+where+order+" FOR UPDATE SKIP LOCKED", append(args, n)...)
	if err != nil {
		return last, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var r recordOf
		if err := rows.Scan(&id, &r.entity, &r.localID, &last); err != nil {
			return last, err
		}
		c.ids[id] = true
		if !c.seen[r] {
			c.seen[r] = true
			c.records = append(c.records, r)
		}
	}
	return last, rows.Err()
}

// wholeRecords returns all edits of these records, but for records that are not
// ours to take. A record belongs to the claimer that has locked its first
// pending edit; the list is read without locks, so that edits an API has not
// committed are not waited for.
func wholeRecords(ctx context.Context, tx *sql.Tx, now time.Time, records []recordOf) ([]Edit, error) {
	where, args := whereRecords(records)
	heads, err := ids(ctx, tx, "SELECT MIN(id) FROM sync_outbox"+byRecord+" WHERE "+where+" AND status = 'pending' GROUP BY entity, local_id", args...)
	if err != nil || len(heads) == 0 {
		return nil, err
	}
	locked, err := ids(ctx, tx, "SELECT id FROM sync_outbox"+byID+" WHERE status = 'pending' AND id IN ("+marks(len(heads))+") FOR UPDATE SKIP LOCKED", heads...)
	if err != nil {
		return nil, err
	}
	rows, err := tx.QueryContext(ctx, "SELECT id, entity, local_id, op, changed_columns, changed_at, attempts, status = 'pending', COALESCE(lease_until >= ?, FALSE)"+
		" FROM sync_outbox"+byRecord+" WHERE "+where+" AND status IN ('pending', 'error') ORDER BY id", append([]any{now}, args...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	ours := map[any]bool{}
	for _, id := range locked {
		ours[id] = true
	}
	mine := map[recordOf]bool{}
	var all []Edit
	for rows.Next() {
		e, pending, leased, err := scanEdit(rows)
		if err != nil {
			return nil, err
		}
		r := recordOf{e.Entity, e.LocalID}
		if _, judged := mine[r]; !judged && pending {
			mine[r] = ours[e.ID]
		}
		if leased {
			mine[r] = false
		}
		all = append(all, e)
	}
	var out []Edit
	for _, e := range all {
		if mine[recordOf{e.Entity, e.LocalID}] {
			out = append(out, e)
		}
	}
	return out, rows.Err()
}

func scanEdit(rows *sql.Rows) (e Edit, pending, leased bool, err error) {
	var columns []byte
	if err = rows.Scan(&e.ID, &e.Entity, &e.LocalID, &e.Op, &columns, &e.ChangedAt, &e.Attempts, &pending, &leased); err == nil && columns != nil {
		err = json.Unmarshal(columns, &e.Columns)
	}
	return e, pending, leased, err
}

// lease takes the edits, and sets those in error back. It takes all or none:
// where another claimer saw the record begin with an earlier edit than we did,
// it has taken some of them by now.
func (q *Outbox) lease(ctx context.Context, tx *sql.Tx, now time.Time, lease time.Duration, edits []Edit) error {
	args := []any{q.owner, now.Add(lease), now}
	for _, e := range edits {
		args = append(args, e.ID)
	}
	result, err := tx.ExecContext(ctx, "UPDATE sync_outbox SET status = 'pending', lease_owner = ?, lease_until = ?"+
		" WHERE status IN ('pending', 'error') AND (lease_until IS NULL OR lease_until < ?) AND id IN ("+marks(len(edits))+")", args...)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected() // rows found: the connection asks for that
	if err == nil && n != int64(len(edits)) {
		return errRaced
	}
	return err
}
