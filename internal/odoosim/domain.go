package odoosim

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// filter is a domain made ready for a million rows: match decides, and the rest
// says where else there is nothing to look for.
type filter struct {
	match func(*row) bool
	ids   span
	times span    // of write_date, in microseconds since 1970
	only  []int64 // the ids that can match; nil: not known
}

// span is from the first, to before the last.
type span struct{ from, to int64 }

var everywhere = span{math.MinInt64, math.MaxInt64}

func unbounded(match func(*row) bool) filter {
	return filter{match: match, ids: everywhere, times: everywhere}
}

func (a filter) and(b filter) filter {
	only := a.only
	if only == nil {
		only = b.only
	}
	return filter{func(r *row) bool { return a.match(r) && b.match(r) }, a.ids.both(b.ids), a.times.both(b.times), only}
}

func (a filter) or(b filter) filter {
	f := filter{match: func(r *row) bool { return a.match(r) || b.match(r) }, ids: a.ids.either(b.ids), times: a.times.either(b.times)}
	if a.only != nil && b.only != nil {
		f.only = slices.Concat(a.only, b.only)
	}
	return f
}

func (a span) both(b span) span   { return span{max(a.from, b.from), min(a.to, b.to)} }
func (a span) either(b span) span { return span{min(a.from, b.from), max(a.to, b.to)} }

// compile reads a domain; its terms are joined by "and" where no operator says
// otherwise.
func (r *request) compile(domain []any) (filter, error) {
	all := unbounded(func(*row) bool { return true })
	for len(domain) > 0 {
		f, rest, err := r.expression(domain)
		if err != nil {
			return filter{}, err
		}
		all, domain = all.and(f), rest
	}
	return all, nil
}

func (r *request) expression(domain []any) (filter, []any, error) {
	if len(domain) == 0 {
		return unbounded(func(*row) bool { return true }), nil, nil
	}
	switch head := domain[0].(type) {
	case string:
		a, rest, err := r.expression(domain[1:])
		if err != nil || head == "!" {
			return unbounded(func(r *row) bool { return !a.match(r) }), rest, err
		}
		b, rest, err := r.expression(rest)
		if err != nil {
			return filter{}, nil, err
		}
		if head == "|" {
			return a.or(b), rest, nil
		}
		return a.and(b), rest, nil
	case []any:
		f, err := r.term(head)
		return f, domain[1:], err
	}
	return filter{}, nil, &fault{1, traceback("ValueError: Invalid domain")}
}

func (r *request) term(t []any) (filter, error) {
	if len(t) != 3 {
		return filter{}, &fault{1, traceback("ValueError: Invalid domain")}
	}
	path, _ := t[0].(string)
	name, rest, dotted := strings.Cut(path, ".")
	f, known := r.s.fields[r.model][name]
	if !known && name != "id" {
		return filter{}, r.s.invalidFieldInDomain(r.model, t)
	}
	if dotted {
		return r.dotted(f, name, []any{rest, t[1], t[2]})
	}
	match, err := r.comparison(f, name, fmt.Sprint(t[1]), t[2])
	if err != nil {
		return filter{}, err
	}
	out := unbounded(match)
	switch name {
	case "id":
		out.ids, out.only = idSpan(fmt.Sprint(t[1]), t[2])
	case "write_date":
		out.times = timeSpan(fmt.Sprint(t[1]), t[2])
	}
	return out, nil
}

// dotted follows a path over records: one of them is enough.
func (r *request) dotted(f field, name string, rest []any) (filter, error) {
	there, err := r.of(f.Relation).term(rest)
	if err != nil {
		return filter{}, err
	}
	targets := r.s.table(f.Relation)
	return unbounded(func(row *row) bool {
		switch v := row.get(name).(type) {
		case int64:
			return there.match(targets.rows[v])
		case []int64:
			return slices.ContainsFunc(v, func(id int64) bool { return there.match(targets.rows[id]) })
		}
		return false
	}), nil
}

// comparison evaluates one field. Of an x2many one record is enough, and False
// means that there is none.
func (r *request) comparison(f field, name, operator string, want any) (func(*row) bool, error) {
	negated := operator == "!=" || strings.HasPrefix(operator, "not ")
	positive := strings.TrimPrefix(strings.Replace(operator, "!=", "=", 1), "not ")
	compares, err := r.compares(f, positive, want)
	if err != nil {
		return nil, err
	}
	date := r.dateComparison(positive, want)
	return func(row *row) bool {
		switch have := row.get(name).(type) {
		case time.Time:
			return date(have) != negated
		case []int64:
			if want == false {
				return (len(have) == 0) != negated
			}
			return slices.ContainsFunc(have, func(id int64) bool { return compares(id) }) != negated
		default:
			return compares(have) != negated
		}
	}, nil
}

// compares evaluates a positive operator on one value. A text stands for a
// record's name.
func (r *request) compares(f field, operator string, want any) (func(have any) bool, error) {
	switch operator {
	case "=":
		return func(have any) bool { return same(r.comparable(f, have, want), want) }, nil
	case "in":
		list, _ := want.([]any)
		return r.among(f, list), nil
	case "like", "ilike", "=like", "=ilike":
		matches := like(operator, fmt.Sprint(want))
		return func(have any) bool {
			text, _ := r.comparable(f, have, "").(string)
			return matches(text)
		}, nil
	case ">":
		return func(have any) bool { return known(have, want) && compareValues(have, want) > 0 }, nil
	case ">=":
		return func(have any) bool { return known(have, want) && compareValues(have, want) >= 0 }, nil
	case "<":
		return func(have any) bool { return known(have, want) && compareValues(have, want) < 0 }, nil
	case "<=":
		return func(have any) bool { return known(have, want) && compareValues(have, want) <= 0 }, nil
	}
	return nil, &fault{1, traceback("ValueError: Invalid operator " + operator)}
}

// known is false for an empty value beside a text: SQL's NULL is neither less
// nor more.
func known(have, want any) bool {
	_, text := want.(string)
	return !text || have != false && have != nil
}

// among finds ids without looking through the list for each.
func (r *request) among(f field, list []any) func(have any) bool {
	ids := map[int64]bool{}
	var others []any
	for _, w := range list {
		if id, isID := w.(int64); isID {
			ids[id] = true
		} else {
			others = append(others, w)
		}
	}
	return func(have any) bool {
		if id, isID := have.(int64); isID && ids[id] {
			return true
		}
		rest := others
		if _, float := have.(float64); float {
			rest = list
		}
		return slices.ContainsFunc(rest, func(w any) bool { return same(r.comparable(f, have, w), w) })
	}
}

func (r *request) comparable(f field, have, want any) any {
	id, isID := have.(int64)
	if _, named := want.(string); named && isID && f.Relation != "" {
		return r.s.table(f.Relation).rows[id].get("name")
	}
	return have
}

// like matches as SQL does: % stands for anything, _ for one character, and
// like and ilike look anywhere in the text.
func like(operator, pattern string) func(text string) bool {
	flags := "(?s)"
	if strings.HasSuffix(operator, "ilike") {
		flags = "(?si)"
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
	return regexp.MustCompile(flags + "^" + b.String() + "$").MatchString
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
