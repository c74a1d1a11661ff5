package mapping

import (
	"slices"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// Direction says which way values travel.
type Direction string

// The directions.
const (
	Both   Direction = "both"
	ToAPI  Direction = "to_api"  // Odoo → rows
	ToOdoo Direction = "to_odoo" // rows → Odoo
)

// FromOdoo reports whether Odoo's value may change the row.
func (d Direction) FromOdoo() bool { return d != ToOdoo }

// FromLocal reports whether the row's value may change Odoo.
func (d Direction) FromLocal() bool { return d != ToAPI }

// Policy decides a field that both sides changed.
type Policy string

// The policies.
const (
	PolicyOdoo   Policy = "odoo"
	PolicyLocal  Policy = "local"
	PolicyNewest Policy = "newest"
	PolicyAsk    Policy = "ask"
)

// Kind says how a field's value is obtained from Odoo's record.
type Kind string

// The kinds.
const (
	KindPlain      Kind = "plain"       // the value itself, perhaps transformed or mapped
	KindLookup     Kind = "lookup"      // a many2one shown as a field of the record it points at
	KindLookupList Kind = "lookup_list" // a many2many shown as the list of such fields
	KindReference  Kind = "reference"   // a many2one shown as the id of another entity's row
	KindPath       Kind = "path"        // a reference reached over the lines
	KindRawID      Kind = "raw_id"      // a many2one's own id in Odoo
	KindCases      Kind = "cases"       // the first case whose condition holds
)

// Type is the type of a canonical value; the column decides it.
type Type string

// The types.
const (
	TypeText    Type = "text"
	TypeInt     Type = "integer"
	TypeDecimal Type = "decimal"
	TypeBool    Type = "boolean"
	TypeDate    Type = "date"
	TypeTime    Type = "time"
	TypeList    Type = "list"
)

// Mapping is a Spec bound to one Odoo and one database.
type Mapping struct {
	Entities []*Entity // parents before those that reference them
}

// ByName returns the entity of that name, nil when there is none.
func (m *Mapping) ByName(name string) *Entity {
	for _, e := range m.Entities {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// ByModel returns the entities fed by an Odoo model, parents first.
func (m *Mapping) ByModel(model string) []*Entity {
	var out []*Entity
	for _, e := range m.Entities {
		if e.Model == model {
			out = append(out, e)
		}
	}
	return out
}

// Entity is one Odoo model, or a part of it, in one table.
type Entity struct {
	Name  string
	Model string // "res.partner"
	Table string

	IDColumn      string // the row's own id
	OdooIDColumn  string
	DeletedColumn string // set when the record is deleted in Odoo; "" when deletes are not soft
	MergedColumn  string // the survivor's row id once Odoo merged the record into another; "" when nobody keeps it

	Direction Direction
	Policy    Policy
	Adopt     Policy // who wins when two filled records are linked: odoo, local or ask
	Match     []MatchKey
	SeesAll   []string // external ids of Odoo's groups: members of any see every record; none: everybody does

	OnOdooDelete  OdooDelete  // what a delete in Odoo does here
	OnLocalDelete LocalDelete // what a delete here does in Odoo

	// Methods are the business methods by which a state may be reached; Post
	// says whether documents are posted ("never", "on_state"). Data for the push.
	Methods []Method
	Post    string
	// Create are values by Odoo field that every create sends unless the
	// record has its own, so that the sync user's defaults do not leak. False
	// is Odoo's explicit "empty".
	Create map[string]any

	Fields   []*Field
	Children []*Child

	SelfReference bool     // a row may reference another row of this table
	Absent        []string // optional fields this Odoo does not have

	domain, createWhen Domain
	lock               Domain   // while it holds, only lockExcept may be written
	lockExcept         []string // fields of ours
	createCells        []Cell   // Create, as it is sent
	hasActive          bool
	version            string
}

// Child is the lines of an entity.
type Child struct {
	Name  string // Odoo's x2many field: "order_line"
	Model string
	Table string

	IDColumn       string
	ParentColumn   string
	PositionColumn string // the line's place, from 0
	OdooIDColumn   string
	SequenceField  string // Odoo's field for the order of lines, "" when there is none

	Fields []*Field
	Absent []string

	payload    []string // the webhook's names of the list
	pathFields []string
	inverse    string // the line's field of its record; "" when Odoo does not say
	domain     []any  // which lines of the model the x2many field lists
}

// MatchKey is a set of fields by which an unlinked row and record are
// recognised as the same. It applies only while every field of OnlyIfNull is
// empty.
type MatchKey struct {
	Fields     []string
	OnlyIfNull []string
}

// OdooDelete is what happens to a row whose record was deleted in Odoo.
type OdooDelete struct {
	Action string        // "soft" (DeletedColumn), "hard", "set" (Set), "ignore"
	Set    record.Fields // for "set"
}

// LocalDelete is what happens to a record whose row was deleted here:
// "archive", "unlink" or "ignore".
type LocalDelete string

// Method is one business step: calling Call on a record whose Field has one of
// the From values brings it to To. An empty From means any value.
type Method struct {
	Field string
	From  []string
	To    string
	Call  string
	Args  []any // what follows the ids
	Post  bool  // it posts a document, which only an entity with Post "on_state" does
}

// Field is one column and where its value comes from.
type Field struct {
	Name   string // the name in records: the column's
	Column string
	Odoo   []string // Odoo's fields needed to compute it
	Source string   // the field it is read from and written to; "" for cases

	Direction Direction
	Policy    Policy
	Kind      Kind
	Type      Type
	Expected  bool // computed by Odoo: a value given here is only compared

	Entity string // the entity a reference or path points at

	Model       string // the model a lookup reads ("" when unknown: payload mode)
	LookupField string // and its field
	Companies   string // the model's field of companies, company_ids or company_id; "" when it has none

	col         Column
	table       string
	options     []string // of an ENUM column
	cases       []fieldCase
	otherwise   record.Value
	values      map[string]string // Odoo's value → ours
	nullIf      []string
	html        bool // the value is HTML, the column plain text
	prefix      string
	when        Domain // the field is only known while this holds
	path        *path
	target      odooclient.Field  // Odoo's Source, as fields_get has it
	back        []string          // Odoo's values that values translates, in the file's order
	byMethod    bool              // a state that business methods reach
	lookupIn    Domain            // a lookup finds only records within it
	within      []within          // and of what other fields of the row name
	empties     *Field            // sent empty beside this one, unless the row has a value of it
	sharedWhile map[string]string // our fields → values with which another record has the value too
	payload     []string          // names under which a webhook sends the column's own value
	stub        map[string]string // a stub's field → the webhook's name of it
}

// within restricts a lookup: its record's field is what another field of the
// row names ("country_id.code" is the row's country_code).
type within struct {
	by    string // "country_id.code"
	field *Field // "country_code"
}

// fieldCase is one condition of a field of KindCases and its value.
type fieldCase struct {
	when  Domain
	value record.Value
}

// path is a way over the lines: the child's x2many, a relational field of the
// line, and one field of the model that points at.
type path struct {
	child, field string
	model, hop   string
}

// Field returns the field of that name, nil when there is none.
func (e *Entity) Field(name string) *Field { return findField(e.Fields, name) }

// Field returns the line field of that name, nil when there is none.
func (c *Child) Field(name string) *Field { return findField(c.Fields, name) }

// CompanyField is the field that keeps Odoo's id of the record's company, nil
// when the mapping has none.
func (e *Entity) CompanyField() *Field {
	for _, f := range e.Fields {
		if f.Kind == KindRawID && f.Source == "company_id" {
			return f
		}
	}
	return nil
}

// Child returns the lines read through that x2many field, nil when there are none.
func (e *Entity) Child(name string) *Child {
	for _, c := range e.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func findField(fields []*Field, name string) *Field {
	for _, f := range fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// OdooFields returns, sorted, the fields to read for a record: those of its
// columns and conditions, its lines' x2many fields and its dates.
func (e *Entity) OdooFields() []string {
	names := []string{"create_date", "write_date"}
	if e.hasActive {
		names = append(names, "active")
	}
	names = append(names, e.domain.fields()...)
	names = append(names, e.createWhen.fields()...)
	names = append(names, e.lock.fields()...)
	for _, f := range e.Fields {
		if f.path == nil {
			names = append(names, f.Odoo...)
		}
	}
	for _, c := range e.Children {
		names = append(names, c.Name)
	}
	return tidyNames(names)
}

// OdooFields returns, sorted, the fields to read for a line, for its parent's
// paths too.
func (c *Child) OdooFields() []string {
	names := []string{"create_date", "write_date"}
	for _, f := range c.Fields {
		names = append(names, f.Odoo...)
	}
	names = append(names, c.pathFields...)
	if c.SequenceField != "" {
		names = append(names, c.SequenceField)
	}
	return tidyNames(names)
}

// tidyNames sorts and drops doubles and the id, which Odoo always sends.
func tidyNames(names []string) []string {
	slices.Sort(names)
	names = slices.Compact(names)
	return slices.DeleteFunc(names, func(n string) bool { return n == "id" })
}

// SearchDomain returns the entity's domain as an argument for Odoo's search.
func (e *Entity) SearchDomain() []any { return e.domain.Args() }

// SearchDomain returns a domain that holds every record of these entities of
// one model, as an argument for Odoo's search.
func SearchDomain(entities []*Entity) []any {
	domains := make([]Domain, len(entities))
	for i, e := range entities {
		domains[i] = e.domain
	}
	return anyOf(domains).Args()
}

// InDomain reports whether a record, as read, belongs to the entity. It errs
// when the record was read without a field the domain needs.
func (e *Entity) InDomain(raw odooclient.Raw) (bool, error) {
	switch e.domain.eval(raw, nil) {
	case yes:
		return true, nil
	case no:
		return false, nil
	}
	return false, record.Errorf(record.CodeInternal,
		"%s %d was read without the fields of its domain (%v)", e.Name, raw.ID(), e.domain.fields())
}

// Exists reports whether the record's state gives it a row here: create_when
// holds. A row that already exists stays whatever Exists says.
func (e *Entity) Exists(raw odooclient.Raw) bool { return e.createWhen.eval(raw, nil) == yes }
