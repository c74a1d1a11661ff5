package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"odoosync/internal/record"
)

// Moment is an applied change of a record, with what caused it. Times are UTC.
type Moment struct {
	ID      int64          `json:"id"`
	At      time.Time      `json:"at"`
	Side    record.Side    `json:"side"` // that was changed
	Op      string         `json:"op"`   // create, update, delete, revive, link, adopt
	Changes record.Changes `json:"changes"`
	LocalID string         `json:"local_id,omitempty"`
	OdooID  int64          `json:"odoo_id,omitempty"`
	Cause   Reason         `json:"cause"`
}

// Standing is how a record's link stands.
type Standing struct {
	LocalID   string      `json:"local_id,omitempty"`
	OdooID    int64       `json:"odoo_id,omitempty"`
	State     State       `json:"state"`
	Error     string      `json:"error,omitempty"`
	DeletedBy record.Side `json:"deleted_by,omitempty"`
	Writing   bool        `json:"writing"` // a write to Odoo is on its way, or its outcome is not known yet
	SyncedAt  *time.Time  `json:"synced_at,omitempty"`
}

// Story is a record's past, the latest first, and how it stands.
type Story struct {
	Link      *Standing      `json:"link,omitempty"` // absent for a record that was never synced
	Conflicts []KeptConflict `json:"open_conflicts"`
	Moments   []Moment       `json:"changes"`
	Next      int64          `json:"next,omitempty"` // before, for the page that follows; 0: there is none
}

// Timeline tells a record's story. It is named by its row's id ("" for unknown),
// its Odoo id (0) or both; its link tells the other. before is a change's id to
// page on, 0 for the latest.
func Timeline(ctx context.Context, q Queryer, entity, localID string, odooID, before int64, limit int) (Story, error) {
	s := Story{Conflicts: []KeptConflict{}, Moments: []Moment{}}
	link, err := standing(ctx, q, entity, localID, odooID)
	if err != nil {
		return s, err
	}
	if s.Link = link; link != nil {
		if localID == "" {
			localID = link.LocalID
		}
		if odooID == 0 {
			odooID = link.OdooID
		}
	}
	if limit <= 0 {
		limit = 50
	}
	if s.Moments, err = moments(ctx, q, entity, localID, odooID, before, limit+1); err != nil {
		return s, err
	}
	if len(s.Moments) > limit {
		s.Moments = s.Moments[:limit]
		s.Next = s.Moments[limit-1].ID
	}
	if err := explainCauses(ctx, q, s.Moments); err != nil {
		return s, err
	}
	s.Conflicts, err = conflictsOf(ctx, q, entity, localID, odooID)
	return s, err
}

// standing is how a record's link stands, nil for none.
func standing(ctx context.Context, q Queryer, entity, localID string, odooID int64) (*Standing, error) {
	where, args := " AND local_id = ?", []any{entity, localID}
	if localID == "" {
		where, args = " AND odoo_id = ?", []any{entity, odooID}
	}
	rows, err := q.QueryContext(ctx, "SELECT COALESCE(local_id, ''), COALESCE(odoo_id, 0), state, COALESCE(error, ''), COALESCE(deleted_by, ''), intent IS NOT NULL, synced_at"+
		" FROM sync_links WHERE entity = ?"+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out *Standing
	for rows.Next() {
		out = &Standing{}
		var synced sql.NullTime
		if err := rows.Scan(&out.LocalID, &out.OdooID, &out.State, &out.Error, &out.DeletedBy, &out.Writing, &synced); err != nil {
			return nil, err
		}
		if synced.Valid {
			out.SyncedAt = &synced.Time
		}
	}
	return out, rows.Err()
}

const momentColumns = "c.id, c.at, c.side, c.op, c.changes, COALESCE(c.local_id, ''), COALESCE(c.odoo_id, 0), c.cause_kind, COALESCE(c.cause_id, ''), COALESCE(c.run_id, 0)"

// moments are the changes of a row or of a record: each has its index.
func moments(ctx context.Context, q Queryer, entity, localID string, odooID, before int64, limit int) ([]Moment, error) {
	var parts []string
	var args []any
	add := func(column string, id any) {
		part := "(SELECT id FROM sync_changes WHERE entity = ? AND " + column + " = ?"
		args = append(args, entity, id)
		if before > 0 {
			part += " AND id < ?"
			args = append(args, before)
		}
		parts = append(parts, part+" ORDER BY id DESC LIMIT ?)")
		args = append(args, limit)
	}
	if localID != "" {
		add("local_id", localID)
	}
	if odooID != 0 {
		add("odoo_id", odooID)
	}
	if len(parts) == 0 {
		return []Moment{}, nil
	}
	return selectMoments(ctx, q, "SELECT "+momentColumns+" FROM ("+strings.Join(parts, " UNION ")+") chosen JOIN sync_changes c ON c.id = chosen.id ORDER BY c.id DESC LIMIT ?", append(args, limit))
}

func selectMoments(ctx context.Context, q Queryer, query string, args []any) ([]Moment, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []Moment{}
	for rows.Next() {
		var m Moment
		var changes []byte
		if err := rows.Scan(&m.ID, &m.At, &m.Side, &m.Op, &changes, &m.LocalID, &m.OdooID, &m.Cause.Kind, &m.Cause.ID, &m.Cause.RunID); err != nil {
			return nil, err
		}
		if err := decodeJSON(changes, &m.Changes); err != nil {
			return nil, record.Wrap(record.CodeInternal, err, "change %d of sync_changes cannot be read", m.ID)
		}
		out = append(out, m)
	}
	return out, rows.Err()
}

// conflictsOf are a record's open conflicts, the oldest first.
func conflictsOf(ctx context.Context, q Queryer, entity, localID string, odooID int64) ([]KeptConflict, error) {
	where, args := "entity = ? AND odoo_id = ? AND state = 'open' ORDER BY id", []any{entity, odooID}
	if odooID == 0 {
		where, args = "entity = ? AND local_id = ? AND state = 'open' ORDER BY id", []any{entity, localID}
	}
	found, err := selectConflicts(ctx, q, where, args)
	return append([]KeptConflict{}, found...), err
}

// Origin answers why a row has a value: the latest change of the field on each
// side, or, where it never changed, what brought the record there.
type Origin struct {
	Field     string         `json:"field"`
	Link      *Standing      `json:"link,omitempty"`
	Local     *Moment        `json:"local,omitempty"` // absent: nothing is known of that side
	Odoo      *Moment        `json:"odoo,omitempty"`
	Conflicts []KeptConflict `json:"open_conflicts"` // about the field
}

// Why tells why a row has the value it has in a field of the mapping. A line's
// field is "order_line[odoo:12].name".
func Why(ctx context.Context, q Queryer, entity, localID, field string) (Origin, error) {
	o := Origin{Field: field, Conflicts: []KeptConflict{}}
	var err error
	if o.Link, err = standing(ctx, q, entity, localID, 0); err != nil {
		return o, err
	}
	var odooID int64
	if o.Link != nil {
		odooID = o.Link.OdooID
	}
	var found []*Moment
	for side, into := range map[record.Side]**Moment{record.Local: &o.Local, record.Odoo: &o.Odoo} {
		if *into, err = latestOf(ctx, q, entity, localID, odooID, side, field); err != nil {
			return o, err
		}
		if *into != nil {
			found = append(found, *into)
		}
	}
	if err := explainEach(ctx, q, found); err != nil {
		return o, err
	}
	all, err := conflictsOf(ctx, q, entity, localID, odooID)
	for _, c := range all {
		if c.Field == field {
			o.Conflicts = append(o.Conflicts, c)
		}
	}
	return o, err
}

// latestOf is the latest change of a field on a side, or else how the record came
// there; nil for neither.
func latestOf(ctx context.Context, q Queryer, entity, localID string, odooID int64, side record.Side, field string) (*Moment, error) {
	path, err := json.Marshal(field)
	if err != nil {
		return nil, err
	}
	for _, what := range []struct {
		where string
		args  []any
	}{{"JSON_CONTAINS_PATH(changes, 'one', ?)", []any{"$." + string(path)}}, {"op IN ('create', 'adopt', 'link')", nil}} {
		var latest *Moment
		for _, by := range []struct {
			column string
			id     any
			known  bool
		}{{"local_id", localID, localID != ""}, {"odoo_id", odooID, odooID != 0}} {
			if !by.known {
				continue
			}
			args := append([]any{entity, by.id, string(side)}, what.args...)
			found, err := selectMoments(ctx, q, "SELECT "+momentColumns+" FROM sync_changes c WHERE entity = ? AND "+by.column+" = ? AND side = ? AND "+what.where+" ORDER BY id DESC LIMIT 1", args)
			if err != nil {
				return nil, err
			}
			if len(found) > 0 && (latest == nil || found[0].ID > latest.ID) {
				latest = &found[0]
			}
		}
		if latest != nil {
			return latest, nil
		}
	}
	return nil, nil
}

func explainEach(ctx context.Context, q Queryer, list []*Moment) error {
	all := make([]Moment, len(list))
	for i, m := range list {
		all[i] = *m
	}
	err := explainCauses(ctx, q, all)
	for i := range list {
		*list[i] = all[i]
	}
	return err
}

// number reads a cause's id, 0 for one that is no number.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
