package capture_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"odoosync/mapping"
)

// kept are the columns of the table things and values for them that differ by
// little. The last one is not mapped.
var kept = []struct {
	column string
	values []string
}{
	{"v", []string{"NULL", "''", "'a'", "'A'", "'á'", "'a '"}},
	{"d", []string{"NULL", "0", "1.5", "1.500001"}},
	{"j", []string{"NULL", "'[]'", "'[1, 2]'", "'[2, 1]'", "'null'"}},
	{"dt", []string{"NULL", "'2025-01-22 10:00:00'", "'2025-01-22 10:00:00.001'"}},
	{"e", []string{"NULL", "'a'", "'b'"}},
	{"b", []string{"NULL", "''", "x'00'", "x'0000'"}},
	{"mine", []string{"NULL", "1", "2"}},
}

// things is the table as a SELECT shows it: by id, each column's bytes, "-" for
// NULL.
type things map[string]map[string]string

// Whatever an API does, for each row whose mapped columns differ from before
// there is a note that names exactly those columns, and no other note.
func TestEveryChangeIsNotedExactly(t *testing.T) {
	b := bare(t)
	b.exec("CREATE TABLE things (id INT PRIMARY KEY, odoo_id BIGINT NULL, v VARCHAR(20), d DECIMAL(20,6), j JSON, dt DATETIME(3), e ENUM('a','b'), b BLOB, mine INT)")
	e := &mapping.Entity{Name: "things", Table: "things", IDColumn: "id", OdooIDColumn: "odoo_id"}
	for _, k := range kept[:len(kept)-1] {
		e.Fields = append(e.Fields, &mapping.Field{Column: k.column})
	}
	b.install(&mapping.Mapping{Entities: []*mapping.Entity{e}})
	rapid.Check(t, func(rt *rapid.T) {
		b.exec("DELETE FROM things")
		b.noted()
		before := look(rt, b)
		for range rapid.IntRange(1, 15).Draw(rt, "statements") {
			statement := draw(rt)
			_, err := b.api.ExecContext(ctx, statement)
			if err != nil {
				require.ErrorContains(rt, err, "Duplicate entry", statement)
			}
			after := look(rt, b)
			replaced := strings.HasPrefix(statement, "REPLACE")
			require.Equal(rt, expected(before, after, replaced, ids(statement)), notes(rt, b), statement)
			before = after
		}
	})
}

func draw(rt *rapid.T) string {
	id := func() string { return fmt.Sprint(rapid.IntRange(1, 4).Draw(rt, "id")) }
	var columns, values, sets []string
	for _, k := range kept {
		if rapid.Bool().Draw(rt, k.column) {
			value := rapid.SampledFrom(k.values).Draw(rt, "value")
			columns, values, sets = append(columns, ", "+k.column), append(values, ", "+value), append(sets, k.column+" = "+value)
		}
	}
	if len(sets) == 0 {
		sets = []string{"id = id"}
	}
	row := " INTO things (id" + strings.Join(columns, "") + ") VALUES (" + id() + strings.Join(values, "") + ")"
	switch rapid.SampledFrom([]string{"insert", "upsert", "update", "update", "all", "replace", "delete", "key"}).Draw(rt, "kind") {
	case "insert":
		return "INSERT" + row
	case "upsert":
		return "INSERT" + row + " ON DUPLICATE KEY UPDATE " + strings.Join(sets, ", ")
	case "replace":
		return "REPLACE" + row
	case "update":
		return "UPDATE things SET " + strings.Join(sets, ", ") + " WHERE id = " + id()
	case "all":
		return "UPDATE things SET " + strings.Join(sets, ", ")
	case "key":
		return "UPDATE things SET id = " + id() + ", v = 'moved' WHERE id = " + id()
	}
	return "DELETE FROM things WHERE id <= " + id()
}

// ids is the id a REPLACE names.
func ids(statement string) string {
	_, values, _ := strings.Cut(statement, "VALUES (")
	return strings.TrimRight(strings.SplitN(values, ",", 2)[0], ")")
}

func look(rt *rapid.T, b *bench) things {
	out := things{}
	query := "SELECT id"
	for _, k := range kept {
		query += ", COALESCE(HEX(CAST(" + k.column + " AS BINARY)), '-')"
	}
	for line := range strings.SplitSeq(rows(rt, b.db, query+" FROM things ORDER BY id"), "\n") {
		cells := strings.Split(line, " ")
		if line == "" {
			continue
		}
		row := map[string]string{}
		for i, k := range kept[:len(kept)-1] {
			row[k.column] = cells[i+1]
		}
		out[cells[0]] = row
	}
	return out
}

// expected are the notes by record, from what the table was and is.
func expected(before, after things, replaced bool, id string) map[string][]string {
	out := map[string][]string{}
	for id, was := range before {
		is, there := after[id]
		if !there {
			out[id] = append(out[id], "delete")
			continue
		}
		var changed []string
		for column := range was {
			if was[column] != is[column] {
				changed = append(changed, column)
			}
		}
		slices.Sort(changed)
		if len(changed) > 0 && !replaced {
			out[id] = append(out[id], "update "+strings.Join(changed, " "))
		}
	}
	for other, row := range after {
		_, was := before[other]
		if was && (!replaced || other != id) {
			continue
		}
		if was {
			out[other] = append(out[other], "delete")
		}
		var filled []string
		for column, value := range row {
			if value != "-" {
				filled = append(filled, column)
			}
		}
		slices.Sort(filled)
		out[other] = append(out[other], strings.TrimSpace("insert "+strings.Join(filled, " ")))
	}
	return out
}

func notes(rt *rapid.T, b *bench) map[string][]string {
	out := map[string][]string{}
	r, err := b.db.QueryContext(ctx, "SELECT local_id, op, COALESCE(changed_columns, '[]') FROM sync_outbox ORDER BY id")
	require.NoError(rt, err)
	defer r.Close()
	for r.Next() {
		var id, op, list string
		require.NoError(rt, r.Scan(&id, &op, &list))
		var columns []string
		require.NoError(rt, json.Unmarshal([]byte(list), &columns))
		out[id] = append(out[id], strings.TrimSpace(op+" "+strings.Join(columns, " ")))
	}
	require.NoError(rt, r.Err())
	_, err = b.db.Exec("DELETE FROM sync_outbox")
	require.NoError(rt, err)
	for id := range maps.Keys(out) {
		require.NotEmpty(rt, id)
	}
	return out
}
