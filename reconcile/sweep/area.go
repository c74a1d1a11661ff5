package sweep

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// area is what is listed and compared as one: the records of an entity, or all
// their lines under one x2many field.
type area struct {
	entity  *mapping.Entity
	child   *mapping.Child // nil: the records
	listing odooclient.Listing
	shelf   store.Shelf
}

// name is the area's in places and logs.
func (a area) name() string {
	if a.child != nil {
		return a.entity.Name + "/" + a.child.Name
	}
	return a.entity.Name
}

// areasOf are the areas of a mapping, parents first. Where several entities take
// the same records of a model, one stands for all: the sync of a record serves
// them all. One that has a row only for some records (create_when) cannot stand
// for others.
func areasOf(m *mapping.Mapping) []area {
	var out []area
	for _, e := range m.Entities {
		others := m.ByModel(e.Model)
		if i := slices.IndexFunc(others, func(o *mapping.Entity) bool { return covers(o, e) }); others[i] == e {
			out = append(out, area{entity: e, listing: e.Listing(), shelf: store.Shelf{Entity: e.Name}})
		}
		for _, c := range e.Children {
			if listing, ok := e.LineListing(c); ok {
				out = append(out, area{entity: e, child: c, listing: listing, shelf: store.Shelf{Entity: e.Name, Child: c.Name}})
			}
		}
	}
	return out
}

// covers reports that listing the one entity's records lists the other's.
func covers(one, other *mapping.Entity) bool {
	if one == other {
		return true
	}
	domain := one.SearchDomain()
	return !one.Conditional() && (len(domain) == 0 || reflect.DeepEqual(domain, other.SearchDomain()))
}

// target is the record to sync for a stamp: a line's is its parent.
func (a area) target(s odooclient.Stamp) int64 {
	if a.child != nil {
		return s.Parent
	}
	return s.ID
}

// differs reports that what Odoo lists is not what is on the shelf.
func (a area) differs(s odooclient.Stamp, l store.LineStamp) bool {
	return !timeOf(s.WriteDate).Equal(l.WriteDate) || a.child != nil && s.Parent != l.Parent
}

// comparedAs says what a comparison of an area is about.
func (s *Sweeper) comparedAs(a area) string {
	return fmt.Sprint(a.listing.Model, a.listing.Domain, a.listing.Parent, s.o.Odoo.Synced())
}

// timeOf reads Odoo's form; zero for a record without a write_date.
func timeOf(text string) time.Time {
	at, err := odooclient.ParseTime(text)
	if err != nil {
		return time.Time{}
	}
	return at
}

// within is the area's listing between two times.
func (a area) within(span store.Span) odooclient.Listing {
	l := a.listing
	l.Domain = slices.Clone(l.Domain)
	switch {
	case span.Undated:
		l.Domain = append(l.Domain, []any{"write_date", "=", false})
	case span.Begin.IsZero():
		l.Domain = append(l.Domain, []any{"write_date", "!=", false})
	default:
		l.Domain = append(l.Domain, []any{"write_date", ">=", span.Begin.Format(odooclient.TimeLayout)})
		if !span.End.IsZero() {
			l.Domain = append(l.Domain, []any{"write_date", "<", span.End.Format(odooclient.TimeLayout)})
		}
	}
	return l
}

// blame puts an area's name before an error that concerns it alone.
func (a area) blame(err error) error {
	return record.Wrap(record.CodeOf(err), err, "%s cannot be compared: %s", a.name(), record.Message(err))
}
