package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// side is what fields are bound to: a model's fields (nil: not known), a table
// (without columns: not known), and the domain its records keep to.
type side struct {
	model  string
	odoo   odooclient.Fields
	table  Table
	domain Domain
}

// fields compiles the fields of an entity or of lines, in alphabetical order.
// absent names optional ones this Odoo does not have.
func (c *compiler) fields(at place, specs map[string]*fieldSpec, s side) (out []*Field, absent []string) {
	for _, name := range slices.Sorted(maps.Keys(specs)) {
		one := c.spec.at(at.entity, name)
		one.direction, one.policy = at.direction, at.policy
		f := c.field(one, specs[name], s)
		if f.Source == "" && f.Kind != KindCases && f.path == nil {
			absent = append(absent, name)
			continue
		}
		out = append(out, f)
	}
	c.lookups(at, specs, out)
	return out, absent
}

func (c *compiler) field(at place, s *fieldSpec, to side) *Field {
	f := &Field{Name: at.field, Column: or(s.Column, at.field), Direction: or(s.Direction, at.direction), Policy: or(s.Policy, at.policy),
		Expected: s.Expected, Kind: KindPlain, values: s.Values, nullIf: s.NullIf, html: s.HTML, prefix: s.Prefix, payload: s.Payload, stub: s.Stub}
	if s.Prefix == "odoo_url" {
		f.prefix = strings.TrimRight(c.schema.OdooURL, "/")
	}
	known := c.column(at, f, to.table)
	f.setKind(s)
	f.when = c.condition(at, "when", s.When, to.model, to.odoo)
	for i, one := range s.Cases {
		f.cases = append(f.cases, fieldCase{when: c.condition(at, fmt.Sprintf("case %d", i+1), one.When, to.model, to.odoo)})
	}
	from, found := c.source(at, f, s, to)
	f.target, f.back = from, c.spec.values[placeKey(at.entity, at.field)]
	if known {
		c.values(at, f, s)
		if found {
			c.fit(at, f, from, to)
		}
		c.nullable(at, f, from)
	}
	for _, d := range append([]Domain{f.when}, casesDomains(f)...) {
		f.Odoo = append(f.Odoo, d.fields()...)
	}
	if f.Source != "" {
		f.Odoo = append(f.Odoo, f.Source)
	}
	f.Odoo = tidyNames(f.Odoo)
	return f
}

// column finds the field's column. known is false when nothing can be said of
// its type.
func (c *compiler) column(at place, f *Field, t Table) (known bool) {
	if t.Columns == nil {
		return false
	}
	col, ok := t.Columns[f.Column]
	if !ok {
		c.problem(at, "%s", noColumn(t.Name, f.Column, t))
		return false
	}
	f.col, f.options, f.table = col, col.options(), t.Name
	if f.Type, ok = col.canonicalType(); !ok {
		c.problem(at, "column %s is %s, which cannot hold the value exactly: use VARCHAR, TEXT, an integer, DECIMAL, DATE, DATETIME, BOOLEAN or JSON",
			f.place(), col.FullType)
	}
	return ok
}

// setKind tells how the value is obtained, and the type where the column leaves
// it open.
func (f *Field) setKind(s *fieldSpec) {
	switch {
	case len(s.Cases) > 0:
		f.Kind = KindCases
	case s.Path != "":
		f.Kind, f.Entity, f.Type = KindPath, s.Reference, TypeText
		if way, ok := splitPath(s.Path); ok {
			f.path = &way
		}
	case s.Reference != "":
		f.Kind, f.Entity, f.Type = KindReference, s.Reference, TypeText
	case s.Lookup != "":
		f.Kind, f.LookupField = KindLookup, s.Lookup
	case s.LookupList != "":
		f.Kind, f.LookupField, f.Type = KindLookupList, s.LookupList, TypeList
	case s.RawID:
		f.Kind = KindRawID
	}
}

// splitPath reads lines.field.field.
func splitPath(text string) (path, bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 || slices.Contains(parts, "") {
		return path{}, false
	}
	return path{child: parts[0], field: parts[1], hop: parts[2]}, true
}

// values checks that the column holds every value the mapping itself writes
// down.
func (c *compiler) values(at place, f *Field, s *fieldSpec) {
	value := func(text string) record.Value {
		v, err := f.canonical(text)
		if err != nil {
			c.problem(at, "column %s cannot hold %q: %v", f.place(), text, err)
		}
		return v
	}
	for i, one := range s.Cases {
		f.cases[i].value = value(one.Value)
	}
	if s.Otherwise != nil {
		f.otherwise = value(*s.Otherwise)
	}
	for _, from := range slices.Sorted(maps.Keys(s.Values)) {
		value(s.Values[from])
	}
}

func casesDomains(f *Field) []Domain {
	var out []Domain
	for _, one := range f.cases {
		out = append(out, one.when)
	}
	return out
}

// source settles the alternatives by version. found is false when nothing is
// known of Odoo's field.
func (c *compiler) source(at place, f *Field, s *fieldSpec, to side) (from odooclient.Field, found bool) {
	if f.Kind == KindCases || f.Kind == KindPath || len(s.Odoo) == 0 {
		return from, false
	}
	if to.odoo == nil {
		f.Source = s.Odoo[0]
		return from, false
	}
	for _, name := range s.Odoo {
		if field, ok := to.odoo[name]; ok {
			f.Source, f.Model = name, field.Relation
			return field, true
		}
		if name == "id" { // Odoo always sends it, whatever fields_get says
			f.Source = name
			return odooclient.Field{Name: name, Type: "integer", Required: true}, true
		}
	}
	if !s.Optional {
		c.problem(at, "%s has no field %s on %s (for column %s); mark it optional, or name this version's field beside it%s",
			c.odooName(), strings.Join(s.Odoo, " or "), to.model, f.Column, record.DidYouMean(s.Odoo[0], keysOf(to.odoo)))
	}
	return from, false
}
