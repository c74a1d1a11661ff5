package mapping

import (
	"maps"
	"slices"
	"strings"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// fields compiles the fields of an entity or of lines, in alphabetical order.
// absent names optional ones this Odoo does not have.
func (c *compiler) fields(p place, specs map[string]*fieldSpec, odoo odooclient.Fields, table Table) (out []*Field, absent []string) {
	for _, name := range slices.Sorted(maps.Keys(specs)) {
		p.field = name
		f := c.field(p, specs[name], odoo, table)
		switch {
		case f == nil:
		case f.Source == "" && f.Kind != KindCases && f.path == nil:
			absent = append(absent, name)
		default:
			out = append(out, f)
		}
	}
	return out, absent
}

func (c *compiler) field(p place, s *fieldSpec, odoo odooclient.Fields, table Table) *Field {
	f := &Field{Name: p.field, Column: or(s.Column, p.field), Direction: or(s.Direction, p.direction), Policy: or(s.Policy, p.policy),
		Expected: s.Expected, Kind: KindPlain, values: s.Values, nullIf: s.NullIf, html: s.HTML, prefix: s.Prefix, payload: s.Payload, stub: s.Stub}
	if s.Prefix == "odoo_url" {
		f.prefix = strings.TrimRight(c.schema.OdooURL, "/")
	}
	col, ok := table.Columns[f.Column]
	if !ok {
		c.problem("%s: table %s has no column %s", p, table.Name, f.Column)
		return nil
	}
	f.col = col
	if f.Type, ok = col.canonicalType(); !ok {
		c.problem("%s: column %s.%s is %s, which cannot hold the value exactly: use VARCHAR, TEXT, an integer, DECIMAL, DATE, DATETIME, BOOLEAN or JSON",
			p, table.Name, f.Column, col.FullType)
		return nil
	}
	c.kind(p, f, s)
	f.when = c.condition(p, s.When, odoo)
	c.cases(p, f, s, odoo)
	c.source(p, f, s, odoo)
	for _, d := range append([]Domain{f.when}, casesDomains(f)...) {
		f.Odoo = append(f.Odoo, d.fields()...)
	}
	if f.Source != "" {
		f.Odoo = append(f.Odoo, f.Source)
	}
	f.Odoo = tidyNames(f.Odoo)
	return f
}

// kind tells how the value is obtained, and the type where the column leaves
// it open: MariaDB shows a JSON column as LONGTEXT.
func (c *compiler) kind(p place, f *Field, s *fieldSpec) {
	switch {
	case len(s.Cases) > 0:
		f.Kind = KindCases
	case s.Path != "":
		f.Kind, f.Entity, f.Type = KindPath, s.Reference, TypeText
		parts := strings.Split(s.Path, ".")
		if len(parts) != 3 || s.Reference == "" {
			c.problem("%s: a path is lines.field.field and needs a reference", p)
			return
		}
		f.path = &path{child: parts[0], field: parts[1], hop: parts[2]}
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

func (c *compiler) condition(p place, terms []any, odoo odooclient.Fields) Domain {
	d, err := parseDomain(terms)
	if err != nil {
		c.problem("%s: %v", p, err)
	}
	c.bind(p.entity+", field "+p.field, d, odoo)
	return d
}

func (c *compiler) cases(p place, f *Field, s *fieldSpec, odoo odooclient.Fields) {
	value := func(text string) record.Value {
		v, err := f.canonical(text)
		if err != nil {
			c.problem("%s: %v", p, err)
		}
		return v
	}
	for _, one := range s.Cases {
		f.cases = append(f.cases, fieldCase{when: c.condition(p, one.When, odoo), value: value(one.Value)})
	}
	if s.Otherwise != nil {
		f.otherwise = value(*s.Otherwise)
	}
}

func casesDomains(f *Field) []Domain {
	var out []Domain
	for _, one := range f.cases {
		out = append(out, one.when)
	}
	return out
}

// source settles the alternatives by version.
func (c *compiler) source(p place, f *Field, s *fieldSpec, odoo odooclient.Fields) {
	if f.Kind == KindCases || f.path != nil {
		return
	}
	if len(s.Odoo) == 0 {
		c.problem("%s: name Odoo's field by odoo", p)
		return
	}
	if c.schema.Models == nil {
		f.Source = s.Odoo[0]
		return
	}
	for _, name := range s.Odoo {
		if field, ok := odoo[name]; ok {
			f.Source, f.odooType, f.Model = name, field.Type, field.Relation
			c.relation(p, f, field)
			return
		}
	}
	if !s.Optional {
		c.problem("%s: Odoo %s has no field %s (column %s); mark it optional, or name this version's field beside it",
			p, c.schema.Version.Series, strings.Join(s.Odoo, " or "), f.Column)
	}
}

// relation checks that a relational kind reads a relational field.
func (c *compiler) relation(p place, f *Field, field odooclient.Field) {
	if field.Name == "id" { // a reference from one entity to another on the same record
		return
	}
	want := ""
	switch f.Kind {
	case KindLookup, KindReference, KindRawID:
		want = "many2one"
	case KindLookupList:
		want = "many2many"
	}
	if want != "" && field.Type != want {
		c.problem("%s: Odoo's field %s is a %s, and a %s needs a %s", p, field.Name, field.Type, f.Kind, want)
	}
	if f.Kind == KindPlain && (field.Type == "many2one" || strings.HasSuffix(field.Type, "2many")) {
		c.problem("%s: Odoo's field %s is a %s: say with lookup, reference or raw_id what to keep of it", p, field.Name, field.Type)
	}
	if (f.Kind == KindLookup || f.Kind == KindLookupList) && c.schema.Models[field.Relation] != nil {
		if _, ok := c.schema.Models[field.Relation][f.LookupField]; !ok {
			c.problem("%s: Odoo %s has no field %s on %s", p, c.schema.Version.Series, f.LookupField, field.Relation)
		}
	}
}
