package queue

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"odoosync/internal/mysqldb"
)

// Logged is a webhook as a person is shown it. Times are UTC.
type Logged struct {
	ID           int64      `json:"id"`
	Event        string     `json:"event"`
	Model        string     `json:"model,omitempty"`
	OdooID       int64      `json:"odoo_id,omitempty"`
	Subject      string     `json:"subject,omitempty"` // the record's name, as the event told it
	Status       string     `json:"status"`            // pending, success, error
	Outcome      string     `json:"outcome,omitempty"` // applied, merged, ignored, deleted, failed
	Code         string     `json:"code,omitempty"`    // of the error, as record.Code has it
	Error        string     `json:"error,omitempty"`   // why it failed, or why it waits
	Source       string     `json:"source"`            // webhook, automation, recheck
	Origin       string     `json:"origin,omitempty"`  // who made the change, where it was not a person
	Attempts     int        `json:"attempts"`          // that failed
	DeliveryID   string     `json:"delivery_id,omitempty"`
	EventTime    *time.Time `json:"event_time,omitempty"`
	ReceivedAt   time.Time  `json:"received_at"`
	ReplayedAt   *time.Time `json:"replayed_at,omitempty"` // when a person had it worked again last
	FinishedAt   *time.Time `json:"finished_at,omitempty"`
	ProcessingUS int64      `json:"processing_us,omitempty"`   // from the receipt, or the replay, to success
	NextAttempt  *time.Time `json:"next_attempt_at,omitempty"` // of one that waits
	Erased       bool       `json:"erased,omitempty"`          // values in its data were erased
}

// Content is a webhook with what it told.
type Content struct {
	Logged
	Data      json.RawMessage `json:"data,omitempty"`
	Body      string          `json:"body"` // as received
	RequestID string          `json:"request_id,omitempty"`
	Stream    string          `json:"stream,omitempty"`
	Number    int64           `json:"stream_number,omitempty"` // in its stream
}

// LogFilter chooses webhooks; the zero filter takes the latest ones.
type LogFilter struct {
	Status string // pending, success, error
	Event  string // exactly
	Code   string // of the error, exactly
	// Search is an id, a record's id in Odoo, or how a record's name or an event's
	// type begins.
	Search     string
	From, Upto time.Time // of the receipt; zero for no bound
	Received   bool      // without the daemon's own second looks, unless they failed
	Before     int64     // only those with a smaller id, to page on; 0 for the latest
	Limit      int       // 0: 100

	above int64 // only those with a larger id
}

const loggedColumns = "w.id, w.event_type, COALESCE(w.model, ''), COALESCE(w.odoo_id, 0), COALESCE(w.subject, ''), w.status, COALESCE(w.outcome, ''), COALESCE(w.error_code, ''), COALESCE(w.error_message, '')," +
	" w.source, COALESCE(w.origin, ''), w.attempts, COALESCE(w.delivery_id, ''), w.event_time, w.received_us, w.replayed_at, w.finished_us, COALESCE(w.processing_us, 0), w.next_attempt_at, w.body_sha IS NOT NULL"

// latest is how many of the latest webhooks a search by text looks at first. What
// many have is found among them at once; what few have, or only old ones, is found
// by its index, which is no use for what many have.
const latest = 20_000

// ReadLog returns webhooks, the latest first.
func ReadLog(ctx context.Context, db Querier, f LogFilter) ([]Logged, error) {
	if f.Limit == 0 {
		f.Limit = 100
	}
	if f.byText() {
		newest, err := ids(ctx, db, "SELECT COALESCE(MAX(id), 0) FROM webhook_logs")
		if err != nil {
			return nil, mysqldb.Explain(err)
		}
		end := newest[0].(int64) + 1
		if f.Before > 0 {
			end = min(end, f.Before)
		}
		near := f
		near.above = max(end-latest, 0)
		found, err := readLog(ctx, db, near)
		if err != nil || len(found) == f.Limit || near.above == 0 {
			return found, err
		}
	}
	return readLog(ctx, db, f)
}

func readLog(ctx context.Context, db Querier, f LogFilter) ([]Logged, error) {
	query, args, err := f.query(ctx, db)
	if err != nil || query == "" {
		return nil, mysqldb.Explain(err)
	}
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	defer rows.Close()
	var out []Logged
	for rows.Next() {
		var l Logged
		if err := l.scan(rows); err != nil {
			return nil, mysqldb.Explain(err)
		}
		out = append(out, l)
	}
	return out, mysqldb.Explain(rows.Err())
}

// ReadWebhook returns one webhook with what it told, nil where there is none.
func ReadWebhook(ctx context.Context, db Querier, id int64) (*Content, error) {
	rows, err := db.QueryContext(ctx, "SELECT "+loggedColumns+", COALESCE(w.event_data, ''), w.body, COALESCE(w.request_id, ''), COALESCE(w.stream, ''), COALESCE(w.stream_number, 0) FROM webhook_logs w WHERE w.id = ?", id)
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	defer rows.Close()
	var out *Content
	for rows.Next() {
		var c Content
		var data, body []byte
		if err := c.scan(rows, &data, &body, &c.RequestID, &c.Stream, &c.Number); err != nil {
			return nil, mysqldb.Explain(err)
		}
		c.Data, c.Body = data, string(body)
		out = &c
	}
	return out, mysqldb.Explain(rows.Err())
}

// scan reads loggedColumns, and what follows them.
func (l *Logged) scan(rows *sql.Rows, more ...any) error {
	var at, replayed, finished, next sql.NullTime
	err := rows.Scan(append([]any{&l.ID, &l.Event, &l.Model, &l.OdooID, &l.Subject, &l.Status, &l.Outcome, &l.Code, &l.Error, &l.Source, &l.Origin, &l.Attempts, &l.DeliveryID,
		&at, &l.ReceivedAt, &replayed, &finished, &l.ProcessingUS, &next, &l.Erased}, more...)...)
	l.EventTime, l.ReplayedAt, l.FinishedAt = timeOf(at), timeOf(replayed), timeOf(finished)
	if l.Status == "pending" {
		l.NextAttempt = timeOf(next)
	}
	return err
}

func timeOf(t sql.NullTime) *time.Time {
	if !t.Valid {
		return nil
	}
	return &t.Time
}
