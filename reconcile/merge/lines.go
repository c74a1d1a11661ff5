package merge

import (
	"fmt"
	"maps"
	"slices"

	"odoosync/internal/record"
)

// lines merges each kind of lines that both sides know. Unknown ones keep
// their base.
func (m *merger) lines() {
	for child, bases := range m.in.Base.Lines {
		m.out.Next.Lines = withLines(m.out.Next.Lines, child, bases)
	}
	for _, child := range slices.Sorted(maps.Keys(m.in.Odoo.Lines)) {
		odoo := m.in.Odoo.Lines[child]
		local, known := m.in.Local.Lines[child]
		if !known {
			continue
		}
		m.mergeLines(child, odoo, local)
	}
}

// trio is one line in its three states; nil where it does not exist.
type trio struct {
	base  *record.LineBase
	odoo  *record.Line
	local *record.Line
}

func (m *merger) mergeLines(child string, odoo, local []record.Line) {
	rules := m.in.Rules.Lines[child]
	trios := match(m.in.Base.Lines[child], odoo, local)
	next := []record.LineBase{}
	position := 0
	for _, t := range trios {
		l := lineMerge{merger: m, child: child, rules: rules, trio: t, position: position, index: len(next)}
		base := l.merge()
		if base != nil {
			next = append(next, *base)
		}
		if l.hasRow {
			position++
		}
	}
	m.out.Next.Lines = withLines(m.out.Next.Lines, child, next)
}

func withLines(lines map[string][]record.LineBase, child string, list []record.LineBase) map[string][]record.LineBase {
	if lines == nil {
		lines = map[string][]record.LineBase{}
	}
	lines[child] = list
	return lines
}

// match finds which lines are the same: by their ids through the base, else by
// Odoo's id, else, where one of them has no id (a payload), by position. The result
// is in Odoo's order; lines only we have follow the neighbour they stand after.
func match(bases []record.LineBase, odoo, local []record.Line) []trio {
	var out []trio
	used := map[int]bool{}     // local lines taken
	usedBase := map[int]bool{} // bases taken
	for i := range odoo {
		t := trio{odoo: &odoo[i]}
		if b := slices.IndexFunc(bases, func(b record.LineBase) bool { return b.OdooID != 0 && b.OdooID == odoo[i].OdooID }); b >= 0 && !usedBase[b] {
			t.base, usedBase[b] = &bases[b], true
		} else if i < len(bases) && !usedBase[i] && (odoo[i].OdooID == 0 || bases[i].OdooID == 0) {
			t.base, usedBase[i] = &bases[i], true
		}
		if l := findLocal(local, used, t, i); l >= 0 {
			t.local, used[l] = &local[l], true
		}
		out = append(out, t)
	}
	// Lines that are gone in Odoo, or that only we have: after the line they follow here.
	for l := range local {
		if used[l] {
			continue
		}
		t := trio{local: &local[l]}
		if b := slices.IndexFunc(bases, func(b record.LineBase) bool { return b.LocalID != "" && b.LocalID == local[l].LocalID }); b >= 0 && !usedBase[b] {
			t.base, usedBase[b] = &bases[b], true
		}
		out = slices.Insert(out, after(out, local, l), t)
	}
	return out
}

func findLocal(local []record.Line, used map[int]bool, t trio, position int) int {
	if t.base != nil && t.base.LocalID != "" {
		return slices.IndexFunc(local, func(l record.Line) bool { return l.LocalID == t.base.LocalID })
	}
	if t.odoo.OdooID != 0 {
		return slices.IndexFunc(local, func(l record.Line) bool { return l.OdooID == t.odoo.OdooID })
	}
	if position < len(local) && !used[position] && local[position].OdooID == 0 {
		return position
	}
	return -1
}

// after is where a local line belongs: behind its nearest predecessor.
func after(out []trio, local []record.Line, l int) int {
	for p := l - 1; p >= 0; p-- {
		if i := slices.IndexFunc(out, func(t trio) bool { return t.local == &local[p] }); i >= 0 {
			return i + 1
		}
	}
	return 0
}

// lineMerge decides about one line.
type lineMerge struct {
	merger   *merger
	child    string
	rules    LineRules
	trio     trio
	position int
	index    int  // its place in the next base, if it gets one
	hasRow   bool // a row remains here, whose place the next line comes after
}

func (l *lineMerge) label() string {
	switch {
	case l.trio.odoo != nil && l.trio.odoo.OdooID != 0:
		return fmt.Sprintf("%s[odoo:%d]", l.child, l.trio.odoo.OdooID)
	case l.trio.local != nil && l.trio.local.LocalID != "":
		return fmt.Sprintf("%s[local:%s]", l.child, l.trio.local.LocalID)
	}
	return fmt.Sprintf("%s[%d]", l.child, l.position)
}

// merge returns the line's next base, nil for none: the line is gone on both
// sides, or Odoo does not have it yet.
func (l *lineMerge) merge() *record.LineBase {
	t := l.trio
	l.hasRow = true
	switch {
	case t.odoo != nil && t.local != nil:
		return l.existing()
	case t.odoo != nil && t.base == nil:
		return l.added(record.Odoo)
	case t.local != nil && t.base == nil:
		return l.added(record.Local)
	case t.odoo != nil:
		return l.removed(record.Local)
	}
	return l.removed(record.Odoo)
}

// existing merges the fields of a line both sides have.
func (l *lineMerge) existing() *record.LineBase {
	t := l.trio
	next := record.LineBase{OdooID: t.odoo.OdooID, LocalID: t.local.LocalID, Fields: record.Pairs{}}
	if next.OdooID == 0 { // a payload without ids: the row keeps its own, and so must the base
		next.OdooID = t.local.OdooID
	}
	var toLocal, toOdoo record.Fields
	names := map[string]bool{}
	for name := range t.odoo.Fields {
		names[name] = true
	}
	for name := range t.local.Fields {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		f := field{name: name, label: l.label() + "." + name, rule: l.rules.field(name), merger: l.merger}
		f.odoo, f.odooKnown = t.odoo.Fields[name]
		f.local, f.localKnown = t.local.Fields[name]
		if t.base != nil {
			f.base, f.agreed = t.base.Fields[name]
		}
		f.merge()
		if f.toLocal {
			toLocal = put(toLocal, name, f.odoo)
		}
		if f.toOdoo {
			toOdoo = put(toOdoo, name, f.local)
		}
		if f.keep {
			next.Fields[name] = f.next
		}
	}
	l.update(toLocal, toOdoo)
	return &next
}

func (l *lineMerge) update(toLocal, toOdoo record.Fields) {
	t, m := l.trio, l.merger
	change := record.LineChange{Op: record.LineUpdate, Child: l.child, OdooID: t.odoo.OdooID, LocalID: t.local.LocalID, Position: l.position}
	if toLocal != nil || l.moved() || t.odoo.OdooID != 0 && t.local.OdooID != t.odoo.OdooID {
		change.Fields = toLocal
		m.out.LocalLines = append(m.out.LocalLines, change)
	}
	if toOdoo != nil {
		change.Fields = toOdoo
		m.out.OdooLines = append(m.out.OdooLines, change)
	}
}

// moved reports that the row's place differs from the line's.
func (l *lineMerge) moved() bool { return l.trio.local.Position != l.position }

func addition(child string, line record.Line, position, base int) record.LineChange {
	return record.LineChange{Op: record.LineAdd, Child: child, OdooID: line.OdooID, LocalID: line.LocalID, Fields: line.Fields, Position: position, Base: base}
}

// added: a line that only one side has, and always had alone.
func (l *lineMerge) added(by record.Side) *record.LineBase {
	m := l.merger
	if by == record.Odoo {
		return l.bring()
	}
	if allowed(l.rules.Rule.Direction, record.Local) {
		m.out.OdooLines = append(m.out.OdooLines, addition(l.child, *l.trio.local, l.position, l.index))
		return nil
	}
	l.keepWhole(l.trio.local, record.Local, "direction", record.Odoo)
	l.drop(record.LineChange{Op: record.LineRemove, Child: l.child, LocalID: l.trio.local.LocalID})
	return nil
}

// bring adds Odoo's line here.
func (l *lineMerge) bring() *record.LineBase {
	l.merger.out.LocalLines = append(l.merger.out.LocalLines, addition(l.child, *l.trio.odoo, l.position, l.index))
	return &basesOf([]record.Line{*l.trio.odoo})[0]
}

// drop removes our row.
func (l *lineMerge) drop(change record.LineChange) {
	l.merger.out.LocalLines = append(l.merger.out.LocalLines, change)
	l.hasRow = false
}

// removed: one side no longer has a line both had. If the other edited it
// meanwhile, it stays as it is, and the conflict says so.
func (l *lineMerge) removed(by record.Side) *record.LineBase {
	if by == record.Local {
		return l.removedHere()
	}
	t := l.trio
	if !allowed(l.rules.Rule.Direction, record.Odoo) {
		return t.base // ours alone to decide: the push makes it again
	}
	if l.edited(t.local, record.Local) {
		if allowed(l.rules.Rule.Direction, record.Local) {
			l.keepWhole(t.local, record.Local, "deleted", "")
			return t.base
		}
		l.keepWhole(t.local, record.Local, "direction", record.Odoo)
	}
	l.drop(record.LineChange{Op: record.LineRemove, Child: l.child, OdooID: t.base.OdooID, LocalID: t.base.LocalID})
	return nil
}

// removedHere: the row was deleted. The base stays until Odoo's line is gone
// too, so that the delete is not taken for a new line of Odoo's.
func (l *lineMerge) removedHere() *record.LineBase {
	t, m := l.trio, l.merger
	if !allowed(l.rules.Rule.Direction, record.Local) { // it comes back
		m.out.Conflicts = append(m.out.Conflicts, record.Conflict{Field: l.label(), Policy: "direction", Winner: record.Odoo})
		return l.bring()
	}
	l.hasRow = false
	if l.edited(t.odoo, record.Odoo) {
		l.keepWhole(t.odoo, record.Odoo, "deleted", "")
		return t.base
	}
	m.out.OdooLines = append(m.out.OdooLines, record.LineChange{Op: record.LineRemove, Child: l.child, OdooID: t.base.OdooID, LocalID: t.base.LocalID})
	return t.base
}

// edited reports that a side changed a line. What only flows out of Odoo does
// not count: it computes that itself, of the other values.
func (l *lineMerge) edited(line *record.Line, side record.Side) bool {
	for name, v := range line.Fields {
		direction := l.rules.field(name).Direction
		if pair, agreed := l.trio.base.Fields[name]; agreed && pair.Half(side) != v && allowed(direction, side) && direction != ToAPI {
			return true
		}
	}
	return false
}

// keepWhole keeps every value of a line that goes, or that stays undecided.
func (l *lineMerge) keepWhole(line *record.Line, side record.Side, policy string, winner record.Side) {
	for _, name := range line.Fields.Names() {
		c := record.Conflict{Field: l.label() + "." + name, Policy: policy, Winner: winner}
		if l.trio.base != nil {
			c.Base = l.trio.base.Fields[name]
		}
		if side == record.Odoo {
			c.Odoo = line.Fields[name]
		} else {
			c.Local = line.Fields[name]
		}
		if c.Odoo.IsNull() && c.Local.IsNull() {
			continue
		}
		l.merger.out.Conflicts = append(l.merger.out.Conflicts, c)
	}
}

// basesOf agrees on lines as one side has them.
func basesOf(lines []record.Line) []record.LineBase {
	out := make([]record.LineBase, len(lines))
	for i, line := range lines {
		out[i] = record.LineBase{OdooID: line.OdooID, LocalID: line.LocalID, Fields: record.Pairs{}}
		for name, v := range line.Fields {
			out[i].Fields[name] = record.Same(v)
		}
	}
	return out
}
