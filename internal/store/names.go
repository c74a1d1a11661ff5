package store

import (
	"context"
	"database/sql"

	"odoosync/internal/record"
)

// Name is a field of a record of another model, as rows show it.
type Name struct {
	Field  string
	OdooID int64
	Text   record.Value
}

// NameKey tells a name from the others of its model.
type NameKey struct {
	Field  string
	OdooID int64
}

// Names returns what is known of these records of a model.
func Names(ctx context.Context, q Queryer, model string, ids []int64) (map[NameKey]record.Value, error) {
	out := map[NameKey]record.Value{}
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := q.QueryContext(ctx, "SELECT field, odoo_id, name FROM sync_names WHERE model = ? AND odoo_id IN ("+marks(len(ids))+")", append([]any{model}, anys(ids)...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var k NameKey
		var name sql.NullString
		if err := rows.Scan(&k.Field, &k.OdooID, &name); err != nil {
			return nil, err
		}
		out[k] = record.Null
		if name.Valid {
			out[k] = record.Text(name.String)
		}
	}
	return out, rows.Err()
}

// SaveNames keeps names of a model's records.
func SaveNames(ctx context.Context, tx Execer, model string, names []Name) error {
	rows := make([][]any, len(names))
	for i, n := range names {
		var text any
		if !n.Text.IsNull() {
			text = n.Text.Text()
		}
		rows[i] = []any{model, n.Field, n.OdooID, text}
	}
	return insertRows(ctx, tx, "sync_names", []string{"model", "field", "odoo_id", "name"}, rows, " ON DUPLICATE KEY UPDATE name = VALUES(name)")
}
