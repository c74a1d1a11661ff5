package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// push binds what only the way to Odoo needs, and checks it.
func (c *compiler) push(e *Entity, s *entitySpec, fields odooclient.Fields) {
	at := c.spec.at(e.Name, "")
	e.createCells = c.create(at, s.Create, s.Model, fields)
	e.lock = c.condition(at, "locked: when", s.Locked.When, s.Model, fields)
	for _, name := range s.Locked.Except {
		if e.Field(name) != nil {
			e.lockExcept = append(e.lockExcept, name)
		}
	}
	for i, m := range s.Methods {
		if f := e.Field(m.Field); f != nil {
			f.byMethod = true
			e.Methods = append(e.Methods, c.method(at, i, m, f))
		}
	}
	c.shared(e.Name, e.Fields, s.Fields)
	c.emptying(e.Name, e.Fields, s.Fields)
	c.writable(e.Name, e.Fields)
	for _, child := range e.Children {
		c.writable(e.Name+"/"+child.Name, child.Fields)
	}
}

// writable refuses what Odoo computes anew at each read: a write of it is lost,
// or faults. A stored field may be read-only in some states alone.
func (c *compiler) writable(entity string, fields []*Field) {
	for _, f := range fields {
		if f.Sendable() && f.target.Readonly && !f.target.Store {
			c.problem(c.spec.at(entity, f.Name), "Odoo computes its field %s, which cannot be written: say direction: to_api, or expected: true", f.Source)
		}
	}
}

// method binds one business step. Its values are ones the field can have.
func (c *compiler) method(at place, i int, s methodSpec, f *Field) Method {
	m := Method{Field: s.Field, From: s.From, To: s.To, Call: s.Call, Post: s.Post}
	for _, arg := range s.Args {
		value, err := methodArg(arg)
		if err != nil {
			c.problem(at, "methods %d: args: %v", i+1, err)
		}
		m.Args = append(m.Args, value)
	}
	possible := f.possible()
	for _, value := range append(slices.Clone(s.From), s.To) {
		if len(possible) > 0 && !slices.Contains(possible, value) {
			c.problem(at, "methods %d: field %s is never %q: its values are %s%s", i+1, s.Field, value, strings.Join(possible, ", "), record.DidYouMean(value, possible))
		}
	}
	return m
}

// methodArg is one argument: a value, or values by name, such as write takes.
func methodArg(v any) (any, error) {
	named, ok := v.(map[string]any)
	if !ok {
		return termValue(v)
	}
	out := make(map[string]any, len(named))
	for name, one := range named {
		value, err := methodArg(one)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = value
	}
	return out, nil
}

// possible lists the values a field can have here, none when they are open.
func (f *Field) possible() []string {
	var out []string
	values := []record.Value{f.otherwise}
	for _, one := range f.cases {
		values = append(values, one.value)
	}
	for _, option := range f.target.Selection {
		v, err := f.plainValue(option.Key)
		if err == nil {
			values = append(values, v)
		}
	}
	for _, v := range values {
		if !empty(v) && !slices.Contains(out, v.Text()) {
			out = append(out, v.Text())
		}
	}
	return out
}

// create binds the values every create sends to their cells.
func (c *compiler) create(at place, values map[string]any, model string, fields odooclient.Fields) []Cell {
	var out []Cell
	for _, name := range slices.Sorted(maps.Keys(values)) {
		field, ok := fields[name]
		if !ok && fields != nil {
			c.problem(at, "create: %s", c.noField(name, model, fields))
			continue
		}
		cell, err := createCell(name, field, values[name])
		if err != nil {
			c.problem(at, "create: %s: %v", name, err)
		}
		out = append(out, cell)
	}
	return out
}

func createCell(name string, field odooclient.Field, v any) (Cell, error) {
	cell := Cell{Field: name, Column: name}
	value, err := termValue(v)
	if err != nil {
		return cell, err
	}
	cell.Value = value
	if field.Type == "many2one" {
		cell.Column += "/.id"
	}
	if value == false {
		if field.Type == "boolean" {
			cell.Text = "0"
		}
		if mustHave(field) {
			err = fmt.Errorf("the field is required in Odoo, so it cannot be false: leave it out")
		}
		return cell, err
	}
	if value == true {
		cell.Text = "1"
	} else if cell.Text, err = plain(value); err != nil {
		return cell, err
	}
	return cell, createFits(field, value)
}

// createFits says what is wrong with a value that is not empty.
func createFits(field odooclient.Field, value any) error {
	_, isID := value.(int64)
	_, isNumber := number(value)
	_, isText := value.(string)
	switch field.Type {
	case "":
	case "many2one":
		if !isID {
			return fmt.Errorf("a many2one takes the id of a record in Odoo, or false")
		}
	case "one2many", "many2many":
		return fmt.Errorf("a %s takes false alone", field.Type)
	case "boolean":
		if value != true {
			return fmt.Errorf("a boolean takes true or false")
		}
	case "integer", "float", "monetary":
		if !isNumber {
			return fmt.Errorf("a number is expected")
		}
	case "selection":
		known := func(o odooclient.Option) bool { return o.Key == value }
		if len(field.Selection) > 0 && !slices.ContainsFunc(field.Selection, known) {
			return fmt.Errorf("%v is none of Odoo's values", value)
		}
	default:
		if !isText {
			return fmt.Errorf("a text in quotes is expected")
		}
	}
	return nil
}

// mustHave reports whether Odoo refuses to have the field empty. Numbers and
// booleans are 0 and false.
func mustHave(f odooclient.Field) bool {
	return f.Required && !slices.Contains([]string{"boolean", "integer", "float", "monetary", "one2many", "many2many"}, f.Type)
}

// lookups binds what restricts a lookup: its model's companies, lookup_domain
// and within.
func (c *compiler) lookups(at place, specs map[string]*fieldSpec, fields []*Field) {
	for _, f := range fields {
		s, behind := specs[f.Name], c.schema.Models[f.Model]
		if f.Kind != KindLookup && f.Kind != KindLookupList {
			continue
		}
		for _, name := range []string{"company_id", "company_ids"} {
			if _, ok := behind[name]; ok {
				f.Companies = name // a user's company_id is only where he works just now
			}
		}
		here := c.spec.at(at.entity, f.Name)
		f.lookupIn = c.condition(here, "lookup_domain", s.LookupIn, f.Model, behind)
		for _, by := range slices.Sorted(maps.Keys(s.Within)) {
			if named := findField(fields, s.Within[by]); named != nil {
				f.within = append(f.within, within{by: c.withinField(here, by, named, f.Model, behind), field: named})
			}
		}
	}
}

// withinField is the way from a looked-up record to what the other field shows.
func (c *compiler) withinField(at place, by string, named *Field, model string, behind odooclient.Fields) string {
	if from, ok := behind[by]; !ok && behind != nil {
		c.problem(at, "within: %s", c.noField(by, model, behind))
	} else if named.Kind != KindPlain && ok && from.Relation != named.Model {
		c.problem(at, "within: %s of %s leads to %s, and field %s to %s", by, model, or(from.Relation, "no record"), named.Name, named.Model)
	}
	if named.Kind == KindLookup {
		return by + "." + named.LookupField
	}
	return by
}

// sequence checks Odoo's field for the order of lines.
func (c *compiler) sequence(at place, s *childSpec, child *Child, fields odooclient.Fields) {
	if s.Sequence == "" || fields == nil {
		return
	}
	field, ok := fields[s.Sequence]
	switch {
	case !ok:
		c.problem(at, "sequence: %s", c.noField(s.Sequence, child.Model, fields))
	case field.Type != "integer":
		c.problem(at, "sequence: Odoo's field %s is of the type %s, and the order of lines needs an integer", s.Sequence, field.Type)
	}
}
