package queue

import (
	"context"
	"strconv"
	"strings"
	"time"
)

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
		return "SELECT " + loggedColumns + " FROM webhook_logs w" + f.hint() + " WHERE " + strings.Join(t.where, " AND ") + " ORDER BY w.id DESC LIMIT ?", append(t.args, f.Limit), nil
	}
	// Each way by its own index: an OR would walk through all webhooks.
	var parts []string
	var args []any
	for _, way := range ways {
		part := terms{append([]string{}, t.where...), append([]any{}, t.args...)}
		part.add(way.where[0], way.args...)
		parts = append(parts, "(SELECT w.id FROM webhook_logs w"+f.wayHint(way)+" WHERE "+strings.Join(part.where, " AND ")+" ORDER BY w.id DESC LIMIT ?)")
		args = append(append(args, part.args...), f.Limit)
	}
	return "SELECT " + loggedColumns + " FROM (" + strings.Join(parts, " UNION ") + ") found JOIN webhook_logs w ON w.id = found.id ORDER BY w.id DESC LIMIT ?", append(args, f.Limit), nil
}

// all is a statement for the ids of everything that a filter finds and that is
// more besides; "" where it can find nothing.
func (f LogFilter) all(ctx context.Context, db Querier, more string, args ...any) (string, []any, error) {
	t, err := f.common(ctx, db)
	if err != nil || t == nil {
		return "", nil, err
	}
	t.add(more, args...)
	ways, err := f.ways(ctx, db)
	if len(ways) == 0 {
		ways = []terms{{[]string{"TRUE"}, nil}}
	}
	var parts []string
	var all []any
	for _, way := range ways {
		parts = append(parts, "SELECT w.id FROM webhook_logs w WHERE "+strings.Join(t.where, " AND ")+" AND "+way.where[0])
		all = append(append(all, t.args...), way.args...)
	}
	return strings.Join(parts, " UNION "), all, err
}

// hint keeps a server from merging two long indexes, or sorting, where one index
// has the order.
func (f LogFilter) hint() string {
	if f.Status != "" && f.Event != "" && f.Code == "" && f.From.IsZero() {
		return " FORCE INDEX (idx_event_status)"
	}
	return ""
}

// wayHint is the same for a way: the index by name has all that is asked then.
func (f LogFilter) wayHint(way terms) string {
	if strings.HasPrefix(way.where[0], "w.subject") && f.above == 0 && f.Status == "" && f.Event == "" && f.Code == "" && f.From.IsZero() && f.Upto.IsZero() {
		return " FORCE INDEX (idx_subject)"
	}
	return ""
}

// byText tells a search by how something begins.
func (f LogFilter) byText() bool {
	_, err := strconv.ParseInt(f.Search, 10, 64)
	return f.Search != "" && err != nil
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
	if f.Received {
		t.add("(w.source <> '" + SourceRecheck + "' OR w.status = 'error')")
	}
	if f.Before > 0 {
		t.add("w.id < ?", f.Before)
	}
	if f.above > 0 {
		t.add("w.id > ?", f.above)
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
