package odoosim

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// row is a record's values, as Odoo answers them: false for empty, int64 for
// a many2one, []int64 for x2many, float64, string, and time.Time for the two
// times that are kept to the microsecond, write_date and create_date. Only what
// differs from its field's empty value is kept, because a partner has some 160
// fields and seldom fills 15. A missing record is nil, and all its values too.
type row struct {
	id     int64
	in     *table // whose indexes follow; nil of a copy
	fields map[string]field
	cells  []cell
}

type cell struct {
	name  string
	value any
}

func (r *row) get(name string) any {
	if r == nil {
		return nil
	}
	if name == "id" {
		return r.id
	}
	for i := range r.cells {
		if r.cells[i].name == name {
			return r.cells[i].value
		}
	}
	if f, known := r.fields[name]; known {
		return empty(f)
	}
	return nil
}

func (r *row) set(name string, v any) {
	if r.in == nil {
		r.keep(name, v)
		return
	}
	r.in.unindex(r, name)
	r.keep(name, v)
	r.in.index(r, name)
}

func (r *row) fill(v Values) {
	for name, value := range v {
		r.set(name, value)
	}
}

func (r *row) keep(name string, v any) {
	f, known := r.fields[name]
	at := slices.IndexFunc(r.cells, func(c cell) bool { return c.name == name })
	switch nothing := v == nil || known && isEmpty(f, v); {
	case name == "id":
	case nothing && at >= 0:
		r.cells = slices.Delete(r.cells, at, at+1)
	case nothing:
	case at >= 0:
		r.cells[at].value = v
	default:
		r.cells = append(r.cells, cell{name, v})
	}
}

func isEmpty(f field, v any) bool {
	if ids, several := v.([]int64); several {
		return len(ids) == 0 && (f.Type == "one2many" || f.Type == "many2many")
	}
	if f.Type == "one2many" || f.Type == "many2many" {
		return false
	}
	return v == empty(f)
}

// clone is a copy that no index follows.
func (r *row) clone() *row {
	return &row{id: r.id, fields: r.fields, cells: slices.Clone(r.cells)}
}

// filled are a record's fields that are not empty.
func (r *row) filled() Values {
	v := make(Values, len(r.cells))
	for _, c := range r.cells {
		v[c.name] = c.value
	}
	return v
}

// values are all of a record's fields.
func (r *row) values() Values {
	v := Values{}
	for name, f := range r.fields {
		v[name] = empty(f)
	}
	for _, c := range r.cells {
		v[c.name] = c.value
	}
	v["id"] = r.id
	return v
}

// table is a model's records, with what finds them in a million: their order by
// id and by write_date, and, for a field that was once asked for, who points at
// whom.
type table struct {
	fields map[string]field
	rows   map[int64]*row
	next   int64
	byID   sorted[*row]
	byDate sorted[stamp]
	refs   map[string]map[int64][]int64
}

// stamp is a record's write_date in microseconds since 1970.
type stamp struct {
	at  int64
	row *row
}

func newTable(fields map[string]field) *table {
	return &table{fields: fields, rows: map[int64]*row{}, next: 1, refs: map[string]map[int64][]int64{},
		byID: sorted[*row]{compare: byID}, byDate: sorted[stamp]{compare: byDate}}
}

func byID(a, b *row) int { return cmp.Compare(a.id, b.id) }

func byDate(a, b stamp) int {
	if a.at != b.at {
		return cmp.Compare(a.at, b.at) // without a look at the rows, which are all over the memory
	}
	return byID(a.row, b.row)
}

// put keeps a row under its id, in place of the one that was there.
func (t *table) put(r *row) {
	t.remove(r.id)
	t.rows[r.id], r.in = r, t
	t.byID.add(r)
	t.index(r, "write_date")
	for name := range t.refs {
		t.index(r, name)
	}
}

func (t *table) remove(id int64) {
	r, there := t.rows[id]
	if !there {
		return
	}
	for name := range t.refs {
		t.unindex(r, name)
	}
	t.unindex(r, "write_date")
	t.byID.remove(r)
	delete(t.rows, id)
	r.in = nil
}

func (t *table) index(r *row, name string) {
	if at, ok := r.stamped(name); ok {
		t.byDate.add(at)
	}
	if refs := t.refs[name]; refs != nil {
		if target, ok := r.get(name).(int64); ok {
			ids := refs[target]
			at, _ := slices.BinarySearch(ids, r.id)
			refs[target] = slices.Insert(ids, at, r.id)
		}
	}
}

func (t *table) unindex(r *row, name string) {
	if at, ok := r.stamped(name); ok {
		t.byDate.remove(at)
	}
	if refs := t.refs[name]; refs != nil {
		if target, ok := r.get(name).(int64); ok {
			at, _ := slices.BinarySearch(refs[target], r.id)
			refs[target] = slices.Delete(refs[target], at, at+1)
		}
	}
}

func (r *row) stamped(name string) (stamp, bool) {
	if name != "write_date" {
		return stamp{}, false
	}
	at, ok := r.get(name).(time.Time)
	return stamp{at.UnixMicro(), r}, ok
}

// ids are in ascending order.
func (t *table) ids() []int64 {
	out := make([]int64, 0, len(t.rows))
	for _, chunk := range t.byID.chunks {
		for _, r := range chunk {
			out = append(out, r.id)
		}
	}
	return out
}

// from hands over the rows from an id on, in their order.
func (t *table) from(id int64) iter.Seq[*row] { return t.byID.from(&row{id: id}) }

// pointing are the ids of the rows that point at another by a field, ascending.
func (t *table) pointing(name string, id int64) []int64 {
	if t.refs[name] == nil {
		t.refs[name] = map[int64][]int64{}
		for r := range t.from(0) {
			t.index(r, name)
		}
	}
	return slices.Clone(t.refs[name][id])
}
