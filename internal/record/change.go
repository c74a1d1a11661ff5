package record

// Change is one field's new value on one side.
type Change struct {
	Side     Side   // that is changed
	Field    string // a line's field is "order_line[odoo:12].name"
	Old, New Value
	Cause    string // "edit", "revert", "fill", "conflict"
}

// Changes are old and new values by field name, as the history keeps them:
// {"name": ["before", "after"]}.
type Changes map[string][2]Value

// MarshalJSON writes an object in the order of names.
func (c Changes) MarshalJSON() ([]byte, error) {
	return appendObject(make([]byte, 0, 1024), c, func(v [2]Value, b []byte) []byte {
		b = v[0].appendJSON(append(b, '['))
		b = v[1].appendJSON(append(b, ','))
		return append(b, ']')
	}), nil
}

// LineOp says what happens to a line.
type LineOp string

// The things that happen to a line.
const (
	LineAdd    LineOp = "add"
	LineUpdate LineOp = "update"
	LineRemove LineOp = "remove"
)

// LineChange is one line's change on one side. An added line has all its
// fields in Fields; an updated one only those that change, which may be none
// when it only moves.
type LineChange struct {
	Op       LineOp
	Child    string
	OdooID   int64
	LocalID  string
	Fields   Fields
	Position int // from 0, in the order that results
	Base     int // of an added line: its place among the lines of the next base
}

// Conflict is a field that both sides changed to different values since the
// base, or that a side changed although the mapping does not let it. Nothing
// about it may vanish: both values and the base are kept.
type Conflict struct {
	Field  string // a line's field is "order_line[odoo:12].name"
	Base   Pair
	Odoo   Value
	Local  Value
	Policy string // "odoo", "local", "newest", "ask", "direction", "deleted"
	Winner Side   // "" while nobody has decided
}
