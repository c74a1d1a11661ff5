package mapping

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// Compile binds the spec to a schema and reports everything that does not fit,
// at once, with the entity, the field, the column and Odoo's version.
func (s *Spec) Compile(schema Schema) (*Mapping, error) {
	c := &compiler{spec: s, schema: schema}
	m := &Mapping{}
	for _, name := range s.order {
		if e := c.entity(name, s.Entities[name]); e != nil {
			m.Entities = append(m.Entities, e)
		}
	}
	m.Entities = c.parentsFirst(m.Entities)
	head := "the mapping does not fit the database"
	if schema.Models != nil {
		head = "the mapping does not fit Odoo " + schema.Version.Series + " and the database"
	}
	if err := problemsError(head, c.problems); err != nil {
		return nil, err
	}
	return m, nil
}

// Models lists every Odoo model a Compile wants the fields of, lookups' and
// lines' included, as far as the known ones tell: call it again with what it
// named until it names nothing new.
func (s *Spec) Models(known map[string]odooclient.Fields) []string {
	want := map[string]bool{}
	relation := func(fields odooclient.Fields, name string) string { return fields[name].Relation }
	for _, e := range s.Entities {
		want[e.Model] = true
		fields := known[e.Model]
		for child, spec := range e.Lines {
			model := relation(fields, child)
			want[model] = true
			for _, f := range e.Fields {
				parts := strings.Split(f.Path, ".")
				if len(parts) == 3 && parts[0] == child {
					want[relation(known[model], parts[1])] = true
				}
			}
			lookupModels(spec.Fields, known[model], want)
		}
		lookupModels(e.Fields, fields, want)
	}
	delete(want, "")
	return slices.Sorted(maps.Keys(want))
}

func lookupModels(specs map[string]*fieldSpec, fields odooclient.Fields, want map[string]bool) {
	for _, f := range specs {
		for _, name := range f.Odoo {
			if f.Lookup != "" || f.LookupList != "" {
				want[fields[name].Relation] = true
			}
		}
		for _, c := range f.Cases {
			if d, err := parseDomain(c.When); err == nil {
				for _, t := range d.terms {
					if t.hop != "" {
						want[fields[t.field].Relation] = true
					}
				}
			}
		}
	}
}

type compiler struct {
	spec     *Spec
	schema   Schema
	problems []string
}

func (c *compiler) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// place says where a problem is.
type place struct {
	entity, field string
	direction     Direction
	policy        Policy
}

func (p place) String() string { return "entity " + p.entity + ", field " + p.field }

func (c *compiler) entity(name string, s *entitySpec) *Entity {
	e := &Entity{Name: name, Model: s.Model, Table: s.Table, IDColumn: or(s.ID, "id"), OdooIDColumn: or(s.OdooID, "odoo_id"),
		DeletedColumn: s.Deleted, Direction: or(s.Direction, Both), Policy: or(s.Policy, PolicyAsk), Adopt: or(s.Adopt, PolicyAsk),
		OnLocalDelete: or(s.OnLocalDelete, "ignore"), Post: or(s.Post, "never"), Create: s.Create, version: c.schema.Version.Series}
	table, ok := c.table(name, s.Table)
	if !ok {
		return nil
	}
	for _, column := range []string{e.IDColumn, e.OdooIDColumn, e.DeletedColumn} {
		if _, found := table.Columns[column]; column != "" && !found {
			c.problem("entity %s: table %s has no column %s", name, s.Table, column)
		}
	}
	fields, ok := c.model(name, s.Model)
	if !ok {
		return nil
	}
	_, e.hasActive = fields["active"]
	e.domain = c.domain(name, "domain", s.Domain, fields)
	e.createWhen = c.domain(name, "create_when", s.CreateWhen, fields)
	e.Fields, e.Absent = c.fields(place{entity: name, direction: e.Direction, policy: e.Policy}, s.Fields, fields, table)
	for _, child := range slices.Sorted(maps.Keys(s.Lines)) {
		if line := c.child(e, child, s.Lines[child], fields); line != nil {
			e.Children = append(e.Children, line)
		}
	}
	c.paths(e)
	c.filled(name, table, e.Fields, e.IDColumn, e.OdooIDColumn)
	e.OnOdooDelete = c.onDelete(e, s.OnOdooDelete)
	for _, m := range s.Match {
		e.Match = append(e.Match, MatchKey(m))
	}
	for _, m := range s.Methods {
		e.Methods = append(e.Methods, Method(m))
	}
	for _, f := range e.Fields {
		f.SelfReference = f.Entity == name
		e.SelfReference = e.SelfReference || f.SelfReference
	}
	return e
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func (c *compiler) table(entity, name string) (Table, bool) {
	t, ok := c.schema.Tables[name]
	if !ok {
		c.problem("entity %s: the table %s does not exist: run odoosync migrate up, or name another table", entity, name)
		return t, false
	}
	if !strings.EqualFold(t.Engine, "InnoDB") {
		c.problem("entity %s: the table %s is %s: only InnoDB has the transactions a sync needs (ALTER TABLE %s ENGINE=InnoDB)", entity, name, t.Engine, name)
		return t, false
	}
	return t, true
}

// model returns a model's fields; in payload mode there are none, and that is
// no problem.
func (c *compiler) model(entity, name string) (odooclient.Fields, bool) {
	if c.schema.Models == nil {
		return nil, true
	}
	fields, ok := c.schema.Models[name]
	if !ok {
		c.problem("entity %s: Odoo %s has no model %s, or the sync user may not see it", entity, c.schema.Version.Series, name)
	}
	return fields, ok
}

func (c *compiler) domain(entity, key string, terms []any, fields odooclient.Fields) Domain {
	d, err := parseDomain(terms)
	if err != nil {
		c.problem("entity %s: %s: %v", entity, key, err)
	}
	c.bind(entity+": "+key, d, fields)
	return d
}

// bind fills in the models behind a domain's dotted fields.
func (c *compiler) bind(where string, d Domain, fields odooclient.Fields) {
	if c.schema.Models == nil {
		return
	}
	for i, t := range d.terms {
		if t.op != "" {
			continue
		}
		f, ok := fields[t.field]
		if !ok {
			c.problem("entity %s: Odoo %s has no field %s", where, c.schema.Version.Series, t.field)
			continue
		}
		d.terms[i].model = f.Relation
	}
}

func (c *compiler) child(e *Entity, name string, s *childSpec, parent odooclient.Fields) *Child {
	child := &Child{Name: name, Table: s.Table, IDColumn: or(s.ID, "id"), ParentColumn: s.Parent, PositionColumn: s.Position,
		OdooIDColumn: or(s.OdooID, "odoo_id"), payload: s.Payload}
	table, ok := c.table(e.Name, s.Table)
	if !ok {
		return nil
	}
	for _, column := range []string{child.IDColumn, child.ParentColumn, child.PositionColumn, child.OdooIDColumn} {
		if _, found := table.Columns[column]; !found {
			c.problem("entity %s, lines %s: table %s has no column %s", e.Name, name, s.Table, column)
		}
	}
	var fields odooclient.Fields
	if c.schema.Models != nil {
		child.Model = parent[name].Relation
		if fields, ok = c.schema.Models[child.Model]; !ok {
			c.problem("entity %s: Odoo %s has no lines %s on %s", e.Name, c.schema.Version.Series, name, e.Model)
			return nil
		}
	}
	child.Fields, child.Absent = c.fields(place{entity: e.Name + "/" + name, direction: e.Direction, policy: e.Policy}, s.Fields, fields, table)
	c.filled(e.Name+"/"+name, table, child.Fields, child.IDColumn, child.OdooIDColumn, child.ParentColumn, child.PositionColumn)
	return child
}

// paths settles references that lead over lines.
func (c *compiler) paths(e *Entity) {
	for _, f := range e.Fields {
		if f.path == nil {
			continue
		}
		child := e.Child(f.path.child)
		if child == nil {
			c.problem("entity %s, field %s: its path begins with %s, which are no lines of it", e.Name, f.Name, f.path.child)
			continue
		}
		if c.schema.Models != nil {
			through, ok := c.schema.Models[child.Model][f.path.field]
			if !ok {
				c.problem("entity %s, field %s: Odoo %s has no field %s on %s", e.Name, f.Name, e.version, f.path.field, child.Model)
				continue
			}
			f.path.model = through.Relation
		}
		child.pathFields = append(child.pathFields, f.path.field)
	}
}

func (c *compiler) onDelete(e *Entity, s deleteSpec) OdooDelete {
	out := OdooDelete{Action: s.Action, Set: record.Fields{}}
	if out.Action == "" {
		out.Action = "ignore"
		if e.DeletedColumn != "" {
			out.Action = "soft"
		}
	}
	if out.Action == "soft" && e.DeletedColumn == "" {
		c.problem("entity %s: on_odoo_delete is soft, but no column is named by deleted", e.Name)
	}
	for name, value := range s.Set {
		f := e.Field(name)
		if f == nil {
			c.problem("entity %s: on_odoo_delete sets the unknown field %s", e.Name, name)
			continue
		}
		v, err := f.canonical(value)
		if err != nil {
			c.problem("entity %s: on_odoo_delete, field %s: %v", e.Name, name, err)
		}
		out.Set[name] = v
	}
	return out
}

// filled finds NOT NULL columns without a default that nothing fills.
func (c *compiler) filled(where string, t Table, fields []*Field, own ...string) {
	have := map[string]bool{}
	for _, name := range own {
		have[name] = true
	}
	for _, f := range fields {
		have[f.Column] = true
	}
	for _, name := range slices.Sorted(maps.Keys(t.Columns)) {
		col := t.Columns[name]
		if !col.Nullable && !col.Default && !have[name] {
			c.problem("entity %s: table %s has the column %s, which must be filled (NOT NULL, no default), and the mapping does not", where, t.Name, name)
		}
	}
}

// parentsFirst orders entities so that those that are referenced come before
// those that reference them; a cycle keeps the file's order.
func (c *compiler) parentsFirst(list []*Entity) []*Entity {
	place := map[string]int{}
	var visit func(e *Entity, way map[string]bool) int
	byName := map[string]*Entity{}
	for _, e := range list {
		byName[e.Name] = e
	}
	visit = func(e *Entity, way map[string]bool) int {
		if d, done := place[e.Name]; done {
			return d
		}
		way[e.Name] = true
		depth := 0
		for _, f := range e.Fields {
			if parent := byName[f.Entity]; parent != nil && !way[f.Entity] {
				depth = max(depth, 1+visit(parent, way))
			}
		}
		delete(way, e.Name)
		place[e.Name] = depth
		return depth
	}
	for _, e := range list {
		visit(e, map[string]bool{})
	}
	sort.SliceStable(list, func(i, j int) bool { return place[list[i].Name] < place[list[j].Name] })
	return list
}
