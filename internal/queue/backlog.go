package queue

import (
	"context"

	"odoosync/internal/mysqldb"
)

// Backlog is how many wait, and how many have failed and wait for a person.
type Backlog struct {
	Pending int64
	Failed  int64
}

// WebhookBacklog counts the webhooks. Second looks that are planned are no
// backlog; failed are those that a replay would take.
func WebhookBacklog(ctx context.Context, db Querier) (Backlog, error) {
	counts, err := backlogs(ctx, db, "SELECT '', status = 'pending', COUNT(*) FROM webhook_logs WHERE status IN ('pending', 'error')"+
		" AND source <> '"+SourceRecheck+"' AND "+workable+" GROUP BY status")
	return counts[""], err
}

// EditBacklogs counts the edits that Odoo has not taken, by entity.
func EditBacklogs(ctx context.Context, db Querier) (map[string]Backlog, error) {
	return backlogs(ctx, db, "SELECT entity, status = 'pending', COUNT(*) FROM sync_outbox WHERE status IN ('pending', 'error') GROUP BY entity, status")
}

func backlogs(ctx context.Context, db Querier, query string) (map[string]Backlog, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	defer rows.Close()
	out := map[string]Backlog{}
	for rows.Next() {
		var name string
		var waits bool
		var n int64
		if err := rows.Scan(&name, &waits, &n); err != nil {
			return nil, mysqldb.Explain(err)
		}
		b := out[name]
		if waits {
			b.Pending = n
		} else {
			b.Failed = n
		}
		out[name] = b
	}
	return out, mysqldb.Explain(rows.Err())
}
