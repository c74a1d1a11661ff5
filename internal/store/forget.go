package store

import (
	"context"
	"database/sql"

	"odoosync/internal/record"
)

// Removed is how many rows of a table held something of a record.
type Removed struct {
	Table string `json:"table"`
	N     int64  `json:"rows"`
}

// RowState is how a row stands.
type RowState struct {
	There  bool
	Marked bool  // it carries the mark of a deletion
	OdooID int64 // as the row itself names it, 0 for none
}

// StateOfRow tells how a row stands. deleted is the column of the mark, "" for none.
func StateOfRow(ctx context.Context, q Queryer, t Table, deleted, id string) (s RowState, err error) {
	mark, odoo := "FALSE", "0"
	if deleted != "" {
		mark = quote(deleted) + " IS NOT NULL"
	}
	if t.OdooID != "" {
		odoo = "COALESCE(" + quote(t.OdooID) + ", 0)"
	}
	rows, err := q.QueryContext(ctx, "SELECT "+mark+", "+odoo+" FROM "+quote(t.Name)+" WHERE "+quote(t.ID)+" = ?", id)
	if err != nil {
		return s, err
	}
	defer rows.Close()
	for rows.Next() {
		s.There = true
		if err := rows.Scan(&s.Marked, &s.OdooID); err != nil {
			return s, err
		}
	}
	return s, rows.Err()
}

// LinkOf is the link of a row, or of a record where localID is "". nil: none.
func LinkOf(ctx context.Context, q Queryer, entity, localID string, odooID int64) (*Link, error) {
	where, args := "entity = ? AND local_id = ?", []any{entity, localID}
	if localID == "" {
		where, args = "entity = ? AND odoo_id = ?", []any{entity, odooID}
	}
	found, err := selectLinks(ctx, q, where, args)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// erasedText stands where a value was.
var erasedText = record.Text("[erased]")

// Forget erases the values of a record from the daemon's own state, in the
// caller's transaction, which has locked its link: history, conflicts, edits, and
// what was agreed on. Its tombstone stays, with the ids alone, so that the
// record does not come back. With look it only counts. Either id may be unknown.
func Forget(ctx context.Context, tx Execer, entity, localID string, odooID int64, look bool) ([]Removed, error) {
	var out []Removed
	n, err := forgetChanges(ctx, tx, entity, localID, odooID, look)
	if err != nil {
		return nil, err
	}
	out = append(out, Removed{"sync_changes", n})
	const old = "'[erased]'"
	for _, one := range []struct {
		table, set, held string
	}{
		{"sync_conflicts", "base_odoo = IF(base_odoo IS NULL, NULL, " + old + "), base_local = IF(base_local IS NULL, NULL, " + old + "), odoo_value = IF(odoo_value IS NULL, NULL, " + old + "), local_value = IF(local_value IS NULL, NULL, " + old + ")",
			"(COALESCE(base_odoo, " + old + ") <> " + old + " OR COALESCE(base_local, " + old + ") <> " + old + " OR COALESCE(odoo_value, " + old + ") <> " + old + " OR COALESCE(local_value, " + old + ") <> " + old + ")"},
		{"sync_outbox", "changed_columns = NULL, error_message = NULL", "(changed_columns IS NOT NULL OR error_message IS NOT NULL)"},
		{"sync_links", "base = NULL, intent = NULL, intent_deadline = NULL, error = NULL, row_hash = NULL, version = version + 1", "(base IS NOT NULL OR intent IS NOT NULL OR error IS NOT NULL)"},
	} {
		n, err := forgetRows(ctx, tx, one.table, one.set, one.held, entity, localID, odooID, look)
		if err != nil {
			return nil, err
		}
		out = append(out, Removed{one.table, n})
	}
	return out, nil
}

// forgetRows erases columns of the rows of a record that hold something.
func forgetRows(ctx context.Context, tx Execer, table, set, held, entity, localID string, odooID int64, look bool) (int64, error) {
	which, args := whose(entity, localID, odooID, table != "sync_outbox")
	if which == "" {
		return 0, nil
	}
	if look {
		return count(ctx, tx, "SELECT COUNT(*) FROM "+table+" WHERE "+which+" AND "+held, args...)
	}
	result, err := tx.ExecContext(ctx, "UPDATE "+table+" SET "+set+" WHERE "+which+" AND "+held, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// whose are the conditions by which a table names a record; "" for none.
func whose(entity, localID string, odooID int64, byOdoo bool) (string, []any) {
	switch {
	case localID != "" && odooID != 0 && byOdoo:
		return "entity = ? AND (local_id = ? OR odoo_id = ?)", []any{entity, localID, odooID}
	case localID != "":
		return "entity = ? AND local_id = ?", []any{entity, localID}
	case odooID != 0 && byOdoo:
		return "entity = ? AND odoo_id = ?", []any{entity, odooID}
	}
	return "", nil
}

// forgetChanges keeps which fields changed when and why, and no values.
func forgetChanges(ctx context.Context, tx Execer, entity, localID string, odooID int64, look bool) (int64, error) {
	which, args := whose(entity, localID, odooID, true)
	if which == "" {
		return 0, nil
	}
	rows, err := tx.QueryContext(ctx, "SELECT id, changes FROM sync_changes WHERE "+which+" AND changes IS NOT NULL", args...)
	if err != nil {
		return 0, err
	}
	left := map[int64]record.Changes{}
	err = eachChange(rows, func(id int64, c record.Changes) {
		if blank(c) {
			left[id] = c
		}
	})
	if err != nil || look {
		return int64(len(left)), err
	}
	for id, c := range left {
		text, err := c.MarshalJSON()
		if err != nil {
			return 0, err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE sync_changes SET changes = ? WHERE id = ?", string(text), id); err != nil {
			return 0, err
		}
	}
	return int64(len(left)), nil
}

func eachChange(rows *sql.Rows, one func(int64, record.Changes)) error {
	defer rows.Close()
	for rows.Next() {
		var id int64
		var text []byte
		if err := rows.Scan(&id, &text); err != nil {
			return err
		}
		var c record.Changes
		if err := decodeJSON(text, &c); err != nil {
			return err
		}
		one(id, c)
	}
	return rows.Err()
}

// blank erases the values of changes, and tells whether there were any.
func blank(c record.Changes) bool {
	held := false
	for field, pair := range c {
		for i, v := range pair {
			if !v.IsNull() && v != erasedText {
				pair[i], held = erasedText, true
			}
		}
		c[field] = pair
	}
	return held
}
