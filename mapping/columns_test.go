package mapping_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/store"
	"odoosync/mapping"
)

// columnValues are types of columns with texts around the edge of what each
// holds. What MariaDB refuses must be refused before it is sent, and what it
// takes must come back as it went.
var columnValues = []struct {
	column string
	values []string
}{
	{"VARCHAR(5) NULL", []string{"ééééé", "éééééé", "😀😀😀😀😀", "a\nb", " a ", "12345", "123456"}},
	{"TINYTEXT NULL", []string{strings.Repeat("é", 127), strings.Repeat("é", 128), strings.Repeat("x", 255), strings.Repeat("x", 256)}},
	{"TEXT NULL", []string{strings.Repeat("😀", 16383), strings.Repeat("😀", 16384)}},
	{"ENUM('draft','l''été') NULL", []string{"draft", "l'été", "sale", "draft,l"}},
	{"BOOLEAN NULL", []string{"0", "1"}},
	{"TINYINT(4) NULL", []string{"-128", "127", "128", "-129"}},
	{"SMALLINT UNSIGNED NULL", []string{"0", "65535", "65536", "-1"}},
	{"MEDIUMINT NULL", []string{"8388607", "8388608"}},
	{"INT NULL", []string{"-2147483648", "2147483647", "2147483648"}},
	{"BIGINT NULL", []string{"9223372036854775807", "9223372036854775808", "-9223372036854775808"}},
	{"BIGINT UNSIGNED NULL", []string{"18446744073709551615", "18446744073709551616"}},
	{"DECIMAL(16,2) NULL", []string{"99999999999999.99", "-99999999999999.99", "100000000000000", "0.005", "-0.004"}},
	{"DECIMAL(20,6) UNSIGNED NULL", []string{"99999999999999.999999", "0", "-1"}},
	{"DATE NULL", []string{"1000-01-01", "9999-12-31", "2024-02-29", "2025-02-29"}},
	{"DATETIME NULL", []string{"1000-01-01 00:00:00", "9999-12-31 23:59:59", "2025-01-22 25:00:00"}},
	{"TIMESTAMP NULL", []string{"1970-01-01 00:00:01", "2038-01-19 03:14:07", "1969-12-31 23:59:59"}},
	{"JSON NULL", []string{`["a","b"]`, `[]`, `["\u003cé\u003e"]`, `[`, ``}},
}

func TestColumnsHoldWhatTheirValuesSay(t *testing.T) {
	ctx, db := context.Background(), dbtest.Empty(t)
	var columns, fields []string
	for i, c := range columnValues {
		columns = append(columns, fmt.Sprintf("c%d %s", i, c.column))
		kind := ""
		if strings.HasPrefix(c.column, "JSON") {
			kind = ", lookup_list: name"
		}
		fields = append(fields, fmt.Sprintf("      c%d: {odoo: c%d%s, payload: c%d}", i, i, kind, i))
	}
	_, err := db.ExecContext(ctx, "CREATE TABLE things (id BIGINT AUTO_INCREMENT PRIMARY KEY, odoo_id BIGINT NULL UNIQUE, "+strings.Join(columns, ", ")+") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4")
	require.NoError(t, err)
	tables, err := store.Tables(ctx, db)
	require.NoError(t, err)
	spec, err := mapping.Parse([]byte("entities:\n  things:\n    model: thing\n    table: things\n    fields:\n" + strings.Join(fields, "\n")))
	require.NoError(t, err)
	m, err := spec.Compile(mapping.Schema{Tables: tables})
	require.NoError(t, err)
	e := m.ByName("things")
	kept, refused := 0, 0
	for i, c := range columnValues {
		name := fmt.Sprintf("c%d", i)
		for _, text := range c.values {
			what := fmt.Sprintf("%s: %.40q", c.column, text)
			rec, _, err := m.DecodePayload(e, map[string]any{name: text}, nobody{})
			if err != nil {
				_, stored := db.ExecContext(ctx, "INSERT INTO things ("+name+") VALUES (?)", text)
				require.Error(t, stored, "%s is refused, and the column takes it", what)
				refused++
				continue
			}
			inserted, err := db.ExecContext(ctx, "INSERT INTO things ("+name+") VALUES (?)", e.Field(name).Arg(rec.Fields[name]))
			require.NoError(t, err, what)
			id, err := inserted.LastInsertId()
			require.NoError(t, err)
			var cell any
			require.NoError(t, db.QueryRowContext(ctx, "SELECT "+name+" FROM things WHERE id = ?", id).Scan(&cell))
			require.Equal(t, rec.Fields, e.DecodeRow(map[string]any{name: cell}), what)
			kept++
		}
	}
	require.Greater(t, kept, 30)
	require.Greater(t, refused, 12)
}
