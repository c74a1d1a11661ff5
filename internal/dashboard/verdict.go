package dashboard

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"odoosync/internal/store"
)

// Level says how bad a problem is.
type Level int

// The levels.
const (
	Good Level = iota
	Note       // worth knowing: nothing is wrong
	Warn       // a person should look
	Bad        // something does not work
)

// String is the level's name in style sheets.
func (l Level) String() string { return [...]string{"good", "note", "warn", "bad"}[l] }

// Problem is one thing that is wrong. Its messages are "problem.<Code>" and
// "problem.<Code>.do", the words of the link.
type Problem struct {
	Code  string
	Level Level
	Args  map[string]any
	Link  string
}

// Verdict is whether both sides agree.
type Verdict struct {
	Level    Level
	At       time.Time
	Waiting  int64         // changes that are on their way
	Oldest   time.Duration // of these
	Problems []Problem     // the worst first
}

// Count is how many problems are of Warn or worse.
func (v Verdict) Count() (n int) {
	for _, p := range v.Problems {
		if p.Level >= Warn {
			n++
		}
	}
	return n
}

// Headline is the message that says it in a line.
func (v Verdict) Headline() string {
	switch {
	case v.Level == Bad:
		return "verdict.bad"
	case v.Level == Warn:
		return "verdict.warn"
	case v.Waiting > 0:
		return "verdict.underway"
	}
	return "verdict.good"
}

// How long something may wait before it is worth a word, and before it is wrong.
const (
	slow   = 2 * time.Minute
	stuck  = 15 * time.Minute
	oddity = 90 * time.Second // that Odoo does not answer
)

// Judge finds what is wrong, and says what to do about each. It is pure.
func Judge(f Facts) Verdict {
	v := Verdict{At: f.At, Waiting: f.Webhooks.Pending + f.Edits.Pending, Oldest: max(f.Webhooks.Oldest, f.Edits.Oldest)}
	if f.Database.Reason != "" { // nothing else is known then
		v.add(Bad, "database", "/", "Reason", f.Database.Reason)
		v.Level = Bad
		return v
	}
	v.odoo(f)
	v.stopped(f)
	v.people(f)
	v.late(f)
	v.compared(f)
	slices.SortStableFunc(v.Problems, func(a, b Problem) int { return cmp.Compare(b.Level, a.Level) })
	if len(v.Problems) > 0 {
		v.Level = v.Problems[0].Level
	}
	return v
}

func (v *Verdict) add(level Level, code, link string, args ...any) {
	p := Problem{Code: code, Level: level, Link: link, Args: map[string]any{}}
	for i := 0; i+1 < len(args); i += 2 {
		p.Args[args[i].(string)] = args[i+1]
	}
	v.Problems = append(v.Problems, p)
}

// odoo: can it be asked?
func (v *Verdict) odoo(f Facts) {
	switch {
	case !f.Odoo.Configured:
	case !f.Odoo.Ready:
		v.add(Bad, "unbound", "/#sides", "Reason", sentence(f.Odoo.Reason))
	case f.Odoo.Held != "":
		v.add(Bad, "first_resync", "/runs#resync", "Reason", f.Odoo.Held)
	case !f.Odoo.AwaySince.IsZero() && f.At.Sub(f.Odoo.AwaySince) >= oddity:
		v.add(Bad, "odoo_away", "/#sides", "Since", f.Odoo.AwaySince, "For", f.At.Sub(f.Odoo.AwaySince))
	case !f.Odoo.AwaySince.IsZero():
		v.add(Note, "odoo_silent", "/#sides", "For", f.At.Sub(f.Odoo.AwaySince))
	case f.Odoo.Importing:
		v.add(Note, "importing", "/#entities")
	}
	if f.Payload {
		v.add(Note, "payload", "/#sides")
	}
}

// stopped: what does a person or the daemon itself hold back?
func (v *Verdict) stopped(f Facts) {
	for _, h := range f.Halted {
		v.add(Bad, "halted", "/runs?"+query("halted", h.Model)+"#resync", "Model", h.Model, "Reason", h.Reason, "Since", h.Since)
	}
	for _, entity := range slices.Sorted(maps.Keys(f.Held)) {
		if n := f.Held[entity]; n > 0 {
			v.add(Bad, "held", "/runs?"+query("entity", entity)+"#resync", "N", n, "Entity", entity)
		}
	}
	switch p := f.Paused; {
	case p.ToAPI && p.ToOdoo:
		v.add(Warn, "paused_both", "/pause", "Since", p.Since, "By", p.By)
	case p.ToAPI:
		v.add(Warn, "paused_to_api", "/pause", "Since", p.Since, "By", p.By)
	case p.ToOdoo:
		v.add(Warn, "paused_to_odoo", "/pause", "Since", p.Since, "By", p.By)
	}
}

// people: what waits for somebody's decision?
func (v *Verdict) people(f Facts) {
	if f.Conflicts > 0 {
		v.add(Warn, "conflicts", "/conflicts", "N", f.Conflicts)
	}
	if f.Webhooks.Failed > 0 {
		v.add(Warn, "failed", "/events?status=error", "N", f.Webhooks.Failed)
	}
	if f.Edits.Failed > 0 {
		v.add(Warn, "refused", "/edits?status=error", "N", f.Edits.Failed)
	}
	if f.Refused > 0 && f.Edits.Failed == 0 && f.Webhooks.Failed == 0 { // else those tell of the same records
		v.add(Warn, "refused_records", "/#troubles", "N", f.Refused)
	}
}

// late: what has waited for too long? What is paused, or cannot be asked for,
// waits for a reason that was told already.
func (v *Verdict) late(f Facts) {
	known := f.Odoo.Configured && (!f.Odoo.Ready || f.Odoo.Held != "" || !f.Odoo.AwaySince.IsZero())
	if !known && !f.Paused.ToAPI {
		v.waiting("late_webhooks", "/events?status=pending", f.Webhooks)
	}
	if !known && !f.Paused.ToOdoo {
		v.waiting("late_edits", "/edits?status=pending", f.Edits)
	}
	for _, s := range f.Streams {
		if s.Missing > 0 {
			v.add(Warn, "missing", "/#streams", "N", s.Missing, "Stream", shortStream(s.Name))
		}
	}
}

func (v *Verdict) waiting(code, link string, q Queue) {
	switch {
	case q.Pending == 0 || q.Oldest < slow:
	case q.Oldest < stuck:
		v.add(Note, code, link, "N", q.Pending, "For", q.Oldest)
	default:
		v.add(Warn, code, link, "N", q.Pending, "For", q.Oldest)
	}
}

// shortStream is as much of a stream's name as a person compares.
func shortStream(name string) string {
	if len(name) > 8 {
		return name[:8]
	}
	return name
}

// compared: do both sides really agree, beyond what events have told?
func (v *Verdict) compared(f Facts) {
	for _, r := range f.Last {
		if r.State == store.RunFailed {
			v.add(Warn, "run_failed", runLink(r.ID), "Kind", r.Kind, "ID", r.ID, "Reason", sentence(r.Error))
		}
	}
	for _, e := range f.Entities {
		if n := e.Left(); n > 0 {
			v.add(Warn, "drift", "/#entities", "N", n, "Entity", e.Name)
		}
	}
	if f.SweepEvery == 0 || f.Payload || f.Begun.IsZero() || f.Odoo.Importing {
		return
	}
	switch last := later(f.Swept, f.Begun); { // the import has compared everything too
	case f.At.Sub(last) <= f.SweepEvery:
	case f.Swept.IsZero():
		v.add(Warn, "never_swept", "/runs", "Since", f.Begun)
	default:
		v.add(Warn, "sweep_old", "/runs", "Since", f.Swept, "For", f.At.Sub(f.Swept))
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// sentence ends a reason as the sentence that it stands in does.
func sentence(s string) string { return strings.TrimRight(s, ". ") }

func recordLink(entity string, odooID int64, localID string) string {
	v := url.Values{"entity": {entity}}
	if odooID != 0 {
		v.Set("odoo", itoa(odooID))
	} else {
		v.Set("row", localID)
	}
	return "/record?" + v.Encode()
}
