package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
)

// ErrNoWebhook: the log has no such webhook.
var ErrNoWebhook = errors.New("no such webhook")

// Replay says which webhooks are worked again: some by their ids, or all that a
// filter of the log shows. It never takes those that were refused as they came (a body that is no
// event): they would be refused again, and name no record.
type Replay struct {
	IDs    []int64
	Status string    // "error", "success" or "pending"; "" with IDs
	Event  string    // only these, exactly
	Code   string    // only those with this error, exactly
	Search string    // only these, as LogFilter has it
	Since  time.Time // only those received since then; zero for all
	// OwnData: events are applied by their own data (webhooks.source: payload), so
	// that one whose data was erased cannot be worked again.
	OwnData bool
}

// Replayed is what became of them.
type Replayed struct {
	Again   int64 `json:"again"`            // finished ones that wait again, from their first attempt
	Hurried int64 `json:"hurried"`          // waiting ones that are due now
	Busy    int64 `json:"busy"`             // being worked right now, and left alone
	Erased  int64 `json:"erased,omitempty"` // left out: their data, or a later one's of the same time, was erased
}

// String says it for a person.
func (r Replayed) String() string {
	webhooks := func(n int64) string {
		if n == 1 {
			return "1 webhook"
		}
		return fmt.Sprintf("%d webhooks", n)
	}
	out := webhooks(r.Again) + " will be worked again"
	if r.Hurried > 0 {
		out += fmt.Sprintf("; %s waited already, and will be worked now", webhooks(r.Hurried))
	}
	if r.Busy > 0 {
		out += fmt.Sprintf("; %s left alone, being worked right now", webhooks(r.Busy))
	}
	if r.Erased > 0 {
		out += fmt.Sprintf("; %s left out, because values in their data, or in that of a later one of the same record and time, were erased", webhooks(r.Erased))
	}
	return out + "."
}

// perReplay bounds the rows of a transaction.
const perReplay = 1000

// Run makes the webhooks due now, and waits for nothing. They keep the time of
// their receipt and of their event. Later webhooks of the same record and event
// time come along: of two at one time the later receipt counts, where the
// events' own data is applied.
func (r Replay) Run(ctx context.Context, db *mysqldb.DB, now time.Time) (Replayed, error) {
	var out Replayed
	if len(r.IDs) > 0 {
		if err := r.known(ctx, db); err != nil {
			return out, err
		}
	}
	for after := int64(0); ; {
		ids, err := r.page(ctx, db, after)
		if err != nil || len(ids) == 0 {
			return out, mysqldb.Explain(err)
		}
		var page Replayed
		err = db.InTx(ctx, func(tx *sql.Tx) error {
			page, err = r.again(ctx, tx, now.UTC(), ids)
			return err
		})
		if err != nil {
			return out, err
		}
		out.Again, out.Hurried, out.Busy = out.Again+page.Again, out.Hurried+page.Hurried, out.Busy+page.Busy
		out.Erased += page.Erased
		after = ids[len(ids)-1].(int64)
	}
}

// workable is a webhook that was taken as an event once.
const workable = "model IS NOT NULL AND odoo_id IS NOT NULL AND NOT (status = 'error' AND attempts = 0)"

// known refuses ids of nothing that can be worked.
func (r Replay) known(ctx context.Context, db Querier) error {
	for _, id := range r.IDs {
		found, err := ids(ctx, db, "SELECT IF("+workable+", IF(body_sha IS NULL, 1, 2), 0) FROM webhook_logs WHERE id = ?", id)
		switch {
		case err != nil:
			return mysqldb.Explain(err)
		case len(found) == 0:
			return record.Wrap(record.CodeRejected, ErrNoWebhook, "there is no webhook %d in webhook_logs", id)
		case found[0].(int64) == 0:
			return record.Errorf(record.CodeRejected, "webhook %d was refused as it came (its error_message says why) and can only be sent again, mended", id)
		case found[0].(int64) == 2 && r.OwnData:
			return record.Errorf(record.CodeRejected, "webhook %d cannot be worked again: values in its data were erased (retention.redact, or odoosync forget), and its data is all there is to apply (webhooks.source: payload)", id)
		}
	}
	return nil
}

func (r Replay) page(ctx context.Context, db Querier, after int64) ([]any, error) {
	query, args, err := r.query(ctx, db, "w.id > ?", after)
	if err != nil || query == "" {
		return nil, err
	}
	return ids(ctx, db, "SELECT id FROM ("+query+") chosen ORDER BY id LIMIT ?", append(args, perReplay)...)
}

// Count tells how many webhooks are meant, as they stand now.
func (r Replay) Count(ctx context.Context, db Querier) (int64, error) {
	query, args, err := r.query(ctx, db, "TRUE")
	if err != nil || query == "" {
		return 0, mysqldb.Explain(err)
	}
	found, err := ids(ctx, db, "SELECT COUNT(*) FROM ("+query+") chosen", args...)
	if err != nil || len(found) == 0 {
		return 0, mysqldb.Explain(err)
	}
	return found[0].(int64), nil
}

// query is a statement for the ids of those that are meant, "" for none.
func (r Replay) query(ctx context.Context, db Querier, where string, args ...any) (string, []any, error) {
	where += " AND " + workable
	f := LogFilter{Status: r.Status, Event: r.Event, Code: r.Code, Search: r.Search, From: r.Since}
	switch {
	case len(r.IDs) > 0:
		where += " AND id IN (" + marks(len(r.IDs)) + ")"
		for _, id := range r.IDs {
			args = append(args, id)
		}
		f = LogFilter{From: r.Since}
	case r.Status+r.Event+r.Code+r.Search == "": // a filter that was forgotten takes nothing
		return "", nil, nil
	default: // second looks are of the daemon's own making
		where += " AND source <> '" + SourceRecheck + "'"
	}
	return f.all(ctx, db, where, args...)
}

func (r Replay) again(ctx context.Context, tx *sql.Tx, now time.Time, chosen []any) (out Replayed, err error) {
	// Locked in the order of ids, as a claim does. What is worked now is seen by
	// its lease.
	in := " id IN (" + marks(len(chosen)) + ")"
	if _, err = ids(ctx, tx, "SELECT id FROM webhook_logs WHERE"+in+" ORDER BY id FOR UPDATE", chosen...); err != nil {
		return out, err
	}
	if r.OwnData {
		all := int64(len(chosen))
		if chosen, err = whole(ctx, tx, chosen); err != nil || len(chosen) == 0 {
			return Replayed{Erased: all}, err
		}
		out.Erased, in = all-int64(len(chosen)), " id IN ("+marks(len(chosen))+")"
	}
	busy, err := ids(ctx, tx, "SELECT id FROM webhook_logs WHERE"+in+" AND status = 'pending' AND lease_until >= ?", append(chosen[:len(chosen):len(chosen)], now)...)
	if err != nil {
		return out, err
	}
	out.Busy = int64(len(busy))
	later, err := ids(ctx, tx, "SELECT DISTINCT l.id FROM webhook_logs w JOIN webhook_logs l ON l.model = w.model AND l.odoo_id = w.odoo_id AND l.event_time = w.event_time AND l.id > w.id"+
		" WHERE w.id IN ("+marks(len(chosen))+") AND w.status <> 'pending' AND l.status = 'success' AND l.source <> '"+SourceRecheck+"'", chosen...)
	if err != nil {
		return out, err
	}
	all := append(chosen[:len(chosen):len(chosen)], later...)
	free := " AND id IN (" + marks(len(all)) + ")"
	if out.Hurried, err = updated(ctx, tx, "UPDATE webhook_logs SET next_attempt_at = ? WHERE status = 'pending' AND (lease_until IS NULL OR lease_until < ?)"+free, append([]any{now, now}, all...)...); err != nil {
		return out, err
	}
	// The figures of their hours are counted anew.
	if _, err = updated(ctx, tx, "INSERT IGNORE INTO webhook_dirty (hour) SELECT DISTINCT DATE_FORMAT(received_at, '%Y-%m-%d %H:00:00') FROM webhook_logs WHERE status <> 'pending'"+free, all...); err != nil {
		return out, err
	}
	out.Again, err = updated(ctx, tx, "UPDATE webhook_logs SET status = 'pending', attempts = 0, next_attempt_at = ?, replayed_at = ?, error_message = NULL, error_code = NULL, processed_at = NULL,"+
		" outcome = NULL, finished_us = NULL, processing_us = NULL, lease_owner = NULL, lease_until = NULL WHERE status <> 'pending'"+free, append([]any{now, now}, all...)...)
	return out, err
}

// whole leaves out the webhooks whose data was erased, and those after which one
// of the same record and time came whose data was: its values would not come
// back over theirs.
func whole(ctx context.Context, tx *sql.Tx, chosen []any) ([]any, error) {
	return ids(ctx, tx, "SELECT w.id FROM webhook_logs w WHERE w.id IN ("+marks(len(chosen))+") AND w.body_sha IS NULL"+
		" AND NOT EXISTS (SELECT 1 FROM webhook_logs l WHERE l.model = w.model AND l.odoo_id = w.odoo_id AND l.event_time = w.event_time AND l.id > w.id AND l.body_sha IS NOT NULL) ORDER BY w.id", chosen...)
}

func updated(ctx context.Context, tx *sql.Tx, query string, args ...any) (int64, error) {
	result, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// ids reads a column of whole numbers, as arguments of the next statement.
func ids(ctx context.Context, db Querier, query string, args ...any) ([]any, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []any
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}
