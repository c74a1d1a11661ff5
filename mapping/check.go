package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"odoosync/internal/record"
)

// place says where a problem is: an entity ("contacts"), lines of one
// ("quotes/order_line"), or a field of either.
type place struct {
	entity, field string
	direction     Direction
	policy        Policy
	line          int // in the mapping file
}

func (p place) String() string {
	text := "entity " + p.entity
	if p.field != "" {
		text += ", field " + p.field
	}
	if p.line > 0 {
		text += fmt.Sprintf(" (line %d)", p.line)
	}
	return text
}

// at is a place of the file.
func (s *Spec) at(entity, field string) place {
	return place{entity: entity, field: field, line: s.lines[placeKey(entity, field)]}
}

func placeKey(entity, field string) string {
	if field == "" {
		return entity
	}
	return entity + "." + field
}

// checker finds what is wrong with a spec whatever it is bound to.
type checker struct {
	spec     *Spec
	problems []string
}

func (c *checker) problem(p place, format string, args ...any) {
	c.problems = append(c.problems, p.String()+": "+fmt.Sprintf(format, args...))
}

func (s *Spec) check() error {
	c := &checker{spec: s}
	if len(s.Entities) == 0 {
		c.problems = append(c.problems, "it names no entities")
	}
	for _, name := range s.order {
		c.entity(name, s.Entities[name])
	}
	return problemsError("the mapping file is wrong", c.problems)
}

func (c *checker) entity(name string, e *entitySpec) {
	at := c.spec.at(name, "")
	if e == nil {
		c.problem(at, "is empty: it needs a model, a table and fields")
		return
	}
	if e.Model == "" || e.Table == "" || len(e.Fields) == 0 {
		c.problem(at, "needs a model, a table and fields")
	}
	oneOf(c, at, "direction", e.Direction, Both, ToAPI, ToOdoo)
	oneOf(c, at, "policy", e.Policy, PolicyOdoo, PolicyLocal, PolicyNewest, PolicyAsk)
	oneOf(c, at, "adopt", e.Adopt, PolicyOdoo, PolicyLocal, PolicyAsk)
	oneOf(c, at, "on_local_delete", e.OnLocalDelete, "archive", "unlink", "ignore")
	oneOf(c, at, "post", e.Post, "never", "on_state")
	c.deletes(at, e)
	c.conditions(at, "domain", e.Domain)
	c.conditions(at, "create_when", e.CreateWhen)
	c.methods(at, e)
	c.locked(at, e)
	for i, m := range e.Match {
		if len(m.Fields) == 0 {
			c.problem(at, "match %d names no fields", i+1)
		}
		for _, field := range append(slices.Clone(m.Fields), m.OnlyIfNull...) {
			c.known(at, fmt.Sprintf("match %d", i+1), field, e.Fields)
		}
	}
	own := map[string]string{or(e.ID, "id"): "id", or(e.OdooID, "odoo_id"): "odoo_id"}
	if e.Deleted != "" {
		own[e.Deleted] = "deleted"
	}
	if e.Merged != "" {
		own[e.Merged] = "merged"
	}
	c.fields(name, e.Fields, own)
	for _, child := range slices.Sorted(maps.Keys(e.Lines)) {
		c.lines(name+"/"+child, e.Lines[child])
	}
	for _, field := range slices.Sorted(maps.Keys(e.Fields)) {
		c.path(c.spec.at(name, field), e, e.Fields[field])
	}
}

// deletes checks what a delete in Odoo does here.
func (c *checker) deletes(at place, e *entitySpec) {
	d := e.OnOdooDelete
	oneOf(c, at, "on_odoo_delete: action", d.Action, "soft", "hard", "set", "ignore")
	if d.Action == "soft" && e.Deleted == "" {
		c.problem(at, "on_odoo_delete is soft, but deleted names no column for it")
	}
	if (d.Action == "set") != (len(d.Set) > 0) {
		c.problem(at, "on_odoo_delete: action set and set: {field: value} go together")
	}
	for _, field := range slices.Sorted(maps.Keys(d.Set)) {
		c.known(at, "on_odoo_delete: set", field, e.Fields)
	}
}

func (c *checker) methods(at place, e *entitySpec) {
	for i, m := range e.Methods {
		where := fmt.Sprintf("methods %d", i+1)
		if m.Field == "" || m.To == "" || m.Call == "" {
			c.problem(at, "%s needs field, to and call", where)
		}
		if m.Field != "" {
			c.known(at, where, m.Field, e.Fields)
		}
	}
}

func (c *checker) locked(at place, e *entitySpec) {
	c.conditions(at, "locked: when", e.Locked.When)
	if len(e.Locked.Except) > 0 && len(e.Locked.When) == 0 {
		c.problem(at, "locked: except goes with when")
	}
	for _, field := range e.Locked.Except {
		c.known(at, "locked: except", field, e.Fields)
	}
}

// known reports a name that is no field.
func (c *checker) known(at place, where, field string, fields map[string]*fieldSpec) {
	if _, ok := fields[field]; !ok {
		c.problem(at, "%s names the unknown field %s%s", where, field, record.DidYouMean(field, keysOf(fields)))
	}
}

// conditions reports a domain that cannot be read. One of an entity is judged
// by the record alone, so it cannot follow a field into another record.
func (c *checker) conditions(at place, key string, terms []any) {
	d, err := parseDomain(terms)
	if err != nil {
		c.problem(at, "%s: %v", key, err)
	}
	for _, t := range d.terms {
		if t.hop != "" && at.field == "" {
			c.problem(at, "%s: %s.%s leads into another record, which only a field's conditions can", key, t.field, t.hop)
		}
	}
}

func (c *checker) lines(name string, s *childSpec) {
	at := c.spec.at(name, "")
	if s == nil || s.Table == "" || s.Parent == "" || s.Position == "" {
		c.problem(at, "lines need a table, a parent and a position column")
		return
	}
	c.fields(name, s.Fields, map[string]string{or(s.ID, "id"): "id", or(s.OdooID, "odoo_id"): "odoo_id", s.Parent: "parent", s.Position: "position"})
	for _, field := range slices.Sorted(maps.Keys(s.Fields)) {
		if f := s.Fields[field]; f != nil && f.Path != "" {
			c.problem(c.spec.at(name, field), "a path leads over lines, and a line has none")
		}
	}
}

// fields checks the fields of an entity or of lines. own are the columns that
// are spoken for.
func (c *checker) fields(name string, specs map[string]*fieldSpec, own map[string]string) {
	columns := map[string]string{}
	for _, field := range slices.Sorted(maps.Keys(specs)) {
		at, f := c.spec.at(name, field), specs[field]
		if f == nil {
			c.problem(at, "is empty: write {odoo: ...}")
			continue
		}
		column := or(f.Column, field)
		if use, taken := own[column]; taken {
			c.problem(at, "column %s is the %s column: it cannot be a field too", column, use)
		}
		if other, taken := columns[column]; taken {
			c.problem(at, "column %s is field %s's already: one column takes one field", column, other)
		}
		columns[column] = field
		c.within(at, f, specs)
		oneOf(c, at, "direction", f.Direction, Both, ToAPI, ToOdoo)
		oneOf(c, at, "policy", f.Policy, PolicyOdoo, PolicyLocal, PolicyNewest, PolicyAsk)
		c.field(at, f)
	}
}

func (c *checker) field(at place, f *fieldSpec) {
	var kinds []string
	for _, k := range []struct {
		name string
		set  bool
	}{{"lookup", f.Lookup != ""}, {"lookup_list", f.LookupList != ""}, {"reference", f.Reference != ""}, {"raw_id", f.RawID}, {"cases", len(f.Cases) > 0}} {
		if k.set {
			kinds = append(kinds, k.name)
		}
	}
	if len(kinds) > 1 {
		c.problem(at, "has %s and %s: one of them says what to keep", kinds[0], kinds[1])
	}
	if plainOnly := len(f.Values) > 0 || f.HTML || f.Prefix != ""; plainOnly && len(kinds) > 0 {
		c.problem(at, "values, html and prefix go with a plain value, not with %s", kinds[0])
	}
	if f.Otherwise != nil && len(f.Cases) == 0 {
		c.problem(at, "otherwise goes with cases")
	}
	if len(f.Odoo) == 0 && len(f.Cases) == 0 && f.Path == "" {
		c.problem(at, "name Odoo's field by odoo")
	}
	if len(f.Odoo) > 0 && (len(f.Cases) > 0 || f.Path != "") {
		c.problem(at, "has odoo, and cases or a path: one of them says where the value comes from")
	}
	if len(f.LookupIn)+len(f.Within) > 0 && f.Lookup == "" && f.LookupList == "" {
		c.problem(at, "lookup_domain and within go with lookup or lookup_list")
	}
	c.conditions(at, "lookup_domain", f.LookupIn)
	c.conditions(at, "when", f.When)
	for i, one := range f.Cases {
		c.conditions(at, fmt.Sprintf("case %d", i+1), one.When)
	}
	c.reference(at, f)
}

// within checks that a lookup is restricted by fields that name one thing.
func (c *checker) within(at place, f *fieldSpec, specs map[string]*fieldSpec) {
	for _, by := range slices.Sorted(maps.Keys(f.Within)) {
		name := f.Within[by]
		c.known(at, "within: "+by, name, specs)
		if by == "" || strings.Contains(by, ".") {
			c.problem(at, "within: %q is no field of the looked-up record", by)
		}
		if other := specs[name]; other != nil && (other == f || other.Reference != "" || other.LookupList != "" || len(other.Cases) > 0) {
			c.problem(at, "within: %s must be a plain value, a lookup or a raw_id of the same row", name)
		}
	}
}

func (c *checker) reference(at place, f *fieldSpec) {
	target := c.spec.Entities[f.Reference]
	switch {
	case f.Reference == "" && f.Path != "":
		c.problem(at, "a path needs a reference, the entity it leads to")
	case f.Reference == "" && len(f.Stub) > 0:
		c.problem(at, "stub goes with a reference")
	case f.Reference == "" || target == nil && slices.Contains(c.spec.order, f.Reference):
	case target == nil:
		c.problem(at, "refers to the unknown entity %s%s", f.Reference, record.DidYouMean(f.Reference, c.spec.order))
	default:
		for _, field := range slices.Sorted(maps.Keys(f.Stub)) {
			c.known(at, "stub", field, target.Fields)
		}
	}
}

// path checks a way over the lines.
func (c *checker) path(at place, e *entitySpec, f *fieldSpec) {
	if f == nil || f.Path == "" {
		return
	}
	parts, ok := splitPath(f.Path)
	if !ok {
		c.problem(at, "path %s is not lines.field.field", f.Path)
		return
	}
	if e.Lines[parts.child] == nil {
		c.problem(at, "path %s begins with %s, which are no lines of the entity%s", f.Path, parts.child, record.DidYouMean(parts.child, keysOf(e.Lines)))
	}
}

func oneOf[T ~string](c *checker, at place, key string, v T, allowed ...T) {
	if v == "" || slices.Contains(allowed, v) {
		return
	}
	texts := make([]string, len(allowed))
	for i, a := range allowed {
		texts[i] = string(a)
	}
	last := len(texts) - 1
	c.problem(at, "%s %q is not %s or %s%s", key, string(v), strings.Join(texts[:last], ", "), texts[last], record.DidYouMean(string(v), texts))
}
