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
		" c.COLUMN_DEFAULT IS NOT NULL OR c.EXTRA LIKE '%auto_increment%' OR c.EXTRA LIKE '%GENERATED%',"+
		// A constant stands in quotes on MariaDB; MySQL marks what is none.
		" c.EXTRA LIKE '%auto_increment%' OR c.EXTRA LIKE '%DEFAULT_GENERATED%' OR COALESCE(c.COLUMN_DEFAULT LIKE '%(%' AND c.COLUMN_DEFAULT NOT LIKE '''%', FALSE)"+
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
		if err := rows.Scan(&table, &engine, &c.Name, &c.Type, &c.FullType, &length, &c.Precision, &c.Scale, &nullable, &c.Default, &c.Fresh); err != nil {
			return nil, err
		}
		c.Type = strings.ToLower(c.Type)
		if c.Type != "enum" { // whose values keep their case
			c.FullType = strings.ToLower(c.FullType)
		}
		c.Length = int64(min(length, 1<<40))
		c.Nullable = nullable == "YES"
		t, ok := out[table]
		if !ok {
			t = mapping.Table{Name: table, Engine: engine, Columns: map[string]mapping.Column{}}
		}
		t.Columns[c.Name] = c
		out[table] = t
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return out, addUniqueKeys(ctx, q, out)
}

// addUniqueKeys notes which columns are unique together.
func addUniqueKeys(ctx context.Context, q Queryer, tables map[string]mapping.Table) error {
	rows, err := q.QueryContext(ctx, "SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS"+
		" WHERE TABLE_SCHEMA = DATABASE() AND NON_UNIQUE = 0 ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX")
	if err != nil {
		return err
	}
	defer rows.Close()
	keys := map[string]map[string][]string{}
	for rows.Next() {
		var table, key, column string
		if err := rows.Scan(&table, &key, &column); err != nil {
			return err
		}
		if keys[table] == nil {
			keys[table] = map[string][]string{}
		}
		keys[table][key] = append(keys[table][key], column)
	}
	for name, t := range tables {
		t.Unique = [][]string{} // not nil: somebody looked
		for _, columns := range keys[name] {
			t.Unique = append(t.Unique, columns)
		}
		tables[name] = t
	}
	return rows.Err()
}
