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
