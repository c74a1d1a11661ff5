package record

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Pair is a field's last agreed state: the value each side had when both were
// accepted as equivalent. The halves differ where a side normalises what it is
// given (Odoo turns "FR 23 334 175 221" into "FR23334175221").
type Pair struct {
	Odoo  Value
	Local Value
}

// Same returns the pair whose halves are both v.
func Same(v Value) Pair { return Pair{Odoo: v, Local: v} }

// Half returns the side's own half.
func (p Pair) Half(s Side) Value {
	if s == Odoo {
		return p.Odoo
	}
	return p.Local
}

// With returns the pair with the side's half replaced.
func (p Pair) With(s Side, v Value) Pair {
	if s == Odoo {
		p.Odoo = v
	} else {
		p.Local = v
	}
	return p
}

// appendJSON writes null or "text" where both halves are equal, and
// [odoo, local] where they differ: most of a base is equal, and bases are the
// largest thing the daemon stores.
func (p Pair) appendJSON(b []byte) []byte {
	if p.Odoo == p.Local {
		return p.Odoo.appendJSON(b)
	}
	b = p.Odoo.appendJSON(append(b, '['))
	b = p.Local.appendJSON(append(b, ','))
	return append(b, ']')
}

// UnmarshalJSON reads what appendJSON wrote.
func (p *Pair) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		var both []Value
		if err := json.Unmarshal(data, &both); err != nil {
			return err
		}
		if len(both) != 2 {
			return fmt.Errorf("a base pair has 2 values, this one has %d", len(both))
		}
		p.Odoo, p.Local = both[0], both[1]
		return nil
	}
	var v Value
	if err := v.UnmarshalJSON(data); err != nil {
		return err
	}
	*p = Same(v)
	return nil
}

// Pairs are the agreed values of a record or a line by field name.
type Pairs map[string]Pair

// LineBase is the agreed state of one child line and its two ids.
type LineBase struct {
	OdooID  int64  `json:"o"`
	LocalID string `json:"l"`
	Fields  Pairs  `json:"f"`
}

// Base is the last agreed state of a record: what a merge compares both sides
// with. The zero Base agrees on nothing (a record never synced). Base and
// Changes write their JSON themselves: by reflection it was a quarter of what
// an import computes.
type Base struct {
	Fields Pairs                 `json:"f"`
	Lines  map[string][]LineBase `json:"n"` // in the agreed order
}

// MarshalJSON writes the fields and lines in the order of their names.
func (b Base) MarshalJSON() ([]byte, error) {
	out := append(make([]byte, 0, 1024), `{"f":`...)
	out = appendObject(out, b.Fields, Pair.appendJSON)
	if len(b.Lines) > 0 {
		out = appendObject(append(out, `,"n":`...), b.Lines, appendLines)
	}
	return append(out, '}'), nil
}

func appendLines(lines []LineBase, b []byte) []byte {
	b = append(b, '[')
	for i, l := range lines {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '{')
		if l.OdooID != 0 {
			b = append(strconv.AppendInt(append(b, `"o":`...), l.OdooID, 10), ',')
		}
		if l.LocalID != "" {
			b = append(appendString(append(b, `"l":`...), l.LocalID), ',')
		}
		b = append(appendObject(append(b, `"f":`...), l.Fields, Pair.appendJSON), '}')
	}
	return append(b, ']')
}

// IsZero reports whether nothing was ever agreed on.
func (b Base) IsZero() bool { return len(b.Fields) == 0 && len(b.Lines) == 0 }
