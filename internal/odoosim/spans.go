package odoosim

import "time"

// idSpan is where a comparison of ids can be true, and of which ids alone.
func idSpan(operator string, want any) (span, []int64) {
	id, isID := want.(int64)
	switch {
	case operator == "in":
		ids, _ := canonical(want).([]int64)
		return everywhere, append([]int64{}, ids...)
	case !isID:
	case operator == "=":
		return span{id, id + 1}, []int64{id}
	case operator == ">":
		return span{id + 1, everywhere.to}, nil
	case operator == ">=":
		return span{id, everywhere.to}, nil
	case operator == "<":
		return span{everywhere.from, id}, nil
	case operator == "<=":
		return span{everywhere.from, id + 1}, nil
	}
	return everywhere, nil
}

// timeSpan is where a comparison of write_date can be true on any version: what
// was written within the second counts for <= and =, for 19 has no finer times.
func timeSpan(operator string, want any) span {
	text, _ := want.(string)
	at, err := time.Parse(time.DateTime, text)
	if err != nil {
		return everywhere
	}
	from, next := at.UnixMicro(), at.Add(time.Second).UnixMicro()
	switch operator {
	case ">", ">=":
		return span{from, everywhere.to}
	case "<":
		return span{everywhere.from, from}
	case "<=":
		return span{everywhere.from, next}
	case "=":
		return span{from, next}
	}
	return everywhere
}

// dateComparison compares as the version does: 16 to 18 the stored
// microseconds, 19 whole seconds.
func (r *request) dateComparison(operator string, want any) func(at time.Time) bool {
	text, _ := want.(string)
	wanted, err := time.Parse(time.DateTime, text)
	if err != nil {
		return func(time.Time) bool { return false }
	}
	unit := time.Microsecond
	if r.s.o.Version >= 19 {
		unit = time.Second
	}
	holds := map[string]func(c int) bool{">=": func(c int) bool { return c >= 0 }, ">": func(c int) bool { return c > 0 },
		"<": func(c int) bool { return c < 0 }, "<=": func(c int) bool { return c <= 0 }, "=": func(c int) bool { return c == 0 }}[operator]
	if holds == nil {
		return func(time.Time) bool { return false }
	}
	return func(at time.Time) bool { return holds(at.Truncate(unit).Compare(wanted)) }
}
