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

// Summary tells how both sides stand: what odoosync status prints and the admin
// API answers.
type Summary struct {
	Records   []RecordCount   `json:"records"`
	Webhooks  WebhookCounts   `json:"webhooks"`
	Edits     EditCounts      `json:"edits"`
	Conflicts int64           `json:"open_conflicts"`
	Streams   []Stream        `json:"streams"`
	Troubles  []RecordTrouble `json:"troubles"` // the latest ones
	Failed    []FailedWebhook `json:"failed_webhooks"`
	Standing
}

// RecordCount is how many records of an entity stand in a state.
type RecordCount struct {
	Entity     string     `json:"entity"`
	State      string     `json:"state"`
	Records    int64      `json:"records"`
	LastSynced *time.Time `json:"last_synced,omitempty"` // UTC; absent for never
}

// WebhookCounts are the inbox's figures.
type WebhookCounts struct {
	Processed     int64   `json:"processed"`
	Pending       int64   `json:"pending"`
	OldestSeconds float64 `json:"oldest_pending_seconds"`
	Failed        int64   `json:"failed"`
	Refused       int64   `json:"refused"` // at the door: not what the guide describes
	Echoes        int64   `json:"echoes"`  // of all: of our own writes
}

// Stream compares what a configuration of Odoo's module has sent with what arrived.
type Stream struct {
	Stream       string    `json:"stream"`
	Sent         int64     `json:"sent,omitempty"`         // the highest number, as Odoo told last; absent where it does not tell
	Received     int64     `json:"received"`               // the highest number
	Missing      int64     `json:"missing"`                // numbers that did not arrive and whose records are still to be read
	LastReceived time.Time `json:"last_received,omitzero"` // UTC; absent where none arrived that is still in the log
}

// EditCounts are the outbox's figures: edits here that Odoo has not taken.
type EditCounts struct {
	Pending       int64   `json:"pending"`
	OldestSeconds float64 `json:"oldest_pending_seconds"`
	Refused       int64   `json:"refused"`
}

// RecordTrouble is a record that needs a person, and why.
type RecordTrouble struct {
	Entity  string `json:"entity"`
	LocalID string `json:"local_id,omitempty"`
	OdooID  int64  `json:"odoo_id,omitempty"`
	State   string `json:"state"`
	Reason  string `json:"reason"`
}

// FailedWebhook is an event that needs a person, and why.
type FailedWebhook struct {
	ID         int64     `json:"id"`
	Event      string    `json:"event"`
	OdooID     int64     `json:"odoo_id,omitempty"`
	ReceivedAt time.Time `json:"received_at"`
	Reason     string    `json:"reason"`
}

// Left tells whether something is left for a person: conflicts, refused records,
// failed events, halted models or held deletes.
func (s Summary) Left() bool {
	return len(s.Troubles) > 0 || s.Webhooks.Failed > 0 || s.Conflicts > 0 || len(s.Halted) > 0 || len(s.Held) > 0
}

// ReadSummary reads it from the database.
func ReadSummary(ctx context.Context, db *mysqldb.DB, now time.Time) (Summary, error) {
	s := Summary{Records: []RecordCount{}, Streams: []Stream{}, Troubles: []RecordTrouble{}, Failed: []FailedWebhook{}}
	counts, err := store.LinkCounts(ctx, db)
	if err != nil {
		return s, mysqldb.Explain(err)
	}
	for _, c := range counts {
		one := RecordCount{Entity: c.Entity, State: string(c.State), Records: c.N}
		if !c.Last.IsZero() {
			one.LastSynced = &c.Last
		}
		s.Records = append(s.Records, one)
	}
	stats, err := queue.ReadStats(ctx, db, now)
	if err != nil {
		return s, err
	}
	s.Webhooks = WebhookCounts{Processed: stats.Success, Pending: stats.Pending, OldestSeconds: stats.OldestPending.Seconds(), Failed: stats.Error, Refused: stats.Refused, Echoes: stats.Echoes}
	streams, err := queue.Streams(ctx, db)
	if err != nil {
		return s, err
	}
	for _, one := range streams {
		s.Streams = append(s.Streams, Stream{Stream: one.Stream, Sent: one.Sent, Received: one.Newest, Missing: one.Missing, LastReceived: one.Received.UTC()})
	}
	pending, oldest, refused, err := queue.OutboxStats(ctx, db, now)
	if err != nil {
		return s, err
	}
	s.Edits = EditCounts{Pending: pending, OldestSeconds: oldest.Seconds(), Refused: refused}
	if s.Conflicts, err = store.OpenConflicts(ctx, db); err != nil {
		return s, mysqldb.Explain(err)
	}
	if s.Standing, err = readStanding(ctx, db, now); err != nil {
		return s, err
	}
	return s, s.readTroubles(ctx, db)
}

// inConflict is the reason of a record that has no other.
const inConflict = "both sides changed the same field: odoosync conflicts list shows both values and how to take one"

func (s *Summary) readTroubles(ctx context.Context, db *mysqldb.DB) error {
	records, err := store.Troubles(ctx, db, shown)
	if err != nil {
		return mysqldb.Explain(err)
	}
	for _, t := range records {
		if t.Reason == "" {
			t.Reason = inConflict
		}
		s.Troubles = append(s.Troubles, RecordTrouble{Entity: t.Entity, LocalID: t.LocalID, OdooID: t.OdooID, State: string(t.State), Reason: t.Reason})
	}
	events, err := queue.Failed(ctx, db, shown)
	for _, e := range events {
		s.Failed = append(s.Failed, FailedWebhook{ID: e.ID, Event: e.Type, OdooID: e.OdooID, ReceivedAt: e.ReceivedAt.UTC(), Reason: e.Reason})
	}
	return err
}

// Status prints how both sides stand, and tells whether something is left for
// a person.
func Status(ctx context.Context, out io.Writer, db *mysqldb.DB) (left bool, err error) {
	s, err := ReadSummary(ctx, db, time.Now())
	if err != nil {
		return false, err
	}
	s.Standing.print(out)
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "ENTITY\tSTATE\tRECORDS\tLAST SYNCED (UTC)")
	for _, c := range s.Records {
		at := "never"
		if c.LastSynced != nil {
			at = c.LastSynced.Format(time.DateTime)
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", c.Entity, c.State, c.Records, at)
	}
	if err := table.Flush(); err != nil {
		return false, err
	}
	fmt.Fprintf(out, "\nWebhooks: %d processed, %d pending (oldest %s), %d failed, %d refused at the door; %d were echoes of our own writes.\n", s.Webhooks.Processed, s.Webhooks.Pending, age(s.Webhooks.OldestSeconds), s.Webhooks.Failed, s.Webhooks.Refused, s.Webhooks.Echoes)
	for _, one := range s.Streams {
		sent := "not told"
		if one.Sent > 0 {
			sent = fmt.Sprint(one.Sent)
		}
		received := "nothing"
		if !one.LastReceived.IsZero() {
			received = fmt.Sprintf("%d (last %s UTC)", one.Received, one.LastReceived.Format(time.DateTime))
		}
		fmt.Fprintf(out, "  stream %s: sent %s, received %s, %d missing\n", one.Stream, sent, received, one.Missing)
	}
	fmt.Fprintf(out, "Edits for Odoo: %d pending (oldest %s), %d refused.\n", s.Edits.Pending, age(s.Edits.OldestSeconds), s.Edits.Refused)
	fmt.Fprintf(out, "Open conflicts: %d.\n", s.Conflicts)
	s.printTroubles(out)
	return s.Left(), nil
}

// printTroubles names the records and events that need a person.
func (s Summary) printTroubles(out io.Writer) {
	if len(s.Troubles) > 0 {
		fmt.Fprintf(out, "\nRecords that need a person (the latest %d at most; all: SELECT * FROM sync_status WHERE state IN ('error', 'conflict')):\n", shown)
	}
	for _, t := range s.Troubles {
		odooID := ""
		if t.OdooID != 0 {
			odooID = fmt.Sprint(t.OdooID)
		}
		fmt.Fprintf(out, "  %s, Odoo id %s, row %s, %s: %s\n", t.Entity, orNone(odooID), orNone(t.LocalID), t.State, t.Reason)
	}
	if len(s.Failed) > 0 {
		fmt.Fprintf(out, "\nWebhooks that failed (the latest %d at most; all: SELECT * FROM webhook_logs WHERE status = 'error'; once the cause is mended: odoosync replay --status error):\n", shown)
	}
	for _, e := range s.Failed {
		fmt.Fprintf(out, "  %d, %s %d, received %s UTC: %s\n", e.ID, e.Event, e.OdooID, e.ReceivedAt.Format(time.DateTime), e.Reason)
	}
}

func age(seconds float64) time.Duration {
	return time.Duration(seconds * float64(time.Second)).Round(time.Second)
}

func orNone(id string) string {
	if id == "" {
		return "none"
	}
	return id
}
