package app

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/store"
)

// shown is how many records and events Status names.
const shown = 10

// Status prints how both sides stand, and tells whether something is left for
// a person: conflicts, refused records or failed events.
func Status(ctx context.Context, out io.Writer, db *mysqldb.DB) (left bool, err error) {
	counts, err := store.LinkCounts(ctx, db)
	if err != nil {
		return false, mysqldb.Explain(err)
	}
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "ENTITY\tSTATE\tRECORDS\tLAST SYNCED (UTC)")
	for _, c := range counts {
		at := "never"
		if !c.Last.IsZero() {
			at = c.Last.Format(time.DateTime)
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", c.Entity, c.State, c.N, at)
	}
	if err := table.Flush(); err != nil {
		return false, err
	}
	stats, err := queue.ReadStats(ctx, db, time.Now())
	if err != nil {
		return false, err
	}
	fmt.Fprintf(out, "\nWebhooks: %d processed, %d pending (oldest %s), %d failed.\n", stats.Success, stats.Pending, stats.OldestPending.Round(time.Second), stats.Error)
	conflicts, err := store.OpenConflicts(ctx, db)
	if err != nil {
		return false, mysqldb.Explain(err)
	}
	fmt.Fprintf(out, "Open conflicts: %d.\n", conflicts)
	troubles, err := printTroubles(ctx, out, db)
	return troubles || stats.Error > 0 || conflicts > 0, err
}

// printTroubles names the records and events that need a person.
func printTroubles(ctx context.Context, out io.Writer, db *mysqldb.DB) (bool, error) {
	records, err := store.Troubles(ctx, db, shown)
	if err != nil {
		return false, mysqldb.Explain(err)
	}
	if len(records) > 0 {
		fmt.Fprintf(out, "\nRecords that need a person (the latest %d at most; all: SELECT * FROM sync_status WHERE state IN ('error', 'conflict')):\n", shown)
	}
	for _, t := range records {
		reason := t.Reason
		if reason == "" {
			reason = "both sides changed the same field; sync_conflicts has both values. Make them equal and save the record in Odoo: that ends it"
		}
		fmt.Fprintf(out, "  %s, Odoo id %d, row %s, %s: %s\n", t.Entity, t.OdooID, orNone(t.LocalID), t.State, reason)
	}
	events, err := queue.Failed(ctx, db, shown)
	if err != nil {
		return false, err
	}
	if len(events) > 0 {
		fmt.Fprintf(out, "\nWebhooks that failed (the latest %d at most; all: SELECT * FROM webhook_logs WHERE status = 'error'):\n", shown)
	}
	for _, e := range events {
		fmt.Fprintf(out, "  %d, %s %d, received %s UTC: %s\n", e.ID, e.Type, e.OdooID, e.ReceivedAt.Format(time.DateTime), e.Reason)
	}
	return len(records) > 0, nil
}

func orNone(id string) string {
	if id == "" {
		return "none"
	}
	return id
}
