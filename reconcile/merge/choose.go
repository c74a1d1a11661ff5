package merge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"odoosync/internal/record"
)

// A person's choice moves the base, and the next merge does the rest:
//
//	the conflict                      take      the base is moved so that
//	both changed a field              a side    the other side's value counts as agreed: only the chosen one changed
//	deleted there, edited here, or    deleter   the edits count as agreed: the deletion goes on
//	the other way round               editor    (record) nothing is moved, the caller begins anew or brings back;
//	                                            (line) the line is forgotten: it is a new one of the editor's
//
// The other side's kept value is what is agreed on, and nothing later: an edit
// made since is found by the merge, which then has a conflict again.

// Choose takes a side of a field both sides changed, or of one Odoo computes
// otherwise than the row expects.
func Choose(base *record.Base, c record.Conflict, take record.Side) error {
	pairs, name, err := pairsOf(base, c.Field, false)
	if err != nil {
		return err
	}
	loser := c.Odoo
	if take == record.Odoo {
		loser = c.Local
	}
	// Both halves: an Odoo that is back at the old base would else be taken for
	// unchanged, and the sides stay apart for good.
	pairs[name] = record.Same(loser)
	return nil
}

// AcceptEdits takes the deleting side of a record that the other one edited:
// the edits, one conflict each, count as agreed.
func AcceptEdits(base *record.Base, edits []record.Conflict, editor record.Side) error {
	for _, c := range edits {
		pairs, name, err := pairsOf(base, c.Field, true)
		if err != nil {
			return err
		}
		pairs[name] = pairs[name].With(editor, valueOf(c, editor))
	}
	return nil
}

// ChooseLine takes a side of a line that one side removed and the other edited.
// edits are its conflicts: all values of the line that are not empty.
func ChooseLine(base *record.Base, edits []record.Conflict, take record.Side) error {
	l, err := parseLabel(edits[0].Field)
	if err != nil {
		return err
	}
	i := l.index(base)
	if i < 0 {
		return errNoLine(edits[0].Field)
	}
	lines := base.Lines[l.child]
	editor := l.side // a removed line is named by the side that still has it
	if take == editor {
		base.Lines[l.child] = slices.Delete(slices.Clone(lines), i, i+1)
		return nil
	}
	values := record.Fields{}
	for _, c := range edits {
		one, err := parseLabel(c.Field)
		if err != nil {
			return err
		}
		values[one.field] = valueOf(c, editor)
	}
	fields := maps.Clone(lines[i].Fields)
	for name, pair := range fields {
		fields[name] = pair.With(editor, values[name]) // no conflict was kept of a value that is empty
	}
	lines[i].Fields = fields
	return nil
}

// LineOf is the line a conflict's field belongs to ("order_line[odoo:12]"), ""
// for a field of the record.
func LineOf(field string) string {
	if i := strings.LastIndex(field, "]."); i >= 0 && strings.Contains(field, "[") {
		return field[:i+1]
	}
	return ""
}

func valueOf(c record.Conflict, side record.Side) record.Value {
	if side == record.Odoo {
		return c.Odoo
	}
	return c.Local
}

// label is a line's field as conflicts name it: child[side:id].field.
type label struct {
	child, id, field string
	side             record.Side // whose id it is
}

func parseLabel(text string) (label, error) {
	child, rest, ok := strings.Cut(text, "[")
	inner, field, ok2 := strings.Cut(rest, "].")
	side, id, ok3 := strings.Cut(inner, ":")
	l := label{child: child, id: id, field: field, side: record.Side(side)}
	if !ok || !ok2 || !ok3 || l.side != record.Odoo && l.side != record.Local {
		return l, record.Errorf(record.CodeRejected, "%s is of a line without an id, for which no side can be taken: make both sides' lines equal, and the next sync ends the conflict", text)
	}
	return l, nil
}

func (l label) index(base *record.Base) int {
	return slices.IndexFunc(base.Lines[l.child], func(b record.LineBase) bool {
		if l.side == record.Odoo {
			return fmt.Sprint(b.OdooID) == l.id
		}
		return b.LocalID == l.id
	})
}

func errNoLine(field string) error {
	return record.Errorf(record.CodeRejected, "the line of %s is not there any more: the record's next sync ends the conflict, or finds how it stands now", field)
}

// pairsOf finds what was agreed on about a field, and the field's name there. A
// line nothing was agreed on is added where add is set.
func pairsOf(base *record.Base, field string, add bool) (record.Pairs, string, error) {
	if !strings.Contains(field, "[") {
		if base.Fields == nil {
			base.Fields = record.Pairs{}
		}
		return base.Fields, field, nil
	}
	l, err := parseLabel(field)
	if err != nil {
		return nil, "", err
	}
	i := l.index(base)
	if i < 0 && !add {
		return nil, "", errNoLine(field)
	}
	if i < 0 {
		fresh := record.LineBase{Fields: record.Pairs{}}
		if l.side == record.Local {
			fresh.LocalID = l.id
		} else if _, err := fmt.Sscan(l.id, &fresh.OdooID); err != nil {
			return nil, "", errNoLine(field)
		}
		base.Lines = withLines(base.Lines, l.child, append(base.Lines[l.child], fresh))
		i = len(base.Lines[l.child]) - 1
	}
	line := &base.Lines[l.child][i]
	if line.Fields == nil {
		line.Fields = record.Pairs{}
	}
	return line.Fields, l.field, nil
}
