package odoosim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// bucket is a group's key: the start of its day or month, or nothing.
type bucket struct {
	from  time.Time
	empty bool
}

// readGroup groups records by the day or month of a date, in the context's time
// zone, which odoosim takes for UTC. Odoo 19 has formatted_read_group beside it,
// whose answers differ in form.
func (r *request) readGroup(method string) (any, error) {
	by, ok := r.arg(map[string]int{"read_group": 2, "formatted_read_group": 1}[method], "groupby").([]any)
	if !ok || len(by) != 1 {
		return nil, &fault{1, traceback("NotImplementedError: odoosim groups by one field")}
	}
	key := fmt.Sprint(by[0])
	name, unit, _ := strings.Cut(key, ":")
	if _, known := r.s.fields[r.model][name]; !known {
		return nil, r.s.invalidField(r.model, name)
	}
	rows, err := r.find(ordering{any: true})
	if err != nil {
		return nil, err
	}
	r.s.stats.RecordsGrouped += int64(len(rows))
	groups := map[int64][]*row{} // by the second at which a bucket begins
	for _, one := range rows {
		from := bucketOf(one.get(name), unit).from.Unix()
		groups[from] = append(groups[from], one)
	}
	out := []any{}
	for _, from := range slices.Sorted(maps.Keys(groups)) {
		b := bucketOf(groups[from][0].get(name), unit)
		out = append(out, r.group(method, key, name, unit, b, groups[from]))
	}
	return out, nil
}

func bucketOf(v any, unit string) bucket {
	at, ok := v.(time.Time)
	if !ok {
		return bucket{empty: true}
	}
	if unit == "month" {
		return bucket{from: time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)}
	}
	return bucket{from: at.Truncate(24 * time.Hour)}
}

func (b bucket) to(unit string) time.Time {
	if unit == "month" {
		return b.from.AddDate(0, 1, 0)
	}
	return b.from.AddDate(0, 0, 1)
}

func (b bucket) label(unit string) string {
	if unit == "month" {
		return b.from.Format("January 2006")
	}
	return b.from.Format("02 Jan 2006")
}

func (r *request) group(method, key, name, unit string, b bucket, rows []*row) map[string]any {
	from, to := b.from.Format(time.DateTime), b.to(unit).Format(time.DateTime)
	g := map[string]any{"__count": int64(len(rows))}
	domain := []any{"&", []any{name, ">=", from}, []any{name, "<", to}}
	if method == "formatted_read_group" {
		g["__extra_domain"], g[key] = domain, []any{from, b.label(unit)}
		if b.empty {
			g["__extra_domain"], g[key] = []any{[]any{name, "=", false}}, false
		}
	} else {
		g["__domain"], g[key], g["__range"] = domain, b.label(unit), map[string]any{key: map[string]any{"from": from, "to": to}}
		if b.empty {
			g["__domain"], g[key], g["__range"] = []any{[]any{name, "=", false}}, false, map[string]any{key: false}
		}
	}
	list, _ := r.arg(map[string]int{"read_group": 1, "formatted_read_group": 2}[method], map[string]string{"read_group": "fields", "formatted_read_group": "aggregates"}[method]).([]any)
	for _, e := range list {
		r.aggregate(g, method, fmt.Sprint(e), rows)
	}
	return g
}

// aggregate adds what was asked of a group: a count, or the latest time.
func (r *request) aggregate(g map[string]any, method, spec string, rows []*row) {
	name, how, _ := strings.Cut(spec, ":")
	key := name
	if method == "formatted_read_group" {
		key = spec
	}
	switch how {
	case "sum":
		total := int64(0)
		for _, row := range rows {
			total += row.id // the recordings sum ids
		}
		g[key] = total
	case "count":
		if r.s.o.Version > 16 { // 16 leaves a count of ids out
			g[key] = int64(len(rows))
		}
	case "max":
		var latest time.Time
		for _, row := range rows {
			if at, ok := row.get(name).(time.Time); ok && at.After(latest) {
				latest = at
			}
		}
		g[key] = latest
	}
}
