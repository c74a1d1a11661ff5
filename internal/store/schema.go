package store

import (
	"context"
	"strings"

	"odoosync/mapping"
)

// Tables describes the live tables of the database, for mapping.Compile.
func Tables(ctx context.Context, q Queryer) (map[string]mapping.Table, error) {
	rows, err := q.QueryContext(ctx, "SELECT t.TABLE_NAME, COALESCE(t.ENGINE, ''), c.COLUMN_NAME, c.DATA_TYPE, c.COLUMN_TYPE,"+
		" COALESCE(c.CHARACTER_MAXIMUM_LENGTH, 0), COALESCE(c.NUMERIC_PRECISION, 0), COALESCE(c.NUMERIC_SCALE, 0), c.IS_NULLABLE,"+
		" c.COLUMN_DEFAULT IS NOT NULL OR c.EXTRA LIKE '%auto_increment%' OR c.EXTRA LIKE '%GENERATED%'"+
		" FROM information_schema.TABLES t JOIN information_schema.COLUMNS c USING (TABLE_SCHEMA, TABLE_NAME)"+
		" WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE'")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]mapping.Table{}
	for rows.Next() {
		var table, engine, nullable string
		var c mapping.Column
		var length uint64
		if err := rows.Scan(&table, &engine, &c.Name, &c.Type, &c.FullType, &length, &c.Precision, &c.Scale, &nullable, &c.Default); err != nil {
			return nil, err
		}
		c.Type, c.FullType = strings.ToLower(c.Type), strings.ToLower(c.FullType)
		c.Length = int64(min(length, 1<<40))
		c.Nullable = nullable == "YES"
		t, ok := out[table]
		if !ok {
			t = mapping.Table{Name: table, Engine: engine, Columns: map[string]mapping.Column{}}
		}
		t.Columns[c.Name] = c
		out[table] = t
	}
	return out, rows.Err()
}
