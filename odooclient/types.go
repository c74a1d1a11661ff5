package odooclient

import "time"

// Raw is one record as Odoo answered it, by field name. Its values are bool
// (Odoo's False stands for every empty value except numbers and lists), int64,
// Double, string, []any (a list of ids, or a many2one as [id, display name]
// unless it was read in the "_classic_write" form), map[string]any, or nil.
type Raw map[string]any

// Double is a floating-point number in the text Odoo sent it in ("5000.0",
// "1e+16"). It stays a text so that money never becomes a binary float on its
// way to a DECIMAL column.
type Double string

// ID returns the record's id, 0 when it was not read.
func (r Raw) ID() int64 {
	id, _ := r["id"].(int64)
	return id
}

// Field is what fields_get says of one field.
type Field struct {
	Name      string
	Type      string // char, text, html, integer, float, monetary, boolean, date, datetime, selection, many2one, one2many, many2many, ...
	Relation  string // the model a relational field points at
	Label     string
	Required  bool
	Readonly  bool
	Store     bool
	Selection []Option // for selection fields, in Odoo's order
	// Of a one2many: the field of the lines that points back, and the domain the
	// lines are in (an invoice's leaves its tax lines out). A domain that Odoo
	// gives as a text to evaluate is left out.
	RelationField string
	Domain        []any
}

// Option is one choice of a selection field.
type Option struct {
	Key   string
	Label string
}

// Fields is a model's fields by name.
type Fields map[string]Field

// Version is the server's version.
type Version struct {
	Series string // "17.0"; "saas~17.2" on Odoo Online
	Major  int    // 17
}

// TimeLayout is Odoo's datetime form: UTC, to the second, in both directions.
const TimeLayout = time.DateTime

// ParseTime reads Odoo's datetime form.
func ParseTime(s string) (time.Time, error) { return time.Parse(TimeLayout, s) }
