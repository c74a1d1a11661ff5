package merge

import (
	"fmt"
	"maps"
	"slices"

	"odoosync/internal/record"
)

// gone: the record was deleted on one side. The other follows, unless it was
// edited since: then nothing happens but a conflict.
func gone(in Input, side record.Side) Result {
	out := Result{Next: in.Base}
	survivor, edited := in.Local, record.Local
	if side == record.Local {
		survivor, edited = in.Odoo, record.Odoo
	}
	out.Conflicts = editsOf(edited, "", survivor.Fields, in.Base.Fields, in.Rules.field)
	for _, child := range slices.Sorted(maps.Keys(survivor.Lines)) {
		rules := in.Rules.Lines[child]
		for _, line := range survivor.Lines[child] {
			base, label := baseOf(in.Base.Lines[child], line, edited), fmt.Sprintf("%s[%s].", child, lineID(line, edited))
			switch {
			case base != nil:
				out.Conflicts = append(out.Conflicts, editsOf(edited, label, line.Fields, base.Fields, rules.field)...)
			case allowed(rules.Rule.Direction, edited):
				out.Conflicts = append(out.Conflicts, additionOf(edited, label, line.Fields)...)
			}
		}
	}
	if len(out.Conflicts) > 0 {
		return out
	}
	out.DeleteLocal = side == record.Odoo
	out.DeleteOdoo = side == record.Local
	return out
}

// editsOf are the fields that a side changed, and may change, since the base.
func editsOf(side record.Side, label string, fields record.Fields, base record.Pairs, rule func(string) Rule) []record.Conflict {
	var out []record.Conflict
	for _, name := range fields.Names() {
		pair, agreed := base[name]
		if agreed && fields[name] != pair.Half(side) && allowed(rule(name).Direction, side) {
			out = append(out, kept(side, label+name, pair, fields[name]))
		}
	}
	return out
}

// additionOf are the fields of a line that only one side has.
func additionOf(side record.Side, label string, fields record.Fields) []record.Conflict {
	var out []record.Conflict
	for _, name := range fields.Names() {
		if !fields[name].IsNull() {
			out = append(out, kept(side, label+name, record.Pair{}, fields[name]))
		}
	}
	return out
}

func kept(side record.Side, field string, base record.Pair, v record.Value) record.Conflict {
	c := record.Conflict{Field: field, Base: base, Policy: "deleted"}
	if side == record.Odoo {
		c.Odoo = v
	} else {
		c.Local = v
	}
	return c
}

func baseOf(bases []record.LineBase, line record.Line, side record.Side) *record.LineBase {
	for i, b := range bases {
		if side == record.Local && b.LocalID == line.LocalID || side == record.Odoo && b.OdooID == line.OdooID {
			return &bases[i]
		}
	}
	return nil
}

func lineID(line record.Line, side record.Side) string {
	if line.OdooID != 0 || side == record.Odoo {
		return fmt.Sprintf("odoo:%d", line.OdooID)
	}
	return "local:" + line.LocalID
}
