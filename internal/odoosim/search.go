package odoosim

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// search answers the ids in a domain, as the context and the rules allow.
func (r *request) search() ([]int64, error) {
	domain, _ := r.arg(0, "domain").([]any)
	table := r.s.table(r.model)
	activeTest := r.context["active_test"] != false && !mentions(domain, "active")
	ids := []int64{}
	for _, id := range table.ids() {
		row := table.rows[id]
		if r.s.hidden[r.model][id] || activeTest && row["active"] == false && r.hasActive() {
			continue
		}
		ok, err := r.matches(row, domain)
		if err != nil {
			return nil, err
		}
		if ok {
			ids = append(ids, id)
		}
	}
	r.order(ids)
	return r.page(ids), nil
}

func (r *request) hasActive() bool { _, ok := r.s.fields[r.model]["active"]; return ok }

func mentions(domain []any, field string) bool {
	return slices.ContainsFunc(domain, func(e any) bool {
		t, ok := e.([]any)
		return ok && len(t) == 3 && t[0] == field
	})
}

func (r *request) page(ids []int64) []int64 {
	if offset, ok := r.kwargs["offset"].(int64); ok {
		ids = ids[min(int(offset), len(ids)):]
	}
	if limit, ok := r.kwargs["limit"].(int64); ok && limit > 0 {
		ids = ids[:min(int(limit), len(ids))]
	}
	return ids
}

// order sorts ids by the fields asked for, and by id in the end.
func (r *request) order(ids []int64) {
	order, _ := r.kwargs["order"].(string)
	rows := r.s.table(r.model).rows
	parts := strings.Split(order, ",")
	slices.SortStableFunc(ids, func(a, b int64) int {
		for _, part := range parts {
			words := strings.Fields(part)
			if len(words) == 0 {
				continue
			}
			c := compareValues(rows[a][words[0]], rows[b][words[0]])
			if len(words) > 1 && strings.EqualFold(words[1], "desc") {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return cmp.Compare(a, b)
	})
}

func compareValues(a, b any) int {
	switch x := a.(type) {
	case time.Time:
		y, _ := b.(time.Time)
		return x.Compare(y)
	case string:
		y, _ := b.(string)
		return strings.Compare(x, y)
	}
	return cmp.Compare(num(a), num(b))
}

// matches evaluates a domain; its terms are joined by "and" where no operator
// says otherwise.
func (r *request) matches(row row, domain []any) (bool, error) {
	for len(domain) > 0 {
		ok, rest, err := r.expression(row, domain)
		if err != nil || !ok {
			return false, err
		}
		domain = rest
	}
	return true, nil
}

func (r *request) expression(row row, domain []any) (bool, []any, error) {
	if len(domain) == 0 {
		return true, nil, nil
	}
	rest := domain[1:]
	switch head := domain[0].(type) {
	case string:
		a, rest, err := r.expression(row, rest)
		if err != nil || head == "!" {
			return !a, rest, err
		}
		b, rest, err := r.expression(row, rest)
		if head == "|" {
			return a || b, rest, err
		}
		return a && b, rest, err
	case []any:
		ok, err := r.term(row, head)
		return ok, rest, err
	}
	return false, nil, &fault{1, traceback("ValueError: Invalid domain")}
}

func (r *request) term(row row, t []any) (bool, error) {
	path, _ := t[0].(string)
	name, rest, dotted := strings.Cut(path, ".")
	f, ok := r.s.fields[r.model][name]
	if !ok && name != "id" {
		return false, r.s.invalidFieldInDomain(r.model, t)
	}
	if dotted {
		return r.dotted(row, f, name, rest, t)
	}
	have, want, operator := row[name], t[2], fmt.Sprint(t[1])
	if at, ok := have.(time.Time); ok {
		text, _ := want.(string)
		return r.dateTerm(at, operator, text), nil
	}
	negated := operator == "!=" || strings.HasPrefix(operator, "not ")
	positive := strings.TrimPrefix(strings.Replace(operator, "!=", "=", 1), "not ")
	ids, several := have.([]int64)
	if !several {
		found, err := r.compares(f, have, positive, want)
		return found != negated, err
	}
	if want == false {
		return (len(ids) == 0) != negated, nil
	}
	found := false
	for _, id := range ids {
		one, err := r.compares(f, id, positive, want)
		if err != nil {
			return false, err
		}
		found = found || one
	}
	return found != negated, nil
}

// dotted follows a path over records: one of them is enough.
func (r *request) dotted(row row, f field, name, rest string, t []any) (bool, error) {
	ids, _ := row[name].([]int64)
	if id, ok := row[name].(int64); ok {
		ids = []int64{id}
	}
	target := r.of(f.Relation)
	for _, id := range ids {
		found, err := target.term(r.s.table(f.Relation).rows[id], []any{rest, t[1], t[2]})
		if err != nil || found {
			return found, err
		}
	}
	return false, nil
}

// compares evaluates a positive operator on one value. A text stands for a
// record's name.
func (r *request) compares(f field, have any, operator string, want any) (bool, error) {
	switch operator {
	case "=":
		return same(r.comparable(f, have, want), want), nil
	case "in":
		list, _ := want.([]any)
		return slices.ContainsFunc(list, func(w any) bool { return same(r.comparable(f, have, w), w) }), nil
	case "like", "ilike", "=like", "=ilike":
		text, _ := r.comparable(f, have, "").(string)
		return like(operator, text, fmt.Sprint(want)), nil
	case ">":
		return num(have) > num(want), nil
	case ">=":
		return num(have) >= num(want), nil
	case "<":
		return num(have) < num(want), nil
	case "<=":
		return num(have) <= num(want), nil
	}
	return false, &fault{1, traceback("ValueError: Invalid operator " + operator)}
}

func (r *request) comparable(f field, have, want any) any {
	id, isID := have.(int64)
	if _, named := want.(string); named && isID && f.Relation != "" {
		return r.s.table(f.Relation).rows[id]["name"]
	}
	return have
}

// like matches as SQL does: % stands for anything, _ for one character, and
// like and ilike look anywhere in the text.
func like(operator, text, pattern string) bool {
	if strings.HasSuffix(operator, "ilike") {
		text, pattern = strings.ToLower(text), strings.ToLower(pattern)
	}
	if !strings.HasPrefix(operator, "=") {
		pattern = "%" + pattern + "%"
	}
	var b strings.Builder
	for _, c := range pattern {
		switch c {
		case '%':
			b.WriteString(".*")
		case '_':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return regexp.MustCompile("(?s)^" + b.String() + "$").MatchString(text)
}

func same(have, want any) bool {
	if want == false && (have == nil || have == "" || have == false) {
		return true
	}
	if a, ok := have.(float64); ok {
		return a == num(want)
	}
	switch have.(type) {
	case []int64:
		return false
	}
	return have == want
}

// dateTerm compares as the version does: 16 to 18 the stored microseconds, 19
// whole seconds.
func (r *request) dateTerm(at time.Time, operator, text string) bool {
	want, err := time.Parse(time.DateTime, text)
	if err != nil {
		return false
	}
	if r.s.o.Version >= 19 {
		at = at.Truncate(time.Second)
	}
	switch operator {
	case ">=":
		return !at.Before(want)
	case ">":
		return at.After(want)
	case "<":
		return at.Before(want)
	case "<=":
		return !at.After(want)
	case "=":
		return at.Equal(want)
	}
	return false
}

// read answers records: missing ids are left out, a hidden one is fault 4 for
// all.
func (r *request) read(ids []int64, fieldsArg int) (any, error) {
	var names []string
	if list, ok := r.arg(fieldsArg, "fields").([]any); ok {
		for _, e := range list {
			names = append(names, fmt.Sprint(e))
		}
	}
	for _, name := range names {
		if _, ok := r.s.fields[r.model][name]; !ok && name != "id" {
			return nil, r.s.invalidField(r.model, name)
		}
	}
	classic := r.kwargs["load"] == "_classic_write"
	out := []any{}
	for _, id := range ids {
		row, ok := r.s.table(r.model).rows[id]
		if !ok {
			continue
		}
		if r.s.hidden[r.model][id] {
			return nil, &fault{4, fmt.Sprintf("Due to security restrictions, you are not allowed to access '%s' (%s) records.\n\nRecords: (id=%d)", r.model, r.model, id)}
		}
		answer := map[string]any{"id": id}
		for _, name := range names {
			answer[name] = r.shown(row, name, classic)
		}
		out = append(out, answer)
	}
	r.s.stats.RecordsRead += int64(len(out))
	return out, nil
}

func (r *request) shown(row row, name string, classic bool) any {
	if name == "child_ids" {
		id, _ := row["id"].(int64)
		return slices.DeleteFunc(r.s.pointing(r.model, "parent_id", id), func(child int64) bool {
			return r.s.table(r.model).rows[child]["active"] == false && r.context["active_test"] != false
		})
	}
	if name == "display_name" {
		name = "name"
	}
	v, ok := row[name]
	if !ok || v == nil {
		v = empty(r.s.fields[r.model][name])
	}
	f := r.s.fields[r.model][name]
	id, isID := v.(int64)
	if f.Type != "many2one" || !isID || classic {
		return v
	}
	label := fmt.Sprintf("%s,%d", f.Relation, id)
	if target, ok := r.s.table(f.Relation).rows[id]; ok {
		if text, isText := target["name"].(string); isText {
			label = text
		}
	}
	return []any{id, label}
}
