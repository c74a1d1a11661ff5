package sweep

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"odoosync/internal/record"
	"odoosync/internal/store"
)

// dayLayout is the form of a day: "2026-11-25", UTC.
const dayLayout = time.DateOnly

// errNoCounts: this Odoo does not count by day, so everything has to be listed.
var errNoCounts = errors.New("Odoo does not count by day")

// countsInOdoo counts an area by the day of the write_date, in UTC. Odoo 19 has
// formatted_read_group beside read_group, and still both.
func (s *Sweeper) countsInOdoo(ctx context.Context, a area) (map[string]int64, error) {
	const by = "write_date:day"
	groups, err := s.o.Odoo.ReadGroup(ctx, a.listing.Model, a.listing.Domain, []string{"id:count"}, []string{by})
	if err != nil {
		if code := record.CodeOf(err); code == record.CodeRejected || code == record.CodeConfig {
			return nil, errors.Join(errNoCounts, err)
		}
		return nil, err
	}
	out := make(map[string]int64, len(groups))
	for _, g := range groups {
		n, counted := g["__count"].(int64)
		ranges, _ := g["__range"].(map[string]any)
		span, dated := ranges[by].(map[string]any)
		day := store.NoDay
		if dated {
			text, _ := span["from"].(string)
			from := timeOf(text)
			if from.IsZero() || from.Truncate(24*time.Hour) != from {
				counted = false // days of another time zone
			}
			day = from.Format(dayLayout)
		}
		if !counted || !dated && g[by] != false {
			return nil, errNoCounts
		}
		out[day] += n
	}
	return out, nil
}

// trusted is what was compared by lists before: every day up to Until, without
// those in Except, where something was left undone.
type trusted struct {
	Of     string   `json:"of"` // what was compared: of another domain or company nothing is known
	Until  string   `json:"until"`
	Except []string `json:"except,omitempty"`
}

func trustName(a area) string { return "swept:" + a.name() }

// has reports that equal counts prove the day.
func (t trusted) has(day string) bool {
	return day <= t.Until && t.Until != "" && !slices.Contains(t.Except, day)
}

// nextDay is the first day that was never compared as a closed one; zero when no
// day was.
func (t trusted) nextDay() time.Time {
	day, err := time.Parse(dayLayout, t.Until)
	if err != nil {
		return time.Time{}
	}
	return day.AddDate(0, 0, 1)
}

// closedDay is the newest day in which no transaction can write any more, by
// both clocks: one that ran ahead for a while must not close days to come.
func closedDay(odoo, ours time.Time, overlap time.Duration) string {
	now := odoo
	if ours.Before(now) {
		now = ours
	}
	return now.UTC().Add(-overlap).AddDate(0, 0, -1).Format(dayLayout)
}

// openSpan is the stretch that has to be listed whatever the counts say.
func (t trusted) openSpan() store.Span { return store.Span{Begin: t.nextDay()} }

// differing are the days up to Until that have to be listed: their counts are
// not the same on both sides, or they were left with something undone. In order.
func (t trusted) differing(odoo, here map[string]int64) []string {
	days := maps.Clone(odoo)
	maps.Copy(days, here)
	for _, day := range t.Except {
		days[day] = 0
	}
	var out []string
	for day := range days {
		if day <= t.Until && (odoo[day] != here[day] || !t.has(day)) {
			out = append(out, day)
		}
	}
	slices.Sort(out)
	return out
}

// spans are the stretches of these days, neighbours in one.
func spans(days []string) []store.Span {
	var out []store.Span
	for _, day := range days {
		begin, err := time.Parse(dayLayout, day)
		if err != nil {
			out = append(out, store.Span{Undated: true})
			continue
		}
		if n := len(out); n > 0 && out[n-1].End.Equal(begin) {
			out[n-1].End = begin.AddDate(0, 0, 1)
			continue
		}
		out = append(out, store.Span{Begin: begin, End: begin.AddDate(0, 0, 1)})
	}
	return out
}

// dayOf is the day a stamp stands under.
func dayOf(at time.Time) string {
	if at.IsZero() {
		return store.NoDay
	}
	return at.Format(dayLayout)
}

func total(counts map[string]int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}
