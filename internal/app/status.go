package app

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
)

// Status prints how both sides stand, and tells whether something is left for
// a person: conflicts, refused records or failed events.
func Status(ctx context.Context, out io.Writer, db *mysqldb.DB, inbox *queue.Inbox) (left bool, err error) {
	rows, err := db.QueryContext(ctx, "SELECT entity, state, COUNT(*), MAX(synced_at) FROM sync_links GROUP BY entity, state ORDER BY entity, state")
	if err != nil {
		return false, mysqldb.Explain(err)
	}
	defer rows.Close()
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "ENTITY\tSTATE\tRECORDS\tLAST SYNCED (UTC)")
	for rows.Next() {
		var entity, state string
		var n int64
		var last *time.Time
		if err := rows.Scan(&entity, &state, &n, &last); err != nil {
			return false, mysqldb.Explain(err)
		}
		at := "never"
		if last != nil {
			at = last.Format(time.DateTime)
		}
		left = left || state == "error" || state == "conflict"
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", entity, state, n, at)
	}
	if err := rows.Err(); err != nil {
		return false, mysqldb.Explain(err)
	}
	if err := table.Flush(); err != nil {
		return false, err
	}
	stats, err := inbox.Stats(ctx)
	if err != nil {
		return false, err
	}
	fmt.Fprintf(out, "\nWebhooks: %d processed, %d pending (oldest %s), %d failed.\n", stats.Success, stats.Pending, stats.OldestPending.Round(time.Second), stats.Error)
	var conflicts int64
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM sync_conflicts WHERE state = 'open'").Scan(&conflicts); err != nil {
		return false, mysqldb.Explain(err)
	}
	fmt.Fprintf(out, "Open conflicts: %d.\n", conflicts)
	return left || stats.Error > 0 || conflicts > 0, nil
}
