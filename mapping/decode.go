package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// Resolver answers what a record alone does not tell. false means unknown: a
// lookup that cannot be read leaves its field unknown, a reference without a
// row makes it Null and is reported.
type Resolver interface {
	// Lookup returns a field of another model's record.
	Lookup(model, field string, id int64) (record.Value, bool)
	// Reference returns the id of the row of an entity's record.
	Reference(entity string, odooID int64) (string, bool)
}

// WantKind says what a Want asks for.
type WantKind string

// The kinds of wants.
const (
	WantLookup    WantKind = "lookup"
	WantReference WantKind = "reference"
)

// Want is something to resolve before a record can be decoded: a Field of a
// Model's record, or the row of an Entity's record.
type Want struct {
	Kind   WantKind
	Model  string
	Field  string
	Entity string
	ID     int64
}

// MissingRef is a reference to a record that has no row here.
type MissingRef struct {
	Field  string // of the record, or of one of its lines
	Entity string
	OdooID int64

	stub map[string]string // what a payload says of it: field → the payload's name
}

// LookupValue turns a raw value into what Resolver.Lookup returns.
func LookupValue(raw any) record.Value {
	if id, empty := relationID(raw); !empty && id != 0 {
		if _, plainInt := raw.(int64); !plainInt {
			return record.Text(fmt.Sprint(id))
		}
	}
	if raw == true {
		return record.Text("1")
	}
	if raw == nil || raw == false || raw == "" {
		return record.Null
	}
	text, err := plain(raw)
	if err != nil {
		return record.Null
	}
	return record.Text(text)
}

// Wants lists what a record and its lines need resolved. A path is told in two
// steps: first the lookups on its way, then, once res knows those, the
// reference they lead to. res may be nil.
func (e *Entity) Wants(raw odooclient.Raw, lines map[string][]odooclient.Raw, res Resolver) []Want {
	var out []Want
	for _, f := range e.Fields {
		if f.path != nil {
			out = append(out, f.pathWants(lines[f.path.child], res)...)
			continue
		}
		out = append(out, f.wants(raw)...)
	}
	for _, c := range e.Children {
		for _, line := range lines[c.Name] {
			for _, f := range c.Fields {
				out = append(out, f.wants(line)...)
			}
		}
	}
	return out
}

func (f *Field) wants(raw odooclient.Raw) []Want {
	var out []Want
	for _, d := range append(casesDomains(f), f.when) {
		for _, t := range d.terms {
			if id, _ := relationID(raw[t.field]); t.hop != "" && id != 0 {
				out = append(out, Want{Kind: WantLookup, Model: t.model, Field: t.hop, ID: id})
			}
		}
	}
	switch f.Kind {
	case KindLookup:
		if id, _ := relationID(raw[f.Source]); id != 0 {
			out = append(out, Want{Kind: WantLookup, Model: f.Model, Field: f.LookupField, ID: id})
		}
	case KindLookupList:
		ids, _ := relationIDs(raw[f.Source])
		for _, id := range ids {
			out = append(out, Want{Kind: WantLookup, Model: f.Model, Field: f.LookupField, ID: id})
		}
	case KindReference:
		if id := f.referenceID(raw[f.Source]); id != 0 {
			out = append(out, Want{Kind: WantReference, Entity: f.Entity, ID: id})
		}
	}
	return out
}

// referenceID is the id a reference points at. The plain field "id" makes an
// entity refer to another one on the same record (a travel to its quote).
func (f *Field) referenceID(v any) int64 {
	id, _ := relationID(v)
	return id
}

func (f *Field) pathWants(lines []odooclient.Raw, res Resolver) []Want {
	var out []Want
	for _, id := range f.pathIDs(lines) {
		out = append(out, Want{Kind: WantLookup, Model: f.path.model, Field: f.path.hop, ID: id})
	}
	if target, _ := f.pathTarget(lines, res); target != 0 {
		out = append(out, Want{Kind: WantReference, Entity: f.Entity, ID: target})
	}
	return out
}

func (f *Field) pathIDs(lines []odooclient.Raw) []int64 {
	var out []int64
	for _, line := range lines {
		ids, ok := relationIDs(line[f.path.field])
		if !ok {
			if id, _ := relationID(line[f.path.field]); id != 0 {
				ids = []int64{id}
			}
		}
		out = append(out, ids...)
	}
	return out
}

// pathTarget is the one record all lines lead to, 0 when there is none or more
// than one. It is not known while the way is not read or not resolved.
func (f *Field) pathTarget(lines []odooclient.Raw, res Resolver) (target int64, known bool) {
	for _, line := range lines {
		if _, read := line[f.path.field]; !read {
			return 0, false
		}
	}
	for _, id := range f.pathIDs(lines) {
		if res == nil {
			return 0, false
		}
		v, ok := res.Lookup(f.path.model, f.path.hop, id)
		if !ok {
			return 0, false
		}
		next, err := strconv.ParseInt(v.Text(), 10, 64)
		if err != nil || target != 0 && next != target {
			return 0, true
		}
		target = next
	}
	return target, true
}

// Decode turns a record as read, with its lines in the order of its answer, into
// canonical values, the lines in the order a user of Odoo sees. Unresolved references are Null and listed. An error says which
// record and field, and why.
func (e *Entity) Decode(raw odooclient.Raw, lines map[string][]odooclient.Raw, res Resolver) (record.Record, []MissingRef, error) {
	d := decoder{entity: e, id: raw.ID(), res: res}
	out := record.Record{Entity: e.Name, OdooID: raw.ID(), Fields: make(record.Fields, len(e.Fields))}
	var err error
	if out.WriteDate, err = odooTime(raw["write_date"]); err != nil {
		return out, nil, d.fail("write_date", err)
	}
	if out.CreateDate, err = odooTime(raw["create_date"]); err != nil {
		return out, nil, d.fail("create_date", err)
	}
	for _, f := range e.Fields {
		if err := d.into(out.Fields, f, raw, lines); err != nil {
			return out, nil, err
		}
	}
	for _, c := range e.Children {
		list, ok := lines[c.Name]
		if !ok {
			continue
		}
		decoded, err := d.lines(c, list)
		if err != nil {
			return out, nil, err
		}
		if out.Lines == nil {
			out.Lines = map[string][]record.Line{}
		}
		out.Lines[c.Name] = decoded
	}
	return out, d.missing, nil
}

type decoder struct {
	entity  *Entity
	id      int64
	res     Resolver
	missing []MissingRef
}

func (d *decoder) fail(field string, err error) error {
	return record.Wrap(record.CodeRejected, nil, "%s %d (%s), field %s: %v", d.entity.Model, d.id, d.entity.Name, field, err)
}

func (d *decoder) lines(c *Child, raws []odooclient.Raw) ([]record.Line, error) {
	out := make([]record.Line, 0, len(raws))
	for _, raw := range c.inOrder(raws) {
		line := record.Line{OdooID: raw.ID(), Fields: make(record.Fields, len(c.Fields))}
		for _, f := range c.Fields {
			if err := d.into(line.Fields, f, raw, nil); err != nil {
				return nil, record.Wrap(record.CodeRejected, nil, "line %d: %s", raw.ID(), record.Message(err))
			}
		}
		out = append(out, line)
	}
	return out, nil
}

// inOrder sorts lines by their sequence, as Odoo's forms and reports do. Its
// answer does so for an order; for an invoice it goes by the lines' ids.
func (c *Child) inOrder(raws []odooclient.Raw) []odooclient.Raw {
	if c.SequenceField == "" {
		return raws
	}
	sequence := func(raw odooclient.Raw) int64 {
		n, _ := raw[c.SequenceField].(int64)
		return n
	}
	sorted := slices.Clone(raws)
	slices.SortStableFunc(sorted, func(a, b odooclient.Raw) int { return cmp.Compare(sequence(a), sequence(b)) })
	return sorted
}

// into decodes one field; an unknown one is left out.
func (d *decoder) into(fields record.Fields, f *Field, raw odooclient.Raw, lines map[string][]odooclient.Raw) error {
	v, known, err := d.value(f, raw, lines)
	if err != nil {
		return d.fail(f.Name, err)
	}
	if known {
		fields[f.Name] = v
	}
	return nil
}

func (d *decoder) value(f *Field, raw odooclient.Raw, lines map[string][]odooclient.Raw) (record.Value, bool, error) {
	if f.when.eval(raw, d.res.Lookup) != yes {
		return record.Null, false, nil
	}
	switch f.Kind {
	case KindCases:
		return d.cases(f, raw)
	case KindPath:
		list, read := lines[f.path.child]
		target, known := f.pathTarget(list, d.res)
		if !read || !known {
			return record.Null, false, nil
		}
		return d.reference(f, target)
	}
	v, ok := raw[f.Source]
	if !ok {
		return record.Null, false, nil
	}
	switch f.Kind {
	case KindLookup:
		return d.lookup(f, v)
	case KindLookupList:
		return d.lookupList(f, v)
	case KindReference:
		id, empty := relationID(v)
		if !empty && id <= 0 {
			return record.Null, false, fmt.Errorf("%v is no record's id", v)
		}
		return d.reference(f, id)
	case KindRawID:
		id, empty := relationID(v)
		if empty {
			return record.Null, true, nil
		}
		if id <= 0 {
			return record.Null, false, fmt.Errorf("%v is no record's id", v)
		}
		value, err := f.canonical(id)
		return value, err == nil, err
	}
	value, err := f.plainValue(v)
	return value, err == nil, err
}

// plainValue is the value of a field that needs nothing else.
func (f *Field) plainValue(v any) (record.Value, error) {
	if text, ok := v.(string); ok {
		if f.html {
			v = htmlToText(text)
		}
		if mapped, ok := f.values[text]; ok {
			v = mapped
		}
		if f.prefix != "" && text != "" {
			v = f.prefix + text
		}
	}
	return f.canonical(v)
}

func (d *decoder) cases(f *Field, raw odooclient.Raw) (record.Value, bool, error) {
	for _, one := range f.cases {
		switch one.when.eval(raw, d.res.Lookup) {
		case yes:
			return one.value, true, nil
		case unknown:
			return record.Null, false, nil
		}
	}
	return f.otherwise, true, nil
}

func (d *decoder) lookup(f *Field, v any) (record.Value, bool, error) {
	id, empty := relationID(v)
	if empty {
		return record.Null, true, nil
	}
	found, ok := d.res.Lookup(f.Model, f.LookupField, id)
	if !ok {
		return record.Null, false, nil
	}
	if found.IsNull() {
		return record.Null, true, nil
	}
	value, err := f.canonical(found.Text())
	return value, err == nil, err
}

func (d *decoder) lookupList(f *Field, v any) (record.Value, bool, error) {
	ids, ok := relationIDs(v)
	if !ok {
		return record.Null, false, fmt.Errorf("%v is no list of ids", v)
	}
	list := []string{}
	for _, id := range ids {
		found, ok := d.res.Lookup(f.Model, f.LookupField, id)
		if !ok {
			return record.Null, false, nil
		}
		list = append(list, found.Text())
	}
	value, err := f.canonical(list)
	return value, err == nil, err
}

func (d *decoder) reference(f *Field, id int64) (record.Value, bool, error) {
	if id == 0 {
		return record.Null, true, nil
	}
	local, ok := d.res.Reference(f.Entity, id)
	if !ok {
		d.missing = append(d.missing, MissingRef{Field: f.Name, Entity: f.Entity, OdooID: id, stub: f.stub})
		return record.Null, true, nil
	}
	return record.Text(local), true, nil
}
