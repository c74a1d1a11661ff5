package queue

import (
	"context"
	"database/sql"
	"strings"
	"time"
)

// Claim leases due events, oldest first, records whole: up to limit events,
// plus what else there is of the last record. A due event brings along those of
// its record that wait for a retry or for a side that was away: what it tells
// may be the mend, and they keep their order. Records of which another worker holds an event are left out.
func (q *Inbox) Claim(ctx context.Context, limit int, lease time.Duration) ([]Event, error) {
	var events []Event
	err := q.db.InTx(ctx, func(tx *sql.Tx) error {
		now := q.now()
		records, err := q.dueRecords(ctx, tx, now, limit)
		if err != nil || len(records) == 0 {
			events = nil
			return err
		}
		events, err = q.lockEvents(ctx, tx, now, records)
		if err != nil || len(events) == 0 {
			return err
		}
		args := []any{q.owner, now.Add(lease)}
		for _, e := range events {
			args = append(args, e.ID)
		}
		_, err = tx.ExecContext(ctx, "UPDATE webhook_logs SET lease_owner = ?, lease_until = ? WHERE id IN ("+marks(len(events))+")", args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return events, nil
}

type recordKey struct {
	model string
	id    int64
}

// dueRecords finds the records with due events. FOR UPDATE SKIP LOCKED on the
// events makes two claimers pick different ones.
func (q *Inbox) dueRecords(ctx context.Context, tx *sql.Tx, now time.Time, limit int) ([]recordKey, error) {
	rows, err := tx.QueryContext(ctx, "SELECT model, odoo_id FROM webhook_logs w"+
		" WHERE status = 'pending' AND next_attempt_at <= ? AND (lease_until IS NULL OR lease_until < ?)"+
		" AND NOT EXISTS (SELECT 1 FROM webhook_logs held WHERE held.model = w.model AND held.odoo_id = w.odoo_id"+
		" AND held.status = 'pending' AND held.lease_until >= ?)"+
		" ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED", now, now, now, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	seen := map[recordKey]bool{}
	var out []recordKey
	for rows.Next() {
		var k recordKey
		if err := rows.Scan(&k.model, &k.id); err != nil {
			return nil, err
		}
		if !seen[k] {
			seen[k] = true
			out = append(out, k)
		}
	}
	return out, rows.Err()
}

// lockEvents locks every pending event of these records and keeps the records
// that are free and whole. The lock is waited for here, in the order of ids:
// another claimer that holds a part of a record will have leased it by then.
func (q *Inbox) lockEvents(ctx context.Context, tx *sql.Tx, now time.Time, records []recordKey) ([]Event, error) {
	args := make([]any, 0, 2*len(records))
	for _, r := range records {
		args = append(args, r.model, r.id)
	}
	rows, err := tx.QueryContext(ctx, "SELECT id, event_type, model, odoo_id, COALESCE(event_data, ''), body, source, COALESCE(delivery_id, ''),"+
		" event_time, received_us, attempts, next_attempt_at, lease_until, body_sha IS NOT NULL FROM webhook_logs"+
		" WHERE status = 'pending' AND (model, odoo_id) IN ((?, ?)"+strings.Repeat(", (?, ?)", len(records)-1)+") ORDER BY id FOR UPDATE", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	busy, due := map[recordKey]bool{}, map[recordKey]bool{}
	var all []Event
	for rows.Next() {
		var e Event
		var at, leased sql.NullTime
		var next time.Time
		if err := rows.Scan(&e.ID, &e.Type, &e.Model, &e.OdooID, &e.Data, &e.Body, &e.Source, &e.DeliveryID, &at, &e.ReceivedAt, &e.Attempts, &next, &leased, &e.Erased); err != nil {
			return nil, err
		}
		e.EventTime = at.Time
		k := recordKey{e.Model, e.OdooID}
		switch {
		case leased.Valid && !leased.Time.Before(now):
			busy[k] = true
		case !next.After(now):
			due[k] = true
			all = append(all, e)
		case e.Source != SourceRecheck: // a second look keeps its time
			all = append(all, e)
		}
	}
	var free []Event
	for _, e := range all {
		if k := (recordKey{e.Model, e.OdooID}); due[k] && !busy[k] {
			free = append(free, e)
		}
	}
	return free, rows.Err()
}

func marks(n int) string { return "?" + strings.Repeat(", ?", n-1) }
