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
		m.Entities = append(m.Entities, c.entity(name, s.Entities[name]))
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
		conditions := [][]any{f.When}
		for _, c := range f.Cases {
			conditions = append(conditions, c.When)
		}
		for _, terms := range conditions {
			d, err := parseDomain(terms)
			if err != nil {
				continue // Parse refuses it
			}
			for _, t := range d.terms {
				if t.hop != "" {
					want[fields[t.field].Relation] = true
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

func (c *compiler) problem(p place, format string, args ...any) {
	c.problems = append(c.problems, p.String()+": "+fmt.Sprintf(format, args...))
}

// odooName names the server in problems.
func (c *compiler) odooName() string { return "Odoo " + c.schema.Version.Series }

func (c *compiler) entity(name string, s *entitySpec) *Entity {
	e := &Entity{Name: name, Model: s.Model, Table: s.Table, IDColumn: or(s.ID, "id"), OdooIDColumn: or(s.OdooID, "odoo_id"),
		DeletedColumn: s.Deleted, MergedColumn: s.Merged, Direction: or(s.Direction, Both), Policy: or(s.Policy, PolicyAsk), Adopt: or(s.Adopt, PolicyAsk),
		OnLocalDelete: or(s.OnLocalDelete, "ignore"), Post: or(s.Post, "never"), Create: s.Create, version: c.schema.Version.Series}
	at := c.spec.at(name, "")
	table, fields := c.table(at, s.Table), c.model(at, s.Model)
	c.columns(at, table, s.Table, ownColumn{e.IDColumn, asKey}, ownColumn{e.OdooIDColumn, asOdooID}, ownColumn{e.DeletedColumn, asMark}, ownColumn{e.MergedColumn, asSurvivor})
	c.key(at, e.Direction, table, s.Table, e.IDColumn)
	_, e.hasActive = fields["active"]
	e.domain = c.condition(at, "domain", s.Domain, s.Model, fields)
	e.createWhen = c.condition(at, "create_when", s.CreateWhen, s.Model, fields)
	at.direction, at.policy = e.Direction, e.Policy
	e.Fields, e.Absent = c.fields(at, s.Fields, side{s.Model, fields, table, e.domain})
	for _, child := range slices.Sorted(maps.Keys(s.Lines)) {
		e.Children = append(e.Children, c.child(e, child, s.Lines[child], fields))
	}
	c.paths(e)
	c.filled(at, table, e.Fields, e.IDColumn, e.OdooIDColumn)
	e.OnOdooDelete = c.onDelete(e, s.OnOdooDelete)
	e.SeesAll = s.SeesAll
	for _, m := range s.Match {
		if !slices.ContainsFunc(m.Fields, func(f string) bool { return slices.Contains(e.Absent, f) }) {
			e.Match = append(e.Match, MatchKey(m))
		}
	}
	c.push(e, s, fields)
	for _, f := range e.Fields {
		e.SelfReference = e.SelfReference || f.Entity == name
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

// table returns a live table, or one without columns when there is none: what
// can be checked without it still is.
func (c *compiler) table(at place, name string) Table {
	t, ok := c.schema.Tables[name]
	switch {
	case !ok:
		c.problem(at, "the table %s does not exist: run odoosync migrate up, or name another table%s", name, record.DidYouMean(name, keysOf(c.schema.Tables)))
	case !strings.EqualFold(t.Engine, "InnoDB"):
		c.problem(at, "the table %s is %s: only InnoDB has the transactions a sync needs (ALTER TABLE %s ENGINE=InnoDB)", name, t.Engine, name)
	}
	return t
}

// model returns a model's fields, nil when they are not known: in payload mode,
// or because there is no such model.
func (c *compiler) model(at place, name string) odooclient.Fields {
	if c.schema.Models == nil {
		return nil
	}
	fields := c.schema.Models[name]
	if fields == nil {
		c.problem(at, "%s has no model %s, or the sync user may not see it%s", c.odooName(), name, record.DidYouMean(name, keysOf(c.schema.Models)))
	}
	return fields
}

// noField says that this Odoo's model has no such field.
func (c *compiler) noField(name, model string, fields odooclient.Fields) string {
	return c.odooName() + " has no field " + name + " on " + model + record.DidYouMean(name, keysOf(fields))
}

// condition reads a domain and fills in the models behind its dotted fields.
func (c *compiler) condition(at place, key string, terms []any, model string, fields odooclient.Fields) Domain {
	d, err := parseDomain(terms)
	if err != nil {
		c.problem(at, "%s: %v", key, err)
	}
	if fields == nil {
		return d
	}
	for i, t := range d.terms {
		if t.op != "" || t.field == "id" {
			continue
		}
		f, ok := fields[t.field]
		if !ok {
			c.problem(at, "%s: %s", key, c.noField(t.field, model, fields))
			continue
		}
		d.terms[i].model = f.Relation
		if t.hop == "" {
			continue
		}
		if behind := c.schema.Models[f.Relation]; behind != nil {
			if _, ok := behind[t.hop]; !ok {
				c.problem(at, "%s: %s", key, c.noField(t.hop, f.Relation, behind))
			}
		} else if f.Relation == "" {
			c.problem(at, "%s: %s is a %s, which leads to no other record's %s", key, t.field, f.Type, t.hop)
		}
	}
	return d
}

func (c *compiler) child(e *Entity, name string, s *childSpec, parent odooclient.Fields) *Child {
	child := &Child{Name: name, Table: s.Table, IDColumn: or(s.ID, "id"), ParentColumn: s.Parent, PositionColumn: s.Position,
		OdooIDColumn: or(s.OdooID, "odoo_id"), SequenceField: s.Sequence, payload: s.Payload}
	at := c.spec.at(e.Name+"/"+name, "")
	at.direction, at.policy = e.Direction, e.Policy
	table := c.table(at, s.Table)
	c.columns(at, table, s.Table, ownColumn{child.IDColumn, asKey}, ownColumn{child.OdooIDColumn, asOdooID},
		ownColumn{child.ParentColumn, asParent}, ownColumn{child.PositionColumn, asPosition})
	c.key(at, e.Direction, table, s.Table, child.IDColumn)
	var fields odooclient.Fields
	if parent != nil {
		field, ok := parent[name]
		switch {
		case !ok:
			c.problem(at, "%s", c.noField(name, e.Model, parent))
		case field.Type != "one2many":
			c.problem(at, "Odoo's field %s is of the type %s, and lines need a one2many", name, field.Type)
		default:
			child.Model, child.inverse, child.domain = field.Relation, field.RelationField, field.Domain
			fields = c.model(at, child.Model)
		}
	}
	c.sequence(at, s, child, fields)
	child.Fields, child.Absent = c.fields(at, s.Fields, side{model: child.Model, odoo: fields, table: table})
	c.filled(at, table, child.Fields, child.IDColumn, child.OdooIDColumn, child.ParentColumn, child.PositionColumn)
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
			continue // check has said so
		}
		if line := c.schema.Models[child.Model]; line != nil {
			at := c.spec.at(e.Name, f.Name)
			through, ok := line[f.path.field]
			if !ok {
				c.problem(at, "path: %s", c.noField(f.path.field, child.Model, line))
				continue
			}
			f.path.model = through.Relation
			if behind := c.schema.Models[through.Relation]; behind != nil {
				if _, ok := behind[f.path.hop]; !ok {
					c.problem(at, "path: %s", c.noField(f.path.hop, through.Relation, behind))
				}
			}
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
	for _, name := range slices.Sorted(maps.Keys(s.Set)) {
		f := e.Field(name)
		if f == nil || f.Type == "" {
			continue // an optional field that this Odoo does not have, or one without a column: that is told already
		}
		v, err := f.canonical(s.Set[name])
		if err != nil {
			c.problem(c.spec.at(e.Name, name), "on_odoo_delete sets %q, which column %s cannot hold: %v", s.Set[name], f.place(), err)
		}
		out.Set[name] = v
	}
	return out
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
