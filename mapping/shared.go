package mapping

import (
	"maps"
	"slices"

	"odoosync/internal/record"
)

// anyValue is a shared_while value that any value of the field meets.
const anyValue = "*"

// Shared reports whether Odoo keeps the field's value together with another
// record's: a contact's VAT is its company's, and what is written to the one
// changes the other (commercial fields, odoo/addons/base/models/res_partner.py;
// on 19 a contact's address too). Such a value comes from Odoo and is not sent.
//
// A field of the row that is empty counts as what shared_while asks for, because
// Odoo fills it in so; only "*" wants a value.
func (f *Field) Shared(row record.Fields) bool {
	if len(f.sharedWhile) == 0 {
		return false
	}
	for name, want := range f.sharedWhile {
		v := row[name]
		if want == anyValue && empty(v) || want != anyValue && !empty(v) && v.Text() != want {
			return false
		}
	}
	return true
}

// shared binds when a field's value is another record's too.
func (c *compiler) shared(entity string, fields []*Field, specs map[string]*fieldSpec) {
	for _, f := range fields {
		s := specs[f.Name]
		if len(s.SharedWhile) == 0 || c.schema.Version.Major < s.SharedSince {
			continue
		}
		f.sharedWhile = s.SharedWhile
		for _, name := range slices.Sorted(maps.Keys(s.SharedWhile)) {
			if findField(fields, name) == nil {
				c.problem(c.spec.at(entity, f.Name), "shared_while: there is no field %s%s", name, record.DidYouMean(name, namesOf(fields)))
			}
		}
	}
}

func namesOf(fields []*Field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name
	}
	return out
}

// emptying binds which field another one empties: Odoo would compute the one
// value from the other's (a due date from a payment term).
func (c *compiler) emptying(entity string, fields []*Field, specs map[string]*fieldSpec) {
	for _, f := range fields {
		name := specs[f.Name].Empties
		if name == "" {
			continue
		}
		if f.empties = findField(fields, name); f.empties == nil {
			c.problem(c.spec.at(entity, f.Name), "empties: there is no field %s%s", name, record.DidYouMean(name, namesOf(fields)))
		}
	}
}

// emptied are the cells of fields that others empty, in this row.
func (x *encoder) emptied(fields []*Field, changed record.Fields, cells []Cell) []Cell {
	for _, f := range fields {
		if f.empties == nil || empty(changed[f.Name]) {
			continue
		}
		if v, known := x.row[f.empties.Name]; !empty(v) || !known && !x.creates {
			continue
		}
		if slices.ContainsFunc(cells, func(c Cell) bool { return c.Field == f.empties.Source }) {
			continue
		}
		cell, err := x.emptyCell(f.empties)
		if err != nil {
			x.fail(f.empties, record.Null, err)
			continue
		}
		cells = append(cells, cell)
	}
	return cells
}
