package admin

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"odoosync/internal/answer"
	"odoosync/internal/figures"
)

// Figures reads what became of the webhooks of a range.
type Figures func(ctx context.Context, r figures.Range) (figures.Figures, error)

// figuresAnswer are figures as they are answered. Times are UTC.
type figuresAnswer struct {
	From        time.Time     `json:"from"`
	Upto        time.Time     `json:"upto"`
	Step        string        `json:"step"`
	Received    int64         `json:"received"`
	Succeeded   int64         `json:"succeeded"`
	Failed      int64         `json:"failed"`
	Pending     int64         `json:"pending"`
	SuccessRate float64       `json:"success_rate"` // 0 to 1, of those that ended
	Processing  timesAnswer   `json:"processing"`
	Response    timesAnswer   `json:"response"`
	Errors      []errorCount  `json:"errors"`
	Events      []eventCount  `json:"events"`
	Slots       []slotFigures `json:"slots"`
}

type timesAnswer struct {
	N           int64   `json:"n"`
	MeanSeconds float64 `json:"mean_seconds"`
	P95Seconds  float64 `json:"p95_seconds"`
}

type errorCount struct {
	Code  string `json:"code"` // "" where it was not noted
	Event string `json:"event"`
	N     int64  `json:"n"`
}

type eventCount struct {
	Event    string `json:"event"`
	Received int64  `json:"received"`
	Failed   int64  `json:"failed"`
}

type slotFigures struct {
	At        time.Time `json:"at"`
	Received  int64     `json:"received"`
	Succeeded int64     `json:"succeeded"`
	Failed    int64     `json:"failed"`
}

func (h *Handler) figures(c *gin.Context) {
	p := onlyQuery(c, "from", "upto", "step")
	step, p2 := oneOf(c, "step", figures.StepHour, figures.StepDay)
	now := h.o.Clock.Now().UTC()
	upto, p3 := moment(c, "upto", now)
	from, p4 := moment(c, "from", upto.Add(-24*time.Hour))
	if p = cmp.Or(p, p2, p3, p4); p != nil {
		reply(c, p)
		return
	}
	r := figures.Range{From: from, Upto: upto, Step: cmp.Or(step, figures.StepHour)}
	f, err := h.o.Figures(c.Request.Context(), r)
	if err != nil {
		h.fail(c, err)
		return
	}
	answer.JSON(c, http.StatusOK, answerOf(r, f))
}

// moment reads a time of the query.
func moment(c *gin.Context, name string, absent time.Time) (time.Time, *problem) {
	text := c.Query(name)
	if text == "" {
		return absent, nil
	}
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, refuse(http.StatusBadRequest, "bad_query", "%s takes a time such as 2026-11-02T10:00:00Z, or a day such as 2026-11-02 (UTC)", name)
}

func answerOf(r figures.Range, f figures.Figures) figuresAnswer {
	out := figuresAnswer{From: r.From, Upto: r.Upto, Step: r.Step, Received: f.Received, Succeeded: f.Succeeded, Failed: f.Failed, Pending: f.Pending, SuccessRate: f.SuccessRate(),
		Processing: timesOf(f.Processing), Response: timesOf(f.Response), Errors: []errorCount{}, Events: []eventCount{}, Slots: []slotFigures{}}
	for _, e := range f.Errors {
		out.Errors = append(out.Errors, errorCount{e.Code, e.Event, e.N})
	}
	for _, e := range f.Events {
		out.Events = append(out.Events, eventCount{e.Event, e.Received, e.Failed})
	}
	for _, s := range f.Slots {
		out.Slots = append(out.Slots, slotFigures{s.At.UTC(), s.Received, s.Succeeded, s.Failed})
	}
	return out
}

func timesOf(t figures.Times) timesAnswer {
	return timesAnswer{N: t.N, MeanSeconds: t.Mean.Seconds(), P95Seconds: t.P95.Seconds()}
}
