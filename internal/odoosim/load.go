package odoosim

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// load imports rows of text as Odoo does: an "id" column is an external id that
// makes a record or updates the one it made; ".id" updates a known one; columns
// such as "order_line/name" are lines, and a row whose own cells are empty
// belongs to the record above it. An error undoes all of them; a warning does
// not, and comes with ids.
func (r *request) load() (any, error) {
	columns, rows := texts(r.arg(0, "fields")), r.arg(1, "data")
	if err := r.knownColumns(columns); err != nil {
		return nil, err
	}
	list, _ := rows.([]any)
	l := &loading{request: r, t: r.s.begin(), columns: columns, ids: []int64{}, messages: []any{}}
	for i := 0; i < len(list); {
		next := i + 1
		for next < len(list) && l.continues(texts(list[next])) {
			next++
		}
		var block [][]string
		for _, row := range list[i:next] {
			block = append(block, l.padded(texts(row)))
		}
		l.from, l.to = i, next-1
		if err := l.record(block); err != nil {
			l.t.rollback()
			return nil, err
		}
		i = next
	}
	if l.failed {
		l.t.rollback()
		return map[string]any{"ids": false, "messages": l.messages, "nextrow": int64(0)}, nil
	}
	r.s.stats.RecordsWritten += l.t.written()
	l.t.commit()
	return map[string]any{"ids": l.ids, "messages": l.messages, "nextrow": int64(0)}, nil
}

type loading struct {
	*request
	t        *tx
	columns  []string
	ids      []int64
	messages []any
	failed   bool
	from, to int // the rows of the record at hand
}

func texts(v any) []string {
	list, _ := v.([]any)
	out := make([]string, len(list))
	for i, e := range list {
		if e != false && e != nil {
			out[i] = fmt.Sprint(e)
		}
	}
	return out
}

func (l *loading) padded(row []string) []string {
	for len(row) < len(l.columns) {
		row = append(row, "")
	}
	return row
}

// knownColumns refuses the whole call for a column that does not exist.
func (r *request) knownColumns(columns []string) error {
	for _, column := range columns {
		model := r.model
		for _, name := range strings.Split(column, "/") {
			if name == "id" || name == ".id" {
				break
			}
			f, known := r.s.fields[model][name]
			if !known {
				return &fault{1, traceback(r.s.since("KeyError: '"+name+"'", 18, "ValueError: Invalid field name '"+name+"'"))}
			}
			model = f.Relation
		}
	}
	return nil
}

// line splits the column of a line's field.
func (l *loading) line(column string) (child, name string, ok bool) {
	child, name, ok = strings.Cut(column, "/")
	f := l.s.fields[l.model][child]
	return child, name, ok && f.Type == "one2many"
}

// continues reports a row that only adds lines.
func (l *loading) continues(row []string) bool {
	lines := false
	for i, column := range l.columns {
		if i >= len(row) {
			break
		}
		_, _, isLine := l.line(column)
		if !isLine && row[i] != "" {
			return false
		}
		lines = lines || isLine && row[i] != ""
	}
	return lines
}

// record imports one record with its lines.
func (l *loading) record(block [][]string) error {
	own := map[string]string{}
	var lists []string
	for i, column := range l.columns {
		child, _, isLine := l.line(column)
		switch {
		case !isLine:
			own[column] = block[0][i]
		case !slices.Contains(lists, child):
			lists = append(lists, child)
		}
	}
	values, commands, ok := l.values(l.request, own, "")
	for _, list := range lists {
		more, good := l.lines(list, block)
		commands, ok = append(commands, more...), ok && good
	}
	id, found, err := l.target(own)
	if err != nil {
		return err
	}
	if !ok && len(values) == 0 && !found {
		return nil // the cells said it all
	}
	l.save(id, found, own["id"], values, commands)
	return nil
}

// lines turns the cells of a list's lines into commands.
func (l *loading) lines(list string, block [][]string) (out []command, ok bool) {
	f := l.s.fields[l.model][list]
	ok = true
	for _, row := range block {
		cells, filled := map[string]string{}, false
		for i, column := range l.columns {
			if child, name, isLine := l.line(column); isLine && child == list {
				cells[name] = row[i]
				filled = filled || row[i] != ""
			}
		}
		if !filled {
			continue
		}
		_, byName := cells["id"]
		_, byID := cells[".id"]
		if byName && byID {
			l.refuse(problem{field: list, text: fmt.Sprintf("Ambiguous specification for field '%s', only provide one of name, external id or database id", f.Label), plain: true})
			return nil, false
		}
		one, good := l.oneLine(list, f, cells)
		out, ok = append(out, one...), ok && good
	}
	return out, ok
}

func (l *loading) oneLine(list string, f field, cells map[string]string) ([]command, bool) {
	lines := l.of(f.Relation)
	values, commands, ok := l.values(lines, cells, list)
	all := rejoined(values, commands)
	if text := cells[".id"]; text != "" {
		id, isID := databaseID(text)
		if !isID || lines.exists(id) != nil {
			l.refuse(problem{field: list, text: fmt.Sprintf("No matching record found for database id '%s' in field '%s'", text, f.Label), model: f.Relation})
			return nil, false
		}
		return []command{{field: list, code: 4, id: id}, {field: list, code: 1, id: id, value: all}}, ok
	}
	if model, id, _, known := l.s.external(cells["id"]); known && model == f.Relation {
		return []command{{field: list, code: 4, id: id}, {field: list, code: 1, id: id, value: all}}, ok
	}
	return []command{{field: list, code: 0, value: all, external: cells["id"]}}, ok
}

// rejoined makes values of XML-RPC out of values and commands.
func rejoined(values Values, commands []command) map[string]any {
	all := map[string]any(values)
	for _, c := range commands {
		ids, _ := c.value.([]int64)
		list := make([]any, len(ids))
		for i, id := range ids {
			list[i] = id
		}
		all[c.field] = []any{[]any{int64(6), int64(0), list}}
	}
	return all
}

// values turns cells into values; many2many cells become commands. list names
// the field of a line's list.
func (l *loading) values(r *request, cells map[string]string, list string) (Values, []command, bool) {
	values, ok := Values{}, true
	var commands []command
	for _, column := range slices.Sorted(keys(cells)) {
		if column == "id" || column == ".id" {
			continue
		}
		name, kind, _ := strings.Cut(column, "/")
		v, p := l.cell(r, name, kind, cells[column])
		if p != nil {
			l.refuse(p.within(l.request, list))
			ok = ok && p.warning
		}
		if ids, isLinks := v.([]int64); isLinks {
			commands = append(commands, command{field: name, code: 6, value: ids})
		} else if p == nil || p.warning {
			values[name] = v
		}
	}
	return values, commands, ok
}

// target finds the record a row means: by its external id where it has one, else
// by its .id, which 18 and 19 take for a new record when it is empty.
func (l *loading) target(cells map[string]string) (int64, bool, error) {
	text, has := cells[".id"]
	id, isID := databaseID(text)
	if _, err := strconv.Atoi(strings.TrimSpace(text)); has && err != nil && (text != "" || cells["id"] == "" && l.s.o.Version < 18) {
		return 0, false, &fault{1, traceback(fmt.Sprintf("psycopg2.errors.InvalidTextRepresentation: invalid input syntax for type integer: %q", text))}
	}
	hidden := l.s.table(l.model).rows[id].get("active") == false && l.hasActive() && l.context["active_test"] != false
	there := isID && l.exists(id) == nil && !hidden
	if has && text != "" && !there {
		l.refuse(problem{field: ".id", text: fmt.Sprintf("Unknown database identifier '%s'", text), plain: true})
	}
	if cells["id"] == "" {
		return id, there, nil
	}
	model, known, data, ok := l.s.external(cells["id"])
	if ok && model != l.model {
		l.refuse(problem{text: fmt.Sprintf("For external id %s when trying to create/update a record of model %s found record of different model %s (%d)", cells["id"], l.model, model, data)})
		return 0, false, nil
	}
	return known, ok, nil
}

// save makes or updates the record, unless an error was met before.
func (l *loading) save(id int64, found bool, external string, values Values, commands []command) {
	operation := map[bool]string{true: "write", false: "create"}[found]
	err := l.s.permitted(l.model, operation)
	switch {
	case err != nil:
	case found && !l.sees(id):
		err = l.s.hiddenRecord(l.model, operation, id)
	case found:
		err = l.update(l.t, id, values, commands)
	default:
		if id, err = l.insert(l.t, values, commands); err == nil && external != "" {
			err = l.nameIt(l.t, external, id)
		}
	}
	if err == nil {
		l.ids = append(l.ids, id)
		return
	}
	var w *worded
	if errors.As(err, &w) {
		l.refuse(problem{field: w.field, text: w.text, plain: true})
		return
	}
	l.refuse(problem{text: lastOf(err.Error()), plain: true})
}

// lastOf is a traceback's message.
func lastOf(text string) string {
	if !strings.HasPrefix(text, "Traceback") {
		return text
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	_, message, _ := strings.Cut(lines[len(lines)-1], ": ")
	return message
}
