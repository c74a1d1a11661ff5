package merge

import (
	"fmt"
	"maps"
	"slices"

	"odoosync/internal/record"
)

// Sent is what one write told Odoo about a record.
type Sent struct {
	Fields record.Fields         `json:"f,omitempty"`
	Lines  map[string][]SentLine `json:"n,omitempty"` // by child
	New    bool                  `json:"new,omitempty"`
}

// SentLine is what a write did to one line.
type SentLine struct {
	Op      record.LineOp `json:"op"`
	OdooID  int64         `json:"o,omitempty"` // of an added line: the one it became, 0 while it is not there
	LocalID string        `json:"l"`
	Fields  record.Fields `json:"f,omitempty"`
}

// Written is a write and what was found after it.
type Written struct {
	Base  record.Base // before the write
	Sent  Sent
	Odoo  *record.Record // read after the write
	Local *record.Record // the row now; nil when it is gone
	Rules Rules
	// Late: so much time has passed since the write that somebody may have
	// edited what it made. Row is the row as it was then.
	Late bool
	Row  record.Fields
	// Edited: it is known that somebody wrote to the record since.
	Edited bool
	// Unknown: nobody knows whether the write was done, or will still be.
	Unknown bool
	// Alike tells two spellings of the same value apart from two values; nil
	// takes none for alike.
	Alike func(a, b record.Value) bool
}

// Confirm moves the base for what was sent, so that a merge of what is there
// now finds only what happened since:
//
//	Odoo has        the base becomes      and the merge then
//	what was sent   the value sent        finds nothing
//	a normal form   the value sent        lets the row follow, once
//	what it had     stays                 would send it again: it was ignored,
//	                                      unless the record was Edited since
//	something else  the value sent        takes it for an edit made since: the
//	                                      value sent is kept as a conflict
//
// What Odoo made of a new record's value is no edit of anybody's: the row's
// value stands against it, and is sent once more.
//
// A normal form of what the row no longer holds is agreed as it stands, so that
// the row's new value is the only edit. After an unknown outcome a value that
// is neither sent nor alike says nothing, nor does one that Odoo had before: its
// base stays.
//
// Of a record or a line that the write made, the row's values that were not
// sent (a state, a total) count as edits over what Odoo made of itself.
func Confirm(w Written) (next record.Base, out Confirmed) {
	c := confirmer{Written: w}
	next = record.Base{Fields: maps.Clone(w.Base.Fields), Lines: maps.Clone(w.Base.Lines)}
	if next.Fields == nil {
		next.Fields = record.Pairs{}
	}
	var local record.Fields
	if w.Local != nil {
		local = w.Local.Fields
	}
	c.fields("", next.Fields, w.Sent.Fields, w.Odoo.Fields, local, w.Rules.field)
	if w.Sent.New {
		c.edited(next.Fields, local)
		unsent(next.Fields, w.Odoo.Fields, local, w.Rules.field)
	}
	for _, child := range slices.Sorted(maps.Keys(w.Sent.Lines)) {
		next.Lines = withLines(next.Lines, child, c.lines(child, w.Base.Lines[child]))
	}
	return next, c.out
}

// Confirmed is what a confirmation found besides the next base.
type Confirmed struct {
	Ignored  []string          // fields and lines that stayed as they were
	Replaced []record.Conflict // values that were sent, and something else is there now
	Unsure   bool              // of an unknown outcome: not all that was sent is there
}

type confirmer struct {
	Written
	out Confirmed
}

func (c *confirmer) fields(label string, base record.Pairs, sent, odoo, local record.Fields, rule func(string) Rule) {
	for _, name := range sent.Names() {
		v, read := odoo[name]
		if !read {
			continue
		}
		old, agreed := base[name]
		now, known := local[name]
		pair, done := c.field(old, agreed, sent[name], v, now, known)
		if !done {
			c.out.Ignored = append(c.out.Ignored, label+name)
			continue
		}
		if pair != nil && v != sent[name] && pair.Odoo == sent[name] && !c.alike(v, sent[name]) && now == sent[name] {
			c.out.Replaced = append(c.out.Replaced, record.Conflict{Field: label + name, Base: old, Odoo: v, Local: now, Policy: "normalised", Winner: record.Odoo})
		}
		if pair == nil {
			continue
		}
		if !allowed(rule(name).Direction, record.Odoo) {
			pair.Odoo = v // it may not flow back, and must not be sent again
		}
		base[name] = *pair
	}
}

// field judges one value: its next pair, nil for the old one, and whether Odoo
// took notice of it.
func (c *confirmer) field(old record.Pair, agreed bool, sent, v, local record.Value, known bool) (pair *record.Pair, done bool) {
	same := record.Same(sent)
	switch {
	case v == sent:
		return &same, true
	case c.Unknown && agreed && v == old.Odoo:
		c.out.Unsure = true
		return nil, true
	case c.alike(v, sent) && !c.Edited:
		if known && local != sent {
			same.Odoo = v
		}
		return &same, true
	case c.Unknown:
		c.out.Unsure = true
		return nil, true
	case agreed && v == old.Odoo && !c.Edited:
		return nil, false
	case !agreed && !c.Late && !c.Edited:
		return &record.Pair{Odoo: v}, true
	}
	return &same, true
}

func (c *confirmer) alike(a, b record.Value) bool { return c.Alike != nil && c.Alike(a, b) }

// edited: a row that changed since its record was made, a while ago, was edited
// from the value it had then. What Odoo has by now may be an edit too.
func (c *confirmer) edited(base record.Pairs, local record.Fields) {
	if !c.Late {
		return
	}
	for name, then := range c.Row {
		if _, agreed := base[name]; !agreed && local[name] != then {
			base[name] = record.Pair{Local: then}
		}
	}
}

func unsent(base record.Pairs, odoo, local record.Fields, rule func(string) Rule) {
	for name, v := range odoo {
		_, agreed := base[name]
		if !agreed && !local[name].IsNull() && allowed(rule(name).Direction, record.Local) {
			base[name] = record.Pair{Odoo: v}
		}
	}
}

func (c *confirmer) lines(child string, bases []record.LineBase) []record.LineBase {
	next := slices.Clone(bases)
	odoo := map[int64]record.Line{}
	for _, l := range c.Odoo.Lines[child] {
		odoo[l.OdooID] = l
	}
	local := map[string]record.Line{}
	if c.Local != nil {
		for _, l := range c.Local.Lines[child] {
			local[l.LocalID] = l
		}
	}
	for _, sent := range c.Sent.Lines[child] {
		there, exists := odoo[sent.OdooID]
		i := slices.IndexFunc(next, func(b record.LineBase) bool { return b.OdooID != 0 && b.OdooID == sent.OdooID })
		switch {
		case sent.Op == record.LineRemove && i >= 0 && !exists:
			next = slices.Delete(next, i, i+1)
		case c.Unknown && (sent.Op == record.LineRemove && i >= 0 || sent.Op == record.LineAdd && !exists):
			c.out.Unsure = true
		case sent.Op == record.LineRemove && i >= 0:
			c.out.Ignored = append(c.out.Ignored, fmt.Sprintf("%s[odoo:%d]", child, sent.OdooID))
		case sent.Op == record.LineUpdate && i >= 0 && exists:
			next[i].Fields = maps.Clone(next[i].Fields)
			c.fields(fmt.Sprintf("%s[odoo:%d].", child, sent.OdooID), next[i].Fields, sent.Fields, there.Fields, local[sent.LocalID].Fields, c.Rules.Lines[child].field)
		case sent.Op == record.LineAdd && i < 0 && exists:
			next = append(next, c.added(child, sent, there, local[sent.LocalID].Fields))
		case sent.Op == record.LineAdd && i < 0 && sent.OdooID != 0:
			next = append(next, taken(sent)) // Odoo has it elsewhere
		case sent.Op == record.LineAdd && i < 0 && !c.Sent.New:
			c.out.Ignored = append(c.out.Ignored, fmt.Sprintf("%s[local:%s]", child, sent.LocalID))
		}
	}
	return next
}

// taken is a line that was made and that Odoo has taken off the record since, as an
// automation may: the merge finds it removed there, and does not make it again.
func taken(sent SentLine) record.LineBase {
	base := record.LineBase{OdooID: sent.OdooID, LocalID: sent.LocalID, Fields: record.Pairs{}}
	for name, v := range sent.Fields {
		base.Fields[name] = record.Same(v)
	}
	return base
}

// added agrees on a line that the write made. That it is there tells that the
// write was made, and after an unknown outcome somebody may have edited it since.
func (c *confirmer) added(child string, sent SentLine, odoo record.Line, local record.Fields) record.LineBase {
	base := record.LineBase{OdooID: sent.OdooID, LocalID: sent.LocalID, Fields: record.Pairs{}}
	unknown, late := c.Unknown, c.Late
	c.Unknown, c.Late = false, late || unknown
	defer func() { c.Unknown, c.Late = unknown, late }()
	c.fields("", base.Fields, sent.Fields, odoo.Fields, local, c.Rules.Lines[child].field)
	unsent(base.Fields, odoo.Fields, local, c.Rules.Lines[child].field)
	return base
}
