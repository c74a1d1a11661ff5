package store

import (
	"context"
	"database/sql"
	"fmt"

	"odoosync/internal/record"
)

// Table names a mapped table: its id column, the column of Odoo's id, and the
// columns that are read.
type Table struct {
	Name     string
	ID       string
	OdooID   string // "" when the table has none
	Parent   string // the column of the parent's id; "" for an entity's own table
	Position string // the column of a line's place; "" for an entity's own table
	Columns  []string
}

// Row is a row of a mapped table: its id as text, the parent's where there is
// one, Odoo's id (0 when NULL), and the other columns in the driver's types.
type Row struct {
	ID       string
	Parent   string
	OdooID   int64
	Position int // -1 when NULL or not a line's
	Columns  map[string]any
}

// LockRows returns the rows with these ids and locks them.
func LockRows(ctx context.Context, tx *sql.Tx, t Table, ids []string) (map[string]Row, error) {
	out := make(map[string]Row, len(ids))
	rows, err := selectRows(ctx, tx, t, t.ID, ids, " ORDER BY "+quote(t.ID)+" FOR UPDATE")
	for _, r := range rows {
		out[r.ID] = r
	}
	return out, err
}

// LockChildren returns the lines of these parents by the parent's id, in the
// order of position, and locks them.
func LockChildren(ctx context.Context, tx *sql.Tx, t Table, parents []string) (map[string][]Row, error) {
	out := make(map[string][]Row, len(parents))
	order := " ORDER BY " + quote(t.Parent) + ", " + quote(t.Position) + ", " + quote(t.ID) + " FOR UPDATE"
	rows, err := selectRows(ctx, tx, t, t.Parent, parents, order)
	for _, r := range rows {
		out[r.Parent] = append(out[r.Parent], r)
	}
	return out, err
}

// ReadChildren returns the lines of these parents, by the parent's id and in
// the order of position, without locking them.
func ReadChildren(ctx context.Context, q Queryer, t Table, parents []string) (map[string][]Row, error) {
	out := make(map[string][]Row, len(parents))
	rows, err := selectRows(ctx, q, t, t.Parent, parents, " ORDER BY "+quote(t.Parent)+", "+quote(t.Position)+", "+quote(t.ID))
	for _, r := range rows {
		out[r.Parent] = append(out[r.Parent], r)
	}
	return out, err
}

func selectRows(ctx context.Context, q Queryer, t Table, key string, ids []string, suffix string) ([]Row, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	head, parent, odoo, position := "CAST("+quote(t.ID)+" AS CHAR)", "''", "0", "-1"
	if t.Parent != "" {
		parent = "CAST(" + quote(t.Parent) + " AS CHAR)"
	}
	if t.OdooID != "" {
		odoo = "COALESCE(" + quote(t.OdooID) + ", 0)"
	}
	if t.Position != "" {
		position = "COALESCE(" + quote(t.Position) + ", -1)"
	}
	query := "SELECT " + head + " AS `#id`, " + parent + " AS `#parent`, " + odoo + " AS `#odoo`, " + position + " AS `#position`"
	if len(t.Columns) > 0 {
		query += ", " + quoteAll(t.Columns)
	}
	query += " FROM " + quote(t.Name) + " WHERE " + quote(key) + " IN (" + marks(len(ids)) + ")" + suffix
	rows, err := q.QueryContext(ctx, query, anys(ids)...)
	if err != nil {
		return nil, err
	}
	maps, err := scanMaps(rows)
	if err != nil {
		return nil, err
	}
	out := make([]Row, len(maps))
	for i, m := range maps {
		r := Row{ID: cellText(m["#id"]), Parent: cellText(m["#parent"]), OdooID: cellInt(m["#odoo"]), Position: int(cellInt(m["#position"])), Columns: m}
		delete(m, "#id")
		delete(m, "#parent")
		delete(m, "#odoo")
		delete(m, "#position")
		out[i] = r
	}
	return out, nil
}

func cellText(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case []byte:
		return string(x)
	}
	return fmt.Sprint(v)
}

func cellInt(v any) int64 {
	switch x := v.(type) {
	case int64:
		return x
	case uint64:
		return int64(x)
	}
	var n int64
	if _, err := fmt.Sscan(cellText(v), &n); err != nil {
		return 0
	}
	return n
}

// NewRow is a row to insert.
type NewRow struct {
	OdooID int64          // 0 is stored as NULL
	Values map[string]any // by column, as the driver takes them
}

// InsertRows inserts rows with these columns and returns their ids in the
// order given. Rows with an Odoo id in a table that has its column go in one
// statement and are found again by it, because servers may step their
// auto-increment by more than one; others go one by one.
func InsertRows(ctx context.Context, tx *sql.Tx, t Table, columns []string, rows []NewRow) ([]string, error) {
	ids := make([]string, len(rows))
	var bulk [][]any
	var odooIDs []int64
	all := columns
	if t.OdooID != "" {
		all = append([]string{t.OdooID}, columns...)
	}
	for i, r := range rows {
		cells := make([]any, 0, len(all))
		if t.OdooID != "" {
			cells = append(cells, nullID(r.OdooID))
		}
		for _, c := range columns {
			cells = append(cells, r.Values[c])
		}
		if t.OdooID != "" && r.OdooID != 0 {
			bulk = append(bulk, cells)
			odooIDs = append(odooIDs, r.OdooID)
			continue
		}
		id, err := insertOne(ctx, tx, t, all, cells)
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	if len(bulk) == 0 {
		return ids, nil
	}
	if err := insertRows(ctx, tx, t.Name, all, bulk, ""); err != nil {
		return nil, err
	}
	found, err := idsByOdooID(ctx, tx, t, odooIDs)
	if err != nil {
		return nil, err
	}
	for i, r := range rows {
		if ids[i] == "" {
			ids[i] = found[r.OdooID]
		}
	}
	return ids, nil
}

func insertOne(ctx context.Context, tx *sql.Tx, t Table, columns []string, cells []any) (string, error) {
	result, err := tx.ExecContext(ctx, "INSERT INTO "+quote(t.Name)+" ("+quoteAll(columns)+") VALUES ("+marks(len(columns))+")", cells...)
	if err != nil {
		return "", err
	}
	id, err := result.LastInsertId()
	if err == nil && id == 0 {
		err = record.Errorf(record.CodeRejected, "a new row of %s was made without Odoo's id and cannot be found again, because its own id %s does not increment", t.Name, t.ID)
	}
	return fmt.Sprint(id), err
}

func idsByOdooID(ctx context.Context, q Queryer, t Table, odooIDs []int64) (map[int64]string, error) {
	query := "SELECT " + quote(t.OdooID) + ", CAST(" + quote(t.ID) + " AS CHAR) FROM " + quote(t.Name) +
		" WHERE " + quote(t.OdooID) + " IN (" + marks(len(odooIDs)) + ")"
	rows, err := q.QueryContext(ctx, query, anys(odooIDs)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make(map[int64]string, len(odooIDs))
	for rows.Next() {
		var odooID int64
		var id string
		if err := rows.Scan(&odooID, &id); err != nil {
			return nil, err
		}
		out[odooID] = id
	}
	return out, rows.Err()
}

// UpdateRow changes these columns of one row, and no others.
func UpdateRow(ctx context.Context, tx Execer, t Table, id string, columns []string, values map[string]any) error {
	if len(columns) == 0 {
		return nil
	}
	query := "UPDATE " + quote(t.Name) + " SET "
	args := make([]any, 0, len(columns)+1)
	for i, c := range columns {
		if i > 0 {
			query += ", "
		}
		query += quote(c) + " = ?"
		args = append(args, values[c])
	}
	_, err := tx.ExecContext(ctx, query+" WHERE "+quote(t.ID)+" = ?", append(args, id)...)
	return err
}

// DeleteRows deletes rows by id.
func DeleteRows(ctx context.Context, tx Execer, t Table, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, "DELETE FROM "+quote(t.Name)+" WHERE "+quote(t.ID)+" IN ("+marks(len(ids))+")", anys(ids)...)
	return err
}

// ParentsOf returns the parents' ids of the lines with these Odoo ids.
func ParentsOf(ctx context.Context, q Queryer, t Table, odooIDs []int64) ([]string, error) {
	if t.OdooID == "" || len(odooIDs) == 0 {
		return nil, nil
	}
	return texts(ctx, q, "SELECT DISTINCT CAST("+quote(t.Parent)+" AS CHAR) FROM "+quote(t.Name)+" WHERE "+quote(t.OdooID)+" IN ("+marks(len(odooIDs))+")", anys(odooIDs))
}
