package odoosim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// externalIDs is the model behind external ids.
const externalIDs = "ir.model.data"

// load imports rows of text as Odoo does: an "id" column is an external id that
// makes a record or updates the one it made; ".id" updates a known one; columns
// such as "order_line/name" are lines, and a row whose own cells are empty
// belongs to the record above it. A row that is refused undoes all of them.
func (r *request) load() (any, error) {
	columns, rows := texts(r.arg(0, "fields")), r.arg(1, "data")
	list, _ := rows.([]any)
	l := &loading{request: r, t: r.s.begin(), columns: columns, ids: []int64{}, messages: []any{}}
	for i := 0; i < len(list); {
		next := i + 1
		for next < len(list) && l.continues(texts(list[next])) {
			next++
		}
		var block [][]string
		for _, row := range list[i:next] {
			block = append(block, texts(row))
		}
		l.record(i, block)
		i = next
	}
	if len(l.messages) > 0 {
		l.t.rollback()
		return map[string]any{"ids": false, "messages": l.messages, "nextrow": int64(0)}, nil
	}
	l.t.commit()
	return map[string]any{"ids": l.ids, "messages": l.messages, "nextrow": int64(0)}, nil
}

type loading struct {
	*request
	t        *tx
	columns  []string
	ids      []int64
	messages []any
}

func texts(v any) []string {
	list, _ := v.([]any)
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = fmt.Sprint(e)
	}
	return out
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
		_, _, isLine := l.line(column)
		if !isLine && row[i] != "" {
			return false
		}
		lines = lines || isLine && row[i] != ""
	}
	return lines
}

// record imports one record with its lines; n is its first row.
func (l *loading) record(n int, block [][]string) {
	own := map[string]string{}
	for i, column := range l.columns {
		if _, _, isLine := l.line(column); !isLine {
			own[column] = block[0][i]
		}
	}
	id, ok := l.upsert(n, l.request, own, nil)
	if !ok {
		return
	}
	l.ids = append(l.ids, id)
	for k, row := range block {
		cells := map[string]map[string]string{}
		for i, column := range l.columns {
			child, name, isLine := l.line(column)
			if !isLine {
				continue
			}
			if cells[child] == nil {
				cells[child] = map[string]string{}
			}
			cells[child][name] = row[i]
		}
		for child, line := range cells {
			if slices.ContainsFunc(l.columns, func(c string) bool {
				return strings.HasPrefix(c, child+"/") && line[strings.TrimPrefix(c, child+"/")] != ""
			}) {
				lines := &request{s: l.s, model: l.s.fields[l.model][child].Relation, context: l.context}
				l.upsert(n+k, lines, line, Values{lineModels[lines.model].field: id})
			}
		}
	}
}

// upsert makes or updates a record of r's model from cells.
func (l *loading) upsert(n int, r *request, cells map[string]string, more Values) (int64, bool) {
	values := map[string]any{}
	for column, text := range cells {
		if column == "id" || column == ".id" {
			continue
		}
		name, kind, _ := strings.Cut(column, "/")
		v, problem := l.cell(r, name, kind, text)
		if problem != "" {
			l.refuse(n, r, name, problem)
			return 0, false
		}
		values[name] = v
	}
	for name, v := range more {
		values[name] = v
	}
	id, found := l.target(r, cells)
	if cells[".id"] != "" && !found {
		l.refuse(n, r, ".id", fmt.Sprintf("No matching record found for database id '%s'", cells[".id"]))
		return 0, false
	}
	if err := r.valid(values, id); err != nil {
		l.refuse(n, r, "", err.Error())
		return 0, false
	}
	if found {
		l.t.write(r.model, id, Values(values))
		return id, true
	}
	id = l.t.create(r.model, Values(values))
	if external := cells["id"]; external != "" {
		module, name, _ := strings.Cut(external, ".")
		l.t.create(externalIDs, Values{"module": module, "name": name, "model": r.model, "res_id": id, "noupdate": false})
	}
	return id, true
}

// target finds the record a row means; an external id whose record is gone
// means a new one.
func (l *loading) target(r *request, cells map[string]string) (int64, bool) {
	id, ok := databaseID(cells[".id"])
	if !ok {
		id, ok = l.s.external(cells["id"], r.model)
	}
	_, there := l.s.table(r.model).rows[id]
	return id, ok && there
}

// external resolves an external id.
func (s *Server) external(text, model string) (int64, bool) {
	module, name, _ := strings.Cut(text, ".")
	rows := s.table(externalIDs).rows
	for _, id := range s.table(externalIDs).ids() {
		r := rows[id]
		if r["module"] == module && r["name"] == name && r["model"] == model {
			target, _ := r["res_id"].(int64)
			if _, there := s.table(model).rows[target]; there {
				return target, true
			}
		}
	}
	return 0, false
}

// cell turns a cell's text into a value; problem is Odoo's sentence.
func (l *loading) cell(r *request, name, kind, text string) (v any, problem string) {
	f, known := r.s.fields[r.model][name]
	if !known {
		return nil, fmt.Sprintf("Unknown field '%s'", name)
	}
	if text == "" {
		return empty(f), ""
	}
	switch f.Type {
	case "many2one":
		return l.relation(f, kind, text)
	case "boolean":
		return slices.Contains([]string{"1", "true", "yes"}, strings.ToLower(text)), ""
	case "integer":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Sprintf("'%s' does not seem to be an integer for field '%s'", text, f.Label)
		}
		return n, ""
	case "float", "monetary":
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Sprintf("'%s' does not seem to be a number for field '%s'", text, f.Label)
		}
		return n, ""
	}
	return text, ""
}

func (l *loading) relation(f field, kind, text string) (any, string) {
	switch kind {
	case ".id":
		id, ok := databaseID(text)
		if _, there := l.s.table(f.Relation).rows[id]; !ok || !there {
			return nil, fmt.Sprintf("No matching record found for database id '%s' in field '%s'", text, f.Label)
		}
		return id, ""
	case "id":
		if id, ok := l.s.external(text, f.Relation); ok {
			return id, ""
		}
		return nil, fmt.Sprintf("No matching record found for external id '%s' in field '%s'", text, f.Label)
	}
	for _, id := range l.s.table(f.Relation).ids() {
		if l.s.table(f.Relation).rows[id]["name"] == text {
			return id, ""
		}
	}
	return nil, fmt.Sprintf("No matching record found for name '%s' in field '%s'", text, f.Label)
}

func (l *loading) refuse(n int, r *request, name, message string) {
	f := r.s.fields[r.model][name]
	m := map[string]any{"rows": map[string]any{"from": int64(n), "to": int64(n)}, "type": "error", "record": int64(n), "message": message}
	if name != "" {
		m["field"] = name
	}
	if f.Type == "many2one" {
		view := "tree"
		if r.s.o.Version >= 18 {
			view = "list"
		}
		m["field_name"] = f.Label
		m["moreinfo"] = map[string]any{"name": "Possible Values", "type": "ir.actions.act_window", "target": "new", "view_mode": view + ",form",
			"views": []any{[]any{false, "list"}, []any{false, "form"}}, "context": map[string]any{"create": false}, "help": "See all possible values",
			"res_model": externalIDs, "domain": []any{[]any{"model", "=", f.Relation}}}
	}
	l.messages = append(l.messages, m)
}
