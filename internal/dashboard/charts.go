package dashboard

import (
	"context"
	"time"

	"odoosync/internal/figures"
)

// spans are the ranges that figures are shown of: their names, and how many slots
// of what they have.
var spans = []struct {
	name  string
	step  string
	slots int
}{{"day", figures.StepHour, 24}, {"week", figures.StepDay, 7}, {"month", figures.StepDay, 30}}

// rangeOf is a range's bounds, in whole hours or days of a zone: the slot that
// runs is the last one.
func rangeOf(name string, now time.Time) figures.Range {
	for _, s := range spans {
		if s.name != name {
			continue
		}
		if s.step == figures.StepHour {
			end := now.Truncate(time.Hour).Add(time.Hour)
			return figures.Range{From: end.Add(-time.Duration(s.slots) * time.Hour), Upto: end, Step: s.step}
		}
		end := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, now.Location())
		return figures.Range{From: end.AddDate(0, 0, -s.slots), Upto: end, Step: s.step}
	}
	return rangeOf("day", now)
}

// charted is the guide's figures of a range, as a page shows them.
type charted struct {
	figures.Figures
	Range string
	Sent  int64 // by the streams, of all time; 0 where Odoo does not tell
	Bars  []bar
	Lines []gridLine
	Known bool // whether anything was received
}

// Ended is how many were processed, well or not.
func (c charted) Ended() int64 { return c.Succeeded + c.Failed }

// Ranges are the names to choose from.
func (charted) Ranges() []string {
	var out []string
	for _, s := range spans {
		out = append(out, s.name)
	}
	return out
}

// bar is a slot of the chart: heights from the bottom, in the units of the SVG.
type bar struct {
	At                      time.Time
	Received, OK, Failed    int64
	X, Width                float64
	OKY, OKHeight           float64
	FailedY, FailedHeight   float64
	WaitingY, WaitingHeight float64
	Label                   string // under it; "" for none
	Hour                    bool
}

// gridLine is a line across the chart, and what it stands for.
type gridLine struct {
	Y float64
	N int64
}

// The chart's size, and where its bars begin and end.
const (
	chartWidth  = 960.0
	chartLeft   = 44.0
	chartTop    = 10.0
	chartBottom = 160.0
)

// barsOf draws slots. The highest line is a round number.
func barsOf(s *speech, slots []figures.Slot, hours bool) ([]bar, []gridLine) {
	most := int64(1)
	for _, slot := range slots {
		most = max(most, slot.Received, slot.Succeeded+slot.Failed)
	}
	top := roundUp(most)
	height := func(n int64) float64 { return float64(n) / float64(top) * (chartBottom - chartTop) }
	width := (chartWidth - chartLeft) / float64(max(len(slots), 1))
	every := (len(slots) + 7) / 8
	out := make([]bar, len(slots))
	for i, slot := range slots {
		b := bar{At: slot.At, Received: slot.Received, OK: slot.Succeeded, Failed: slot.Failed, X: chartLeft + float64(i)*width + width*0.12, Width: width * 0.76, Hour: hours}
		waiting := max(0, slot.Received-slot.Succeeded-slot.Failed)
		b.OKHeight, b.FailedHeight, b.WaitingHeight = height(slot.Succeeded), height(slot.Failed), height(waiting)
		b.OKY = chartBottom - b.OKHeight
		b.FailedY = b.OKY - b.FailedHeight
		b.WaitingY = b.FailedY - b.WaitingHeight
		if i%every == 0 {
			b.Label = s.day(slot.At)
			if hours {
				b.Label = slot.At.In(s.zone).Format("15:04")
			}
		}
		out[i] = b
	}
	lines := []gridLine{{chartBottom, 0}, {chartTop, top}}
	if top%2 == 0 {
		lines = append(lines, gridLine{(chartTop + chartBottom) / 2, top / 2})
	}
	return out, lines
}

// roundUp is the next of 2, 4, 10, 20, 40, 100 and so on.
func roundUp(n int64) int64 {
	for unit := int64(1); ; unit *= 10 {
		for _, m := range []int64{2, 4, 10} {
			if unit*m >= n {
				return unit * m
			}
		}
	}
}

// chart reads the figures of a range; they are shared for a few seconds.
func (h *Handler) chart(ctx context.Context, s *speech, name string, f Facts) (charted, error) {
	name = oneOf(name, "day", "week", "month")
	if name == "" {
		name = "day"
	}
	read, err := h.figures[name].get(ctx)
	if err != nil {
		return charted{}, err
	}
	c := charted{Figures: read, Range: name, Known: read.Received > 0}
	for _, one := range f.Streams {
		c.Sent += one.Sent
	}
	c.Bars, c.Lines = barsOf(s, read.Slots, name == "day")
	return c, nil
}
