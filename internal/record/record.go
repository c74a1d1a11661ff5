package record

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Side names one of the two systems.
type Side string

// The two sides of every sync.
const (
	Odoo  Side = "odoo"
	Local Side = "local"
)

// Other returns the opposite side.
func (s Side) Other() Side {
	if s == Odoo {
		return Local
	}
	return Odoo
}

// Value is a canonical value: NULL or a text (see the package documentation
// for the text of each type). The zero Value is NULL. Values compare with ==.
type Value struct {
	text string
	set  bool
}

// Null is the empty value.
var Null = Value{}

// Text returns the value with this canonical text. The empty string is a text
// too and differs from Null.
func Text(s string) Value { return Value{text: s, set: true} }

// IsNull reports whether the value is empty.
func (v Value) IsNull() bool { return !v.set }

// Text returns the canonical text, "" for Null.
func (v Value) Text() string { return v.text }

// String shows the value to a person: its text, or NULL.
func (v Value) String() string {
	if !v.set {
		return "NULL"
	}
	return v.text
}

// MarshalJSON writes null or a JSON string.
func (v Value) MarshalJSON() ([]byte, error) { return v.appendJSON(nil), nil }

func (v Value) appendJSON(b []byte) []byte {
	if !v.set {
		return append(b, "null"...)
	}
	return appendString(b, v.text)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (v *Value) UnmarshalJSON(data []byte) error {
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		*v = Null
		return nil
	}
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*v = Text(s)
	return nil
}

// Fields are the known values of a record by field name (the mapping's name,
// which is the local column's). A missing key is unknown, not NULL.
type Fields map[string]Value

// Clone returns a copy; a nil map stays nil.
func (f Fields) Clone() Fields { return maps.Clone(f) }

// Names returns the field names in alphabetical order.
func (f Fields) Names() []string { return slices.Sorted(maps.Keys(f)) }

// Line is a child row (an order line, an invoice line). Either id may be
// unknown: OdooID 0, LocalID "".
type Line struct {
	OdooID   int64
	LocalID  string
	Position int // as the row has it; lines from Odoo are in order already
	Fields   Fields
}

// Record is one side's state of one record.
type Record struct {
	Entity  string // the mapping's name: "contacts", "quotes", ...
	OdooID  int64  // 0 when unknown
	LocalID string // "" when unknown
	Fields  Fields
	// Lines by child name, in order. A missing key means the lines are
	// unknown; an empty slice means there are none.
	Lines map[string][]Line
	// WriteDate and CreateDate are Odoo's (UTC, to the second); zero when the
	// record was read on the local side.
	WriteDate  time.Time
	CreateDate time.Time
}
