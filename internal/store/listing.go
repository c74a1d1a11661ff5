package store

import (
	"context"
	"time"
)

// Shelf is where the records that Odoo showed, or the lines of an entity's
// records, stand by the day on which Odoo wrote them: what a sweep compares with
// Odoo's own counts and lists.
type Shelf struct {
	Entity string
	Child  string // Odoo's field of the lines; "" for the records
}

// order is in which order a shelf is read. The server is told, because it
// guesses wrong: it reads all ids for one day, and sorts a year for each page.
type order int

const (
	byDay order = iota // a stretch of time
	byID               // one of several pages in the order of the ids
	some               // single ids
)

// source is the table a shelf is in, and its condition.
func (s Shelf) source(o order) (from string, args []any) {
	table, where, keys, args := "sync_links", " WHERE entity = ? AND present = 1", []string{"idx_links_present", "uq_links_odoo"}, []any{s.Entity}
	if s.Child != "" {
		table, where, keys, args = "sync_lines", " WHERE entity = ? AND child = ?", []string{"idx_lines_written", "PRIMARY"}, []any{s.Entity, s.Child}
	}
	if o != some {
		table += " FORCE INDEX (" + quote(keys[o]) + ")"
	}
	return table + where, args
}

// parent is the column of the record that a line belongs to.
func (s Shelf) parent() string {
	if s.Child != "" {
		return "parent_odoo_id"
	}
	return "0"
}

// NoDay stands for records that Odoo gives no write_date.
const NoDay = ""

// CountsByDay counts a shelf by the day of the write_date, "2026-11-25", UTC.
func CountsByDay(ctx context.Context, q Queryer, s Shelf) (map[string]int64, error) {
	from, args := s.source(byDay)
	rows, err := q.QueryContext(ctx, "SELECT COALESCE(DATE_FORMAT(MIN(odoo_write_date), '%Y-%m-%d'), ''), COUNT(*) FROM "+from+" GROUP BY DATE(odoo_write_date)", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var day string
		var n int64
		if err := rows.Scan(&day, &n); err != nil {
			return nil, err
		}
		out[day] = n
	}
	return out, rows.Err()
}

// Span is a stretch of time, from Begin to before End; a zero End has none, and
// the zero Span is all of time.
// Undated is the stretch of the records without a write_date.
type Span struct {
	Begin, End time.Time
	Undated    bool
}

func (s Span) where() (string, []any) {
	switch {
	case s.Undated:
		return " AND odoo_write_date IS NULL", nil
	case s.Begin.IsZero() && s.End.IsZero():
		return " AND odoo_write_date IS NOT NULL", nil
	case s.End.IsZero():
		return " AND odoo_write_date >= ?", []any{s.Begin.UTC()}
	}
	return " AND odoo_write_date >= ? AND odoo_write_date < ?", []any{s.Begin.UTC(), s.End.UTC()}
}

// Shelved returns what a shelf has of a span with ids above after and up to
// upto (0: all), in the order of the ids, limit at most.
func Shelved(ctx context.Context, q Queryer, s Shelf, span Span, after, upto int64, limit int) ([]LineStamp, error) {
	o := byDay
	if after > 0 && upto > 0 { // in the middle: else the ids have no bound on one side
		o = byID
	}
	from, args := s.source(o)
	where, more := span.where()
	args = append(append(args, more...), after)
	where += " AND odoo_id > ?"
	if upto > 0 {
		where, args = where+" AND odoo_id <= ?", append(args, upto)
	}
	return lineStamps(ctx, q, "SELECT odoo_id, "+s.parent()+", odoo_write_date, NULL FROM "+from+where+" ORDER BY odoo_id LIMIT ?", append(args, limit))
}

// ShelvedByID returns those of these ids that are on a shelf.
func ShelvedByID(ctx context.Context, q Queryer, s Shelf, ids []int64) (map[int64]LineStamp, error) {
	out := make(map[int64]LineStamp, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	from, args := s.source(some)
	found, err := lineStamps(ctx, q, "SELECT odoo_id, "+s.parent()+", odoo_write_date, NULL FROM "+from+" AND odoo_id IN ("+marks(len(ids))+")", append(args, anys(ids)...))
	for _, l := range found {
		out[l.OdooID] = l
	}
	return out, err
}

// ShelvedAfter returns what a shelf has behind an id, in the order of the ids.
func ShelvedAfter(ctx context.Context, q Queryer, s Shelf, after int64, limit int) ([]LineStamp, error) {
	from, args := s.source(byID)
	return lineStamps(ctx, q, "SELECT odoo_id, "+s.parent()+", odoo_write_date, NULL FROM "+from+" AND odoo_id > ? ORDER BY odoo_id LIMIT ?", append(args, after, limit))
}
