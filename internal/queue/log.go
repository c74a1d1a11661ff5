package queue

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	"odoosync/internal/mysqldb"
)

// Logged is a webhook as a person is shown it. Times are UTC.
type Logged struct {
	ID          int64      `json:"id"`
	Event       string     `json:"event"`
	Model       string     `json:"model,omitempty"`
	OdooID      int64      `json:"odoo_id,omitempty"`
	Status      string     `json:"status"`            // pending, success, error
	Outcome     string     `json:"outcome,omitempty"` // applied, merged, ignored, deleted, failed
	Error       string     `json:"error,omitempty"`   // why it failed, or why it waits
	Source      string     `json:"source"`            // webhook, automation, recheck
	Attempts    int        `json:"attempts"`          // that failed
	DeliveryID  string     `json:"delivery_id,omitempty"`
	EventTime   *time.Time `json:"event_time,omitempty"`
	ReceivedAt  time.Time  `json:"received_at"`
	FinishedAt  *time.Time `json:"finished_at,omitempty"`
	NextAttempt *time.Time `json:"next_attempt_at,omitempty"` // of one that waits
}

// LogFilter chooses webhooks; the zero filter takes the latest ones.
type LogFilter struct {
	Status string // pending, success, error
	Event  string // exactly
	Search string // an id, a record's id in Odoo, or how an event's type begins
	Before int64  // only those with a smaller id, to page on; 0 for the latest
	Limit  int    // 0: 100
}

// where is the filter's condition, but for Before.
func (f LogFilter) where() (string, []any) {
	where, args := []string{"TRUE"}, []any{}
	add := func(term string, list ...any) { where, args = append(where, term), append(args, list...) }
	if f.Status != "" {
		add("status = ?", f.Status)
	}
	if f.Event != "" {
		add("event_type = ?", f.Event)
	}
	if n, err := strconv.ParseInt(f.Search, 10, 64); err == nil {
		// The models are few, and the index by record begins with them.
		add("id IN (SELECT ? UNION SELECT r.id FROM (SELECT DISTINCT model FROM webhook_logs WHERE model IS NOT NULL) m"+
			" JOIN webhook_logs r ON r.model = m.model AND r.odoo_id = ?)", n, n)
	} else if f.Search != "" {
		add("event_type LIKE ?", strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(f.Search)+"%")
	}
	return strings.Join(where, " AND "), args
}

const loggedColumns = "id, event_type, COALESCE(model, ''), COALESCE(odoo_id, 0), status, COALESCE(outcome, ''), COALESCE(error_message, ''), source," +
	" attempts, COALESCE(delivery_id, ''), event_time, received_us, finished_us, next_attempt_at"

// scan reads loggedColumns, and more columns behind them.
func (l *Logged) scan(rows *sql.Rows, more ...any) error {
	var at, finished, next sql.NullTime
	err := rows.Scan(append([]any{&l.ID, &l.Event, &l.Model, &l.OdooID, &l.Status, &l.Outcome, &l.Error, &l.Source, &l.Attempts, &l.DeliveryID, &at, &l.ReceivedAt, &finished, &next}, more...)...)
	l.EventTime, l.FinishedAt = timeOf(at), timeOf(finished)
	if l.Status == "pending" {
		l.NextAttempt = timeOf(next)
	}
	return err
}

// ReadLog returns webhooks, the latest first.
func ReadLog(ctx context.Context, db Querier, f LogFilter) ([]Logged, error) {
	where, args := f.where()
	if f.Before > 0 {
		where, args = where+" AND id < ?", append(args, f.Before)
	}
	if f.Limit == 0 {
		f.Limit = 100
	}
	rows, err := db.QueryContext(ctx, "SELECT "+loggedColumns+" FROM webhook_logs WHERE "+where+" ORDER BY id DESC LIMIT ?", append(args, f.Limit)...)
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

// LoggedWhole is a webhook with all that is kept of it.
type LoggedWhole struct {
	Logged
	Body       []byte        // the request as received
	Data       []byte        // the payload's data, JSON; nil for none
	RequestID  string        // "" for none
	Place      Place         // its number at the sender, zero for none
	Origin     string        // who made the change, as the sender said; "" for people
	Processing time.Duration // of the last attempt, 0 for none
}

// ReadOne returns a webhook whole, nil where there is none of that id.
func ReadOne(ctx context.Context, db Querier, id int64) (*LoggedWhole, error) {
	rows, err := db.QueryContext(ctx, "SELECT "+loggedColumns+", body, event_data, COALESCE(request_id, ''), COALESCE(stream, ''), COALESCE(stream_number, 0), COALESCE(origin, ''), COALESCE(processing_us, 0)"+
		" FROM webhook_logs WHERE id = ?", id)
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	defer rows.Close()
	var out *LoggedWhole
	for rows.Next() {
		out = &LoggedWhole{}
		var us int64
		if err := out.scan(rows, &out.Body, &out.Data, &out.RequestID, &out.Place.Stream, &out.Place.Number, &out.Origin, &us); err != nil {
			return nil, mysqldb.Explain(err)
		}
		out.Processing = time.Duration(us) * time.Microsecond
	}
	return out, mysqldb.Explain(rows.Err())
}

func timeOf(t sql.NullTime) *time.Time {
	if !t.Valid {
		return nil
	}
	return &t.Time
}
