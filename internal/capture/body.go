package capture

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"odoosync/mapping"
)

// watch is what the triggers of a table do for one entity.
type watch struct {
	entity string
	table  string
	own    string   // the row's own id
	parent string   // of lines: the column of the parent's id; "" for an entity's own table
	fields []string // the mapped columns, sorted
	others []string // columns whose changes count too: Odoo's id, the mark of a deletion, a line's place
	times  map[string]bool
}

func watchEntity(e *mapping.Entity) watch {
	w := watch{entity: e.Name, table: e.Table, own: e.IDColumn, times: map[string]bool{}}
	w.add(e.Fields, e.OdooIDColumn, e.DeletedColumn)
	w.times[e.DeletedColumn] = true
	return w
}

func watchLines(e *mapping.Entity, c *mapping.Child) watch {
	w := watch{entity: e.Name, table: c.Table, own: c.IDColumn, parent: c.ParentColumn, times: map[string]bool{}}
	w.add(c.Fields, c.IDColumn, c.ParentColumn, c.PositionColumn, c.OdooIDColumn)
	return w
}

func (w *watch) add(fields []*mapping.Field, others ...string) {
	for _, f := range fields {
		w.fields = append(w.fields, f.Column)
		w.times[f.Column] = f.Type == mapping.TypeTime
	}
	slices.Sort(w.fields)
	w.others = slices.DeleteFunc(others, func(column string) bool { return column == "" })
}

// body is the trigger's body, with its fingerprint in front.
func body(watches []watch, event string) string {
	var parts []string
	for _, w := range watches {
		parts = append(parts, w.statements(event)...)
	}
	rest := " DECLARE odoosync_columns TEXT CHARACTER SET utf8mb4 DEFAULT '';\n" +
		" IF NOT (@odoosync_applying <=> 1) THEN\n  " + strings.Join(parts, "\n  ") + "\n END IF;\nEND"
	return "BEGIN\n DECLARE odoosync_trigger CHAR(16) CHARACTER SET ascii DEFAULT '" + fingerprint(rest) + "';\n" + rest
}

func (w watch) statements(event string) []string {
	switch {
	case w.parent != "":
		return w.line(event)
	case event == "INSERT":
		return w.insert()
	case event == "DELETE":
		return []string{w.delete()}
	}
	moved := append([]string{"IF " + w.changed(w.own) + " THEN", w.delete()}, w.insert()...)
	return append(append(append(moved, "ELSE"), w.changes(w.others)...), "IF odoosync_columns <> '' THEN", w.note("NEW", "update", listed), "END IF;", "END IF;")
}

// insert notes a new row with the columns that have a value.
func (w watch) insert() []string {
	return []string{w.filled(), w.note("NEW", "insert", listed)}
}

func (w watch) delete() string { return w.note("OLD", "delete", "NULL") }

// line notes what happens to a line as an edit of its parent. A line without a
// parent belongs to no record.
func (w watch) line(event string) []string {
	whole := literal(jsonArray(w.table))
	note := func(row, columns string) []string {
		return []string{"IF " + row + "." + quote(w.parent) + " IS NOT NULL THEN", w.note(row, "update", columns), "END IF;"}
	}
	switch event {
	case "INSERT":
		return append([]string{w.filled()}, note("NEW", "IF(odoosync_columns = '', "+whole+", "+listed+")")...)
	case "DELETE":
		return note("OLD", whole)
	}
	out := append(w.changes(w.others), "IF odoosync_columns <> '' THEN")
	out = append(out, note("NEW", listed)...)
	out = append(out, "IF "+w.changed(w.parent)+" THEN")
	out = append(out, note("OLD", listed)...)
	return append(out, "END IF;", "END IF;")
}

// listed is the collected names as a JSON array; each comes after a comma.
const listed = "CONCAT('[', SUBSTRING(odoosync_columns, 2), ']')"

// filled collects the mapped columns of a new row that have a value.
func (w watch) filled() string {
	return w.collect(w.fields, func(column string) string { return "NEW." + quote(column) + " IS NOT NULL" })
}

// changes collects the columns that an update really changed.
func (w watch) changes(others []string) []string {
	columns := append(slices.Clone(w.fields), others...)
	slices.Sort(columns)
	return []string{w.collect(slices.Compact(columns), w.changed)}
}

func (w watch) collect(columns []string, when func(string) string) string {
	terms := []string{"''"}
	for _, column := range columns {
		name := column
		if w.parent != "" {
			name = w.table + "." + column
		}
		terms = append(terms, "IF("+when(column)+", "+literal(","+jsonText(name))+", '')")
	}
	return "SET odoosync_columns = CONCAT(" + strings.Join(terms, ", ") + ");"
}

// changed compares a column's bytes: as binary, no collation can call two
// values equal, and JSON, numbers and times are compared as what SELECT shows.
// A TIMESTAMP is shown in the session's time zone, where two moments an hour
// apart can look the same when clocks are put back.
func (w watch) changed(column string) string {
	c := quote(column)
	same := "CAST(OLD." + c + " AS BINARY) <=> CAST(NEW." + c + " AS BINARY)"
	if w.times[column] {
		same += " AND UNIX_TIMESTAMP(OLD." + c + ") <=> UNIX_TIMESTAMP(NEW." + c + ")"
	}
	return "NOT (" + same + ")"
}

// note writes a row of the outbox about the record that row belongs to.
func (w watch) note(row, op, columns string) string {
	key := w.own
	if w.parent != "" {
		key = w.parent
	}
	return "INSERT INTO sync_outbox (entity, local_id, op, changed_columns, changed_at, next_attempt_at, status) VALUES (" +
		literal(w.entity) + ", CAST(" + row + "." + quote(key) + " AS CHAR), '" + op + "', " + columns + ", UTC_TIMESTAMP(6), '2000-01-01', 'pending');"
}

func jsonArray(name string) string { return "[" + jsonText(name) + "]" }

// jsonText is a name as JSON, without escaping what only HTML minds.
func jsonText(name string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(name) // a text can always be encoded
	return strings.TrimSuffix(out.String(), "\n")
}

func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// literal is a text in SQL, for the empty sql_mode, in which \ escapes.
func literal(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(text) + "'"
}
