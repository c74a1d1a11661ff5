package mapping

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// Stub is a record that a webhook names without describing it: enough to make
// a row that others can refer to, completed by its own event later.
type Stub struct {
	Entity string
	OdooID int64
	Fields record.Fields
}

// DecodePayload turns a webhook's data (JSON with json.Number) into a partial
// record: what it does not name is unknown. Lines without ids have OdooID 0 and
// are known by their position. References without a row are Null and listed as
// stubs, with what the payload says of them.
func (m *Mapping) DecodePayload(e *Entity, data map[string]any, res Resolver) (record.Record, []Stub, error) {
	raw := rawOf(data)
	d := decoder{entity: e, id: raw.ID(), res: res}
	out := record.Record{Entity: e.Name, OdooID: raw.ID(), Fields: record.Fields{}}
	for _, f := range e.Fields {
		if err := d.direct(out.Fields, f, raw); err != nil {
			return out, nil, err
		}
	}
	for _, c := range e.Children {
		lines, ok, err := d.payloadLines(c, raw)
		if err != nil {
			return out, nil, err
		}
		if ok {
			if out.Lines == nil {
				out.Lines = map[string][]record.Line{}
			}
			out.Lines[c.Name] = lines
		}
	}
	return out, m.stubs(d.missing, raw), nil
}

// direct prefers the names under which a webhook sends a column's own value.
func (d *decoder) direct(fields record.Fields, f *Field, raw odooclient.Raw) error {
	for _, name := range f.payload {
		if v, ok := raw[name]; ok {
			value, err := f.plainValue(v)
			if err != nil {
				return d.fail(name, err)
			}
			fields[f.Name] = value
			return nil
		}
	}
	return d.into(fields, f, raw, nil)
}

func (d *decoder) payloadLines(c *Child, raw odooclient.Raw) ([]record.Line, bool, error) {
	for _, name := range append([]string{c.Name}, c.payload...) {
		list, ok := raw[name].([]any)
		if !ok || slices.ContainsFunc(list, func(e any) bool { _, isLine := e.(map[string]any); return !isLine }) {
			continue // ids only: the lines themselves are unknown
		}
		lines := make([]record.Line, 0, len(list))
		for i, e := range list {
			one := rawOf(e.(map[string]any))
			line := record.Line{OdooID: one.ID(), Fields: record.Fields{}}
			if line.OdooID != 0 && slices.ContainsFunc(lines, func(l record.Line) bool { return l.OdooID == line.OdooID }) {
				return nil, false, record.Errorf(record.CodeRejected, "line %d: the id %d stands twice", i+1, line.OdooID)
			}
			for _, f := range c.Fields {
				if err := d.direct(line.Fields, f, one); err != nil {
					return nil, false, record.Wrap(record.CodeRejected, nil, "line %d: %s", i+1, record.Message(err))
				}
			}
			lines = append(lines, line)
		}
		return lines, true, nil
	}
	return nil, false, nil
}

func (m *Mapping) stubs(missing []MissingRef, raw odooclient.Raw) []Stub {
	var out []Stub
	for _, ref := range missing {
		stub := Stub{Entity: ref.Entity, OdooID: ref.OdooID, Fields: record.Fields{}}
		parent := m.ByName(ref.Entity)
		for field, name := range ref.stub {
			f := parent.Field(field)
			v, sent := raw[name]
			if f == nil || !sent {
				continue
			}
			if value, err := f.canonical(v); err == nil {
				stub.Fields[field] = value
			}
		}
		out = append(out, stub)
	}
	return out
}

// rawOf gives a payload's values the types a read has: null is False, numbers
// are int64 or Double.
func rawOf(data map[string]any) odooclient.Raw {
	raw := make(odooclient.Raw, len(data))
	for k, v := range data {
		if v == nil {
			v = false
		}
		raw[k] = rawValue(v)
	}
	return raw
}

func rawValue(v any) any {
	switch x := v.(type) {
	case json.Number:
		return numberOf(x)
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = rawValue(e)
		}
		return out
	}
	return v
}

// numberOf gives a JSON number the type a read has.
func numberOf(n json.Number) any {
	if id, err := strconv.ParseInt(n.String(), 10, 64); err == nil && strconv.FormatInt(id, 10) == n.String() {
		return id
	}
	return odooclient.Double(n.String())
}

func odooTime(v any) (time.Time, error) {
	if v == nil || v == false {
		return time.Time{}, nil
	}
	t, err := parseTime(v)
	if err != nil {
		return t, fmt.Errorf("%v is no time", v)
	}
	return t.UTC().Truncate(time.Second), nil
}

// Belonging says what a webhook's data tells of an entity's domain.
type Belonging int

// What the data may say.
const (
	Unsaid Belonging = iota
	Inside
	Outside
)

// PayloadBelongs judges a webhook's data by the entity's conditions: born is
// true only when it says that create_when holds.
func (e *Entity) PayloadBelongs(data map[string]any) (belongs Belonging, born bool) {
	raw := rawOf(data)
	switch e.domain.eval(raw, nil) {
	case yes:
		belongs = Inside
	case no:
		belongs = Outside
	}
	return belongs, e.createWhen.eval(raw, nil) == yes
}

// PayloadKeys are the names under which a webhook's data holds a field, or the
// lines of a child.
func (e *Entity) PayloadKeys(name string) []string {
	if f := e.Field(name); f != nil {
		return append([]string{f.Source}, f.payload...)
	}
	if c := e.Child(name); c != nil {
		return append([]string{c.Name}, c.payload...)
	}
	return nil
}

// StubKeys are the names under which a webhook's data says something of the
// record that a reference names, such as its name.
func (f *Field) StubKeys() []string {
	out := make([]string, 0, len(f.stub))
	for _, key := range f.stub {
		out = append(out, key)
	}
	return out
}
