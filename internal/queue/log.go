package queue

import (
	"context"
	"database/sql"
	"encoding/json"
	"strconv"
	"strings"
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
	Data json.RawMessage `json:"data,omitempty"`
	Body string          `json:"body"` // as received
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
	Before     int64     // only those with a smaller id, to page on; 0 for the latest
	Limit      int       // 0: 100
}

const loggedColumns = "w.id, w.event_type, COALESCE(w.model, ''), COALESCE(w.odoo_id, 0), COALESCE(w.subject, ''), w.status, COALESCE(w.outcome, ''), COALESCE(w.error_code, ''), COALESCE(w.error_message, '')," +
	" w.source, COALESCE(w.origin, ''), w.attempts, COALESCE(w.delivery_id, ''), w.event_time, w.received_us, w.replayed_at, w.finished_us, COALESCE(w.processing_us, 0), w.next_attempt_at, w.body_sha IS NOT NULL"

// ReadLog returns webhooks, the latest first.
func ReadLog(ctx context.Context, db Querier, f LogFilter) ([]Logged, error) {
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
	rows, err := db.QueryContext(ctx, "SELECT "+loggedColumns+", COALESCE(w.event_data, ''), w.body FROM webhook_logs w WHERE w.id = ?", id)
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	defer rows.Close()
	var out *Content
	for rows.Next() {
		var c Content
		var data, body []byte
		if err := c.scan(rows, &data, &body); err != nil {
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

// terms are conditions with their arguments.
type terms struct {
	where []string
	args  []any
}

func (t *terms) add(term string, args ...any) {
	t.where, t.args = append(t.where, term), append(t.args, args...)
}

// query is the statement of a filter; "" where it can find nothing.
func (f LogFilter) query(ctx context.Context, db Querier) (string, []any, error) {
	if f.Limit == 0 {
		f.Limit = 100
	}
	t, err := f.common(ctx, db)
	if err != nil || t == nil {
		return "", nil, err
	}
	ways, err := f.ways(ctx, db)
	if err != nil {
		return "", nil, err
	}
	if len(ways) == 0 {
		t.add("TRUE")
		return "SELECT " + loggedColumns + " FROM webhook_logs w WHERE " + strings.Join(t.where, " AND ") + " ORDER BY w.id DESC LIMIT ?", append(t.args, f.Limit), nil
	}
	// Each way by its own index: an OR would walk through all webhooks.
	var parts []string
	var args []any
	for _, way := range ways {
		part := terms{append([]string{}, t.where...), append([]any{}, t.args...)}
		part.add(way.where[0], way.args...)
		parts = append(parts, "(SELECT w.id FROM webhook_logs w WHERE "+strings.Join(part.where, " AND ")+" ORDER BY w.id DESC LIMIT ?)")
		args = append(append(args, part.args...), f.Limit)
	}
	return "SELECT " + loggedColumns + " FROM (" + strings.Join(parts, " UNION ") + ") found JOIN webhook_logs w ON w.id = found.id ORDER BY w.id DESC LIMIT ?", append(args, f.Limit), nil
}

// common are the conditions of all that a filter finds; nil where there are none
// to find.
func (f LogFilter) common(ctx context.Context, db Querier) (*terms, error) {
	t := &terms{}
	if f.Status != "" {
		t.add("w.status = ?", f.Status)
	}
	if f.Event != "" {
		t.add("w.event_type = ?", f.Event)
	}
	if f.Code != "" {
		t.add("w.error_code = ?", f.Code)
	}
	if f.Before > 0 {
		t.add("w.id < ?", f.Before)
	}
	if !f.From.IsZero() {
		first, err := firstFrom(ctx, db, f.From.Add(-outOfOrder))
		if err != nil || first == 0 {
			return nil, err
		}
		t.add("w.received_us >= ? AND w.id >= ?", f.From.UTC(), first)
	}
	if !f.Upto.IsZero() {
		beyond, err := firstFrom(ctx, db, f.Upto.Add(outOfOrder))
		if err != nil {
			return nil, err
		}
		t.add("w.received_us < ?", f.Upto.UTC())
		if beyond > 0 {
			t.add("w.id < ?", beyond)
		}
	}
	return t, nil
}

// outOfOrder is by how much the order of ids and that of receipts may differ:
// more than a commit takes, and than the clocks of two daemons differ.
const outOfOrder = 10 * time.Minute

// firstFrom is the first webhook received at a time or later, 0 for none. By it a
// range of times becomes one of ids, in whose order the log is read.
func firstFrom(ctx context.Context, db Querier, at time.Time) (int64, error) {
	found, err := ids(ctx, db, "SELECT id FROM webhook_logs WHERE received_at >= ? ORDER BY received_at, id LIMIT 1", at.UTC())
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return found[0].(int64), nil
}

// ways are what a search may mean.
func (f LogFilter) ways(ctx context.Context, db Querier) ([]terms, error) {
	if f.Search == "" {
		return nil, nil
	}
	if n, err := strconv.ParseInt(f.Search, 10, 64); err == nil {
		models, err := distinct(ctx, db, "SELECT DISTINCT model FROM webhook_logs WHERE model IS NOT NULL")
		ways := []terms{{[]string{"w.id = ?"}, []any{n}}}
		for _, model := range models { // few, and the index by record begins with them
			ways = append(ways, terms{[]string{"w.model = ? AND w.odoo_id = ?"}, []any{model, n}})
		}
		return ways, err
	}
	begins := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(f.Search) + "%"
	ways := []terms{{[]string{"w.subject LIKE ?"}, []any{begins}}}
	types, err := distinct(ctx, db, "SELECT DISTINCT event_type FROM webhook_logs WHERE event_type LIKE ?", begins)
	for _, event := range types {
		ways = append(ways, terms{[]string{"w.event_type = ?"}, []any{event}})
	}
	return ways, err
}

// mostDistinct bounds the values of a column that a search goes through.
const mostDistinct = 50

// distinct are the values of a column, by jumps along its index.
func distinct(ctx context.Context, db Querier, query string, args ...any) ([]string, error) {
	rows, err := db.QueryContext(ctx, query+" LIMIT ?", append(args, mostDistinct)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}
