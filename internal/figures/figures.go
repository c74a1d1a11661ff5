package figures

import (
	"cmp"
	"context"
	"slices"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
)

// The widths of a slot.
const (
	StepHour = "hour"
	StepDay  = "day"
)

// Range chooses webhooks by their receipt: whole hours from the one of From to
// the one before Upto. Days are those of From's location.
type Range struct {
	From, Upto time.Time
	Step       string // "hour" or "day"
}

// Slot is an hour or a day. What is neither succeeded nor failed waits.
type Slot struct {
	At                          time.Time
	Received, Succeeded, Failed int64
}

// ErrorCount is how many webhooks of an event failed for a reason.
type ErrorCount struct {
	Code, Event string
	N           int64
}

// EventCount is how many webhooks of an event came, and how many failed.
type EventCount struct {
	Event            string
	Received, Failed int64
}

// Figures are what became of the webhooks of a range.
type Figures struct {
	Received, Succeeded, Failed, Pending int64

	Processing Times // from the receipt, or a replay, to the end of those that succeeded
	Response   Times // from a request to its answer
	Errors     []ErrorCount
	Events     []EventCount
	Slots      []Slot
}

// SuccessRate is the share of those that ended which succeeded, 0 to 1; 1 while
// none has ended.
func (f Figures) SuccessRate() float64 {
	if f.Succeeded+f.Failed == 0 {
		return 1
	}
	return float64(f.Succeeded) / float64(f.Succeeded+f.Failed)
}

// mostSlots bounds an answer; mostErrors and mostEvents what it names.
const (
	mostSlots  = 1000
	mostErrors = 100
	mostEvents = 100
)

// Read adds up the figures of a range. The hour that runs is counted as it
// stands, if it is not too much; the others are as of the last Rollup. Until
// the first one is through, old hours are missing.
func Read(ctx context.Context, q Queryer, r Range) (Figures, error) {
	slots, err := r.slots()
	if err != nil {
		return Figures{}, err
	}
	s := sums{slots: slots, events: map[string]*EventCount{}, errors: map[[2]string]int64{}}
	from, upto := hourOf(r.From), hourOf(r.Upto.Add(time.Hour-1))
	live, running, err := liveHour(ctx, q, from, upto)
	if err != nil {
		return Figures{}, mysqldb.Explain(err)
	}
	if err := s.stored(ctx, q, from, upto, running); err != nil {
		return Figures{}, mysqldb.Explain(err)
	}
	for _, c := range live {
		s.add(c)
		s.slot(running, c.status, c.n)
	}
	f := s.figures()
	f.Response, err = responses(ctx, q, from, upto)
	return f, mysqldb.Explain(err)
}

// slots are the range's, empty.
func (r Range) slots() ([]Slot, error) {
	at := hourOf(r.From).In(r.From.Location())
	next := func(t time.Time) time.Time { return t.Add(time.Hour) }
	switch r.Step {
	case StepHour:
	case StepDay:
		at = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, at.Location())
		next = func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }
	default:
		return nil, record.Errorf(record.CodeRejected, "the step is hour or day, not %.40q", r.Step)
	}
	if !r.From.Before(r.Upto) {
		return nil, record.Errorf(record.CodeRejected, "the range ends before it begins")
	}
	var out []Slot
	for ; at.Before(r.Upto); at = next(at) {
		if len(out) == mostSlots {
			return nil, record.Errorf(record.CodeRejected, "the range has more than %d slots: choose a shorter one, or step by day", mostSlots)
		}
		out = append(out, Slot{At: at})
	}
	return out, nil
}

// sums are figures that grow.
type sums struct {
	all    Figures
	took   bucketed
	slots  []Slot
	events map[string]*EventCount
	errors map[[2]string]int64
}

// slot adds to the slot of an hour.
func (s *sums) slot(hour time.Time, status string, n int64) {
	i, found := slices.BinarySearchFunc(s.slots, hour, func(slot Slot, t time.Time) int { return slot.At.Compare(t) })
	if !found {
		i--
	}
	if i = max(i, 0); len(s.slots) == 0 { // an hour begins before its day does, where a zone is not of whole hours
		return
	}
	slot := &s.slots[i]
	slot.Received += n
	switch status {
	case "success":
		slot.Succeeded += n
	case "error":
		slot.Failed += n
	}
}

// add adds to the sums of the whole range.
func (s *sums) add(c counted) {
	event := s.events[c.event]
	if event == nil {
		event = &EventCount{Event: c.event}
		s.events[c.event] = event
	}
	s.all.Received, event.Received = s.all.Received+c.n, event.Received+c.n
	switch c.status {
	case "success":
		s.all.Succeeded += c.n
		if c.bucket >= 0 {
			s.took.add(c.bucket, c.n, c.sumUS)
		}
	case "error":
		s.all.Failed, event.Failed = s.all.Failed+c.n, event.Failed+c.n
		s.errors[[2]string{c.code, c.event}] += c.n
	case "pending":
		s.all.Pending += c.n
	}
}

func (s *sums) figures() Figures {
	f := s.all
	f.Processing, f.Slots = s.took.times(), s.slots
	f.Errors, f.Events = []ErrorCount{}, []EventCount{}
	for key, n := range s.errors {
		f.Errors = append(f.Errors, ErrorCount{key[0], key[1], n})
	}
	for _, e := range s.events {
		f.Events = append(f.Events, *e)
	}
	slices.SortFunc(f.Errors, func(a, b ErrorCount) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Event, b.Event))
	})
	slices.SortFunc(f.Events, func(a, b EventCount) int {
		return cmp.Or(cmp.Compare(b.Received, a.Received), cmp.Compare(a.Event, b.Event))
	})
	f.Errors, f.Events = f.Errors[:min(len(f.Errors), mostErrors)], f.Events[:min(len(f.Events), mostEvents)]
	return f
}
