package queue

import (
	"context"
	"time"

	"odoosync/internal/mysqldb"
)

// OldestByModel tells when the oldest webhook that waits was received, by Odoo's
// model. Second looks that are planned are no backlog.
func OldestByModel(ctx context.Context, db Querier) (map[string]time.Time, error) {
	return oldest(ctx, db, "SELECT model, MIN(received_us) FROM webhook_logs WHERE status = 'pending' AND model IS NOT NULL AND source <> '"+SourceRecheck+"' GROUP BY model")
}

// OldestByEntity tells when the oldest edit that waits for Odoo was made, by
// entity.
func OldestByEntity(ctx context.Context, db Querier) (map[string]time.Time, error) {
	return oldest(ctx, db, "SELECT entity, MIN(changed_at) FROM sync_outbox WHERE status = 'pending' GROUP BY entity")
}

func oldest(ctx context.Context, db Querier, query string) (map[string]time.Time, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	defer rows.Close()
	out := map[string]time.Time{}
	for rows.Next() {
		var name string
		var at time.Time
		if err := rows.Scan(&name, &at); err != nil {
			return nil, mysqldb.Explain(err)
		}
		out[name] = at
	}
	return out, mysqldb.Explain(rows.Err())
}
