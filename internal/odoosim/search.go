package odoosim

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"
)

// search answers the ids in a domain, as the context and the rules allow, in
// the order asked for.
func (r *request) search() ([]int64, error) {
	rows, err := r.find(r.order())
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.id
	}
	return ids, err
}

// find are a page of the rows in the call's domain. It walks the index that
// leaves the least to look at, and ends with the page where that index has the
// order asked for.
func (r *request) find(o ordering) ([]*row, error) {
	domain, _ := r.arg(0, "domain").([]any)
	f, err := r.compile(domain)
	if err != nil {
		return nil, err
	}
	visible, activeTest := r.visible(), r.hasActive() && r.context["active_test"] != false && !mentions(domain, "active")
	walk, walked := r.s.table(r.model).walk(f, o)
	offset, limit := r.window()
	rows := []*row{}
	for row := range walk {
		if activeTest && row.get("active") == false || !f.match(row) || !visible(row) {
			continue
		}
		rows = append(rows, row)
		if walked && limit > 0 && len(rows) == offset+limit {
			break
		}
	}
	if !walked {
		slices.SortFunc(rows, o.compare)
	}
	rows = rows[min(offset, len(rows)):]
	if limit > 0 {
		rows = rows[:min(limit, len(rows))]
	}
	return rows, nil
}

// walk hands over at least the rows that a filter lets through, and reports
// whether they come in the order asked for.
func (t *table) walk(f filter, o ordering) (iter.Seq[*row], bool) {
	switch dated := t.within(f.times); {
	case f.only != nil:
		return t.these(f.only), o.any || o.by("id")
	case o.by("write_date"), dated*8 < len(t.rows):
		return t.dated(f.times), o.any || o.by("write_date")
	}
	return t.numbered(f.ids), o.any || o.by("id")
}

func (t *table) these(ids []int64) iter.Seq[*row] {
	return func(yield func(*row) bool) {
		for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
			if r, there := t.rows[id]; there && !yield(r) {
				return
			}
		}
	}
}

func (t *table) numbered(ids span) iter.Seq[*row] {
	return func(yield func(*row) bool) {
		for r := range t.from(ids.from) {
			if r.id >= ids.to || !yield(r) {
				return
			}
		}
	}
}

func (t *table) dated(times span) iter.Seq[*row] {
	return func(yield func(*row) bool) {
		for s := range t.byDate.from(stamp{times.from, &row{}}) {
			if s.at >= times.to || !yield(s.row) {
				return
			}
		}
	}
}

// within counts the rows that were last written in a span.
func (t *table) within(times span) int {
	return t.byDate.before(stamp{times.to, &row{}}) - t.byDate.before(stamp{times.from, &row{}})
}

func (r *request) hasActive() bool { _, ok := r.s.fields[r.model]["active"]; return ok }

func mentions(domain []any, field string) bool {
	return slices.ContainsFunc(domain, func(e any) bool {
		t, ok := e.([]any)
		return ok && len(t) == 3 && t[0] == field
	})
}

// window is where a page begins and how long it is; 0: all.
func (r *request) window() (offset, limit int) {
	o, _ := r.kwargs["offset"].(int64)
	l, _ := r.kwargs["limit"].(int64)
	return int(o), int(l)
}

// ordering is an order as a search names it; the id decides in the end.
type ordering struct {
	any  bool // none is needed
	keys []sortKey
}

type sortKey struct {
	field string
	desc  bool
}

func (r *request) order() ordering {
	text, _ := r.kwargs["order"].(string)
	var o ordering
	for _, part := range strings.Split(text, ",") {
		if words := strings.Fields(part); len(words) > 0 {
			o.keys = append(o.keys, sortKey{words[0], len(words) > 1 && strings.EqualFold(words[1], "desc")})
		}
	}
	return o
}

// by reports that the order is that of one field, ascending, then of the id.
func (o ordering) by(field string) bool {
	keys := o.keys
	if len(keys) > 0 && keys[len(keys)-1] == (sortKey{field: "id"}) {
		keys = keys[:len(keys)-1]
	}
	if field == "id" {
		return len(keys) == 0 && !o.any
	}
	return len(keys) == 1 && keys[0] == sortKey{field: field}
}

func (o ordering) compare(a, b *row) int {
	for _, key := range o.keys {
		c := compareValues(a.get(key.field), b.get(key.field))
		if key.desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(a.id, b.id)
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
