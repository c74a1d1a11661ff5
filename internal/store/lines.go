package store

import (
	"context"
	"database/sql"
	"time"
)

// LineStamp is a line of a record, as Odoo listed it when the record was read.
type LineStamp struct {
	OdooID    int64
	Parent    int64     // the record's id
	WriteDate time.Time // zero where Odoo has none
	Created   time.Time // zero where it is not known
}

const lineColumns = "odoo_id, parent_odoo_id, odoo_write_date, odoo_create_date"

// LinesOf returns the lines of these records under a child.
func LinesOf(ctx context.Context, q Queryer, entity, child string, parents []int64) ([]LineStamp, error) {
	if len(parents) == 0 {
		return nil, nil
	}
	return lineStamps(ctx, q, "SELECT "+lineColumns+" FROM sync_lines WHERE entity = ? AND child = ? AND parent_odoo_id IN ("+marks(len(parents))+")",
		append([]any{entity, child}, anys(parents)...))
}

// LinesByID returns those of these lines that are known.
func LinesByID(ctx context.Context, q Queryer, entity, child string, ids []int64) ([]LineStamp, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return lineStamps(ctx, q, "SELECT "+lineColumns+" FROM sync_lines WHERE entity = ? AND child = ? AND odoo_id IN ("+marks(len(ids))+")",
		append([]any{entity, child}, anys(ids)...))
}

func lineStamps(ctx context.Context, q Queryer, query string, args []any) ([]LineStamp, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []LineStamp
	for rows.Next() {
		var l LineStamp
		var written, created sql.NullTime
		if err := rows.Scan(&l.OdooID, &l.Parent, &written, &created); err != nil {
			return nil, err
		}
		l.WriteDate, l.Created = written.Time, created.Time
		out = append(out, l)
	}
	return out, rows.Err()
}

// SaveLines writes lines, each under the record that has it now.
func SaveLines(ctx context.Context, tx Execer, entity, child string, lines []LineStamp) error {
	rows := make([][]any, len(lines))
	for i, l := range lines {
		rows[i] = []any{entity, child, l.OdooID, l.Parent, nullTime(l.WriteDate), nullTime(l.Created)}
	}
	return insertRows(ctx, tx, "sync_lines", []string{"entity", "child", "odoo_id", "parent_odoo_id", "odoo_write_date", "odoo_create_date"}, rows,
		" ON DUPLICATE KEY UPDATE parent_odoo_id = VALUES(parent_odoo_id), odoo_write_date = VALUES(odoo_write_date), odoo_create_date = VALUES(odoo_create_date)")
}

// ForgetLines forgets lines that a record no longer has.
func ForgetLines(ctx context.Context, tx Execer, entity, child string, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, "DELETE FROM sync_lines WHERE entity = ? AND child = ? AND odoo_id IN ("+marks(len(ids))+")",
		append([]any{entity, child}, anys(ids)...)...)
	return err
}
