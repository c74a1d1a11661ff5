package queue

import (
	"context"
	"encoding/json"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
)

// OutboxStats counts the edits that wait and those that were refused, and tells
// how long ago the first of the waiting ones was made. It reads the index of
// these alone, however many are done.
func OutboxStats(ctx context.Context, db Querier, now time.Time) (pending int64, oldest time.Duration, errors int64, err error) {
	rows, err := db.QueryContext(ctx, "SELECT counts.status = 'pending', counts.n, o.changed_at FROM"+
		" (SELECT status, COUNT(*) AS n, MIN(id) AS first_id FROM sync_outbox"+byTime+" WHERE status IN ('pending', 'error') GROUP BY status) counts"+
		" JOIN sync_outbox o ON o.id = counts.first_id")
	if err != nil {
		return 0, 0, 0, mysqldb.Explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var waits bool
		var n int64
		var first time.Time
		if err := rows.Scan(&waits, &n, &first); err != nil {
			return 0, 0, 0, mysqldb.Explain(err)
		}
		if waits {
			pending, oldest = n, max(0, now.Sub(first))
		} else {
			errors = n
		}
	}
	return pending, oldest, errors, mysqldb.Explain(rows.Err())
}

// PendingTimesTx tells for these rows of an entity when each column was last
// changed by an edit that Odoo has not heard of: one that waits, is being
// worked or was refused. A row with such an edit is in the result even where no
// column is known, as after a delete.
func PendingTimesTx(ctx context.Context, db Querier, entity string, localIDs []string) (map[string]map[string]time.Time, error) {
	out := map[string]map[string]time.Time{}
	for len(localIDs) > 0 {
		n := min(len(localIDs), perStatement)
		if err := pendingTimes(ctx, db, entity, localIDs[:n], out); err != nil {
			return nil, err
		}
		localIDs = localIDs[n:]
	}
	return out, nil
}

func pendingTimes(ctx context.Context, db Querier, entity string, localIDs []string, out map[string]map[string]time.Time) error {
	args := []any{entity}
	for _, id := range localIDs {
		args = append(args, id)
	}
	rows, err := db.QueryContext(ctx, "SELECT local_id, changed_columns, changed_at FROM sync_outbox"+byRecord+
		" WHERE entity = ? AND local_id IN ("+marks(len(localIDs))+") AND status IN ('pending', 'error')", args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var list []byte
		var at time.Time
		if err := rows.Scan(&id, &list, &at); err != nil {
			return err
		}
		var columns []string
		if list != nil {
			if err := json.Unmarshal(list, &columns); err != nil {
				return record.Wrap(record.CodeInternal, err, "the changed columns of an edit of %s %s cannot be read", entity, id)
			}
		}
		if out[id] == nil {
			out[id] = map[string]time.Time{}
		}
		for _, c := range columns {
			if at.After(out[id][c]) {
				out[id][c] = at
			}
		}
	}
	return rows.Err()
}
