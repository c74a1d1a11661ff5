package merge

import (
	"maps"
	"slices"
	"time"

	"odoosync/internal/record"
)

// Policy decides a field that both sides changed.
type Policy string

// The policies. Newest is Ask where the times are unknown or closer than two
// seconds.
const (
	Odoo   Policy = "odoo"
	Local  Policy = "local"
	Newest Policy = "newest"
	Ask    Policy = "ask"
)

// Direction says which way values travel.
type Direction string

// The directions.
const (
	Both   Direction = "both"
	ToAPI  Direction = "to_api"
	ToOdoo Direction = "to_odoo"
)

// Rule is how one field is treated.
type Rule struct {
	Direction Direction
	Policy    Policy
	// Expected: Odoo computes the field. A value given here is never sent; where
	// Odoo computes another, that is a conflict nobody but a person decides.
	Expected bool
}

// Rules are an entity's. Fields without a rule of their own have the Default.
type Rules struct {
	Default Rule
	Fields  map[string]Rule
	Lines   map[string]LineRules
}

// LineRules are those of one kind of lines: Rule for whole lines (added,
// removed), Fields for their fields.
type LineRules struct {
	Rule   Rule
	Fields map[string]Rule
}

func (r LineRules) field(name string) Rule {
	if rule, ok := r.Fields[name]; ok {
		return rule
	}
	return r.Rule
}

func (r Rules) field(name string) Rule {
	if rule, ok := r.Fields[name]; ok {
		return rule
	}
	return r.Default
}

// Input is everything a merge knows.
type Input struct {
	Base  record.Base
	Odoo  *record.Record // nil: does not exist there, and that is confirmed
	Local *record.Record // nil: does not exist here
	Rules Rules
	// OdooTime is when Odoo's record last changed, LocalTimes when each field did
	// here, lines' fields by their labels too ("order_line[odoo:12].name"). What
	// is zero or missing is unknown.
	OdooTime   time.Time
	LocalTimes map[string]time.Time
	Adopt      Policy // for two existing records without a base
	// Alike tells two spellings of one value, which adoption does not take for a
	// difference; nil takes none for alike.
	Alike func(a, b record.Value) bool
}

// Result is what to do. Maps are nil when there is nothing in them.
type Result struct {
	ToLocal, ToOdoo         record.Fields
	LocalLines, OdooLines   []record.LineChange
	DeleteLocal, DeleteOdoo bool
	Conflicts               []record.Conflict
	Changes                 []record.Change // of fields on either side, with causes; for logs
	Next                    record.Base
}

// tie is how close two edits are to count as simultaneous: Odoo's clock shows
// whole seconds, and clocks differ.
const tie = 2 * time.Second

// Merge compares the three states. It is pure and deterministic.
func Merge(in Input) Result {
	switch {
	case in.Odoo == nil && in.Local == nil:
		return Result{Next: in.Base}
	case in.Odoo == nil:
		return gone(in, record.Odoo)
	case in.Local == nil:
		if in.Base.IsZero() {
			return create(in)
		}
		return gone(in, record.Local)
	}
	m := merger{in: in}
	m.out.Next = record.Base{Fields: record.Pairs{}}
	m.fields()
	m.lines()
	return m.out
}

type merger struct {
	in  Input
	out Result
}

func (m *merger) fields() {
	names := map[string]bool{}
	for _, set := range []record.Fields{m.in.Odoo.Fields, m.in.Local.Fields} {
		for name := range set {
			names[name] = true
		}
	}
	for name := range m.in.Base.Fields {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		f := field{name: name, label: name, rule: m.in.Rules.field(name), merger: m}
		f.odoo, f.odooKnown = m.in.Odoo.Fields[name]
		f.local, f.localKnown = m.in.Local.Fields[name]
		f.base, f.agreed = m.in.Base.Fields[name]
		f.merge()
		if f.toLocal {
			m.out.ToLocal = put(m.out.ToLocal, name, f.odoo)
		}
		if f.toOdoo {
			m.out.ToOdoo = put(m.out.ToOdoo, name, f.local)
		}
		if f.keep {
			m.out.Next.Fields[name] = f.next
		}
	}
}

func put(f record.Fields, name string, v record.Value) record.Fields {
	if f == nil {
		f = record.Fields{}
	}
	f[name] = v
	return f
}

// field is the merge of one field, of a record or of a line.
type field struct {
	merger                *merger
	name, label           string
	rule                  Rule
	odoo, local           record.Value
	odooKnown, localKnown bool
	base                  record.Pair
	agreed                bool // base is set

	toLocal, toOdoo bool
	next            record.Pair
	keep            bool // next is to be saved
}

func (f *field) merge() {
	f.next, f.keep = f.base, f.agreed
	switch {
	case !f.odooKnown || !f.localKnown:
		return
	case !f.agreed:
		f.adopt()
		return
	}
	odooChanged, localChanged := f.odoo != f.base.Odoo, f.local != f.base.Local
	switch {
	case !odooChanged && !localChanged:
	case f.odoo == f.local:
		f.agree()
	case f.rule.Expected && localChanged:
		f.unexpected()
	case odooChanged && localChanged:
		f.both()
	case odooChanged:
		f.one(record.Odoo)
	default:
		f.one(record.Local)
	}
}

func (f *field) agree() { f.next, f.keep = record.Pair{Odoo: f.odoo, Local: f.local}, true }

// one: only one side changed.
func (f *field) one(changed record.Side) {
	if allowed(f.rule.Direction, changed) {
		f.take(changed, "edit")
		return
	}
	f.conflict("direction", changed.Other())
	f.take(changed.Other(), "revert")
}

func allowed(d Direction, changed record.Side) bool {
	return !(d == ToAPI && changed == record.Local || d == ToOdoo && changed == record.Odoo)
}

// both: the two sides changed to different values.
func (f *field) both() {
	switch f.rule.Direction {
	case ToAPI:
		f.decide("direction", record.Odoo)
	case ToOdoo:
		f.decide("direction", record.Local)
	default:
		f.decide(string(f.rule.Policy), f.merger.winner(f.rule.Policy, f.merger.in.LocalTimes[f.label]))
	}
}

func (m *merger) winner(p Policy, localTime time.Time) record.Side {
	switch p {
	case Odoo:
		return record.Odoo
	case Local:
		return record.Local
	case Newest:
		if m.in.OdooTime.IsZero() || localTime.IsZero() {
			return ""
		}
		switch d := m.in.OdooTime.Sub(localTime); {
		case d > tie:
			return record.Odoo
		case d < -tie:
			return record.Local
		}
	}
	return ""
}

func (f *field) decide(policy string, winner record.Side) {
	f.conflict(policy, winner)
	if winner != "" {
		f.take(winner, "conflict")
	}
}

// unexpected: the row expects a value that Odoo did not compute. An emptied
// expectation expects nothing.
func (f *field) unexpected() {
	if f.local.IsNull() {
		f.take(record.Odoo, "fill")
		return
	}
	f.conflict("expected", "")
}

// adopt: both exist and were never compared.
func (f *field) adopt() {
	switch {
	case f.odoo == f.local:
		f.agree()
	case f.rule.Expected:
		f.unexpected()
	case f.rule.Direction == ToAPI:
		f.overwrite(record.Odoo)
	case f.rule.Direction == ToOdoo:
		f.overwrite(record.Local)
	case f.local.IsNull():
		f.take(record.Odoo, "fill")
	case f.odoo.IsNull():
		f.take(record.Local, "fill")
	case f.merger.in.Alike != nil && f.merger.in.Alike(f.odoo, f.local):
		f.take(record.Odoo, "normalised")
	default:
		f.decide(string(f.merger.in.Adopt), f.merger.winner(f.merger.in.Adopt, f.merger.in.LocalTimes[f.label]))
	}
}

// overwrite adopts a one-way field; what it replaces is kept.
func (f *field) overwrite(winner record.Side) {
	loser := f.odoo
	if winner == record.Odoo {
		loser = f.local
	}
	if !loser.IsNull() {
		f.conflict("direction", winner)
	}
	f.take(winner, "fill")
}

// take lets a side's value flow to the other. Towards the row it is written in
// the caller's transaction, so the base moves now; towards Odoo it stays until
// the write is confirmed.
func (f *field) take(from record.Side, cause string) {
	if from == record.Odoo {
		f.toLocal = true
		f.next, f.keep = record.Same(f.odoo), true
		f.merger.change(record.Local, f.label, f.local, f.odoo, cause)
		return
	}
	f.toOdoo = true
	f.merger.change(record.Odoo, f.label, f.odoo, f.local, cause)
}

func (f *field) conflict(policy string, winner record.Side) {
	f.merger.out.Conflicts = append(f.merger.out.Conflicts, record.Conflict{Field: f.label, Base: f.base,
		Odoo: f.odoo, Local: f.local, Policy: policy, Winner: winner})
}

func (m *merger) change(side record.Side, name string, from, to record.Value, cause string) {
	m.out.Changes = append(m.out.Changes, record.Change{Side: side, Field: name, Old: from, New: to, Cause: cause})
}

// create: the record exists only in Odoo and was never here.
func create(in Input) Result {
	out := Result{ToLocal: make(record.Fields, len(in.Odoo.Fields)), Next: record.Base{Fields: make(record.Pairs, len(in.Odoo.Fields))}}
	for name, v := range in.Odoo.Fields {
		out.ToLocal[name] = v
		out.Next.Fields[name] = record.Same(v)
	}
	for _, child := range slices.Sorted(maps.Keys(in.Odoo.Lines)) {
		for i, line := range in.Odoo.Lines[child] {
			out.LocalLines = append(out.LocalLines, addition(child, line, i, i))
		}
		out.Next.Lines = withLines(out.Next.Lines, child, basesOf(in.Odoo.Lines[child]))
	}
	return out
}
