package mapping

import (
	"cmp"
	"slices"

	"odoosync/odooclient"
)

// What poll and sweep list of Odoo: records, their lines, and the records whose
// names are shown.

// Conditional reports that not every record in the entity's domain has a row:
// such an entity cannot be told by ids alone to be complete.
func (e *Entity) Conditional() bool { return len(e.createWhen.terms) > 0 }

// Listing is how all records of the entity are listed.
func (e *Entity) Listing() odooclient.Listing {
	return odooclient.Listing{Model: e.Model, Domain: e.SearchDomain()}
}

// LineListing is how all lines of the entity's records are listed: those that
// the x2many field lists, of records in the entity's domain. ok is false where
// Odoo does not tell which field leads back to the record.
func (e *Entity) LineListing(c *Child) (l odooclient.Listing, ok bool) {
	if c.inverse == "" || c.Model == "" {
		return l, false
	}
	domain := e.domain
	domain.terms = slices.Clone(domain.terms)
	for i, t := range domain.terms {
		if t.op == "" {
			domain.terms[i].field = c.inverse + "." + t.field
		}
	}
	return odooclient.Listing{Model: c.Model, Domain: append(domain.Args(), c.domain...), Parent: c.inverse}, true
}

// Shown is a field of another model's record that rows show: a stage's name. It
// is found in Odoo by Path, from the entity's model.
type Shown struct {
	Model, Field string
	Path         string // "stage_id", "order_line.product_id"
}

// Shows lists what the entity's rows and lines show of other records, and what
// their conditions ask of them.
func (e *Entity) Shows() []Shown {
	out := shows(e.Fields, "")
	for _, c := range e.Children {
		out = append(out, shows(c.Fields, c.Name+".")...)
	}
	slices.SortFunc(out, func(a, b Shown) int {
		return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Path, b.Path))
	})
	return slices.Compact(out)
}

func shows(fields []*Field, prefix string) []Shown {
	var out []Shown
	for _, f := range fields {
		if (f.Kind == KindLookup || f.Kind == KindLookupList) && f.Model != "" {
			out = append(out, Shown{Model: f.Model, Field: f.LookupField, Path: prefix + f.Source})
		}
		for _, d := range append(casesDomains(f), f.when) {
			for _, t := range d.terms {
				if t.hop != "" && t.model != "" {
					out = append(out, Shown{Model: t.model, Field: t.hop, Path: prefix + t.field})
				}
			}
		}
	}
	return out
}
