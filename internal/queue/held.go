package queue

import (
	"context"
	"database/sql"
	"time"

	"odoosync/internal/mysqldb"
)

// HeldPrefix begins the reason of work that the deletion brake holds.
const HeldPrefix = "held: "

// execer is what HurryHeld needs.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// HurryHeld makes what was held due now: somebody has let it through.
func HurryHeld(ctx context.Context, db execer, now time.Time) error {
	for _, table := range []string{"webhook_logs", "sync_outbox"} {
		_, err := db.ExecContext(ctx, "UPDATE "+table+" SET next_attempt_at = ? WHERE status = 'pending' AND error_message LIKE '"+HeldPrefix+"%'", now.UTC())
		if err != nil {
			return mysqldb.Explain(err)
		}
	}
	return nil
}

// HeldDeletes counts, by entity, the records and rows whose delete the brake
// holds. What a halted model keeps waiting is not among them.
func HeldDeletes(ctx context.Context, db Querier) (map[string]int64, error) {
	const reason = "'" + HeldPrefix + "% deletes of % in %'"
	// The reason names the entity, which a webhook's model alone would not.
	const entity = "SUBSTRING_INDEX(SUBSTRING_INDEX(error_message, ' deletes of ', -1), ' in ', 1)"
	rows, err := db.QueryContext(ctx, "SELECT held, SUM(n) FROM (SELECT "+entity+" AS held, COUNT(DISTINCT model, odoo_id) AS n FROM webhook_logs"+
		" WHERE status = 'pending' AND error_message LIKE "+reason+" GROUP BY held"+
		" UNION ALL SELECT entity, COUNT(DISTINCT local_id) FROM sync_outbox WHERE status = 'pending' AND error_message LIKE "+reason+" GROUP BY entity) both_sides GROUP BY held")
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var name string
		var n int64
		if err := rows.Scan(&name, &n); err != nil {
			return nil, mysqldb.Explain(err)
		}
		out[name] = n
	}
	return out, mysqldb.Explain(rows.Err())
}
