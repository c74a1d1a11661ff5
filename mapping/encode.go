package mapping

import (
	"maps"
	"slices"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// Cell is one Odoo field's new value, as a cell of a load and as a value of a
// write.
//
// In a load, an absent column leaves a field to Odoo's default and an empty cell
// makes it empty, so only records with the same columns share one. A load reads
// times in its context's tz: send UTC.
type Cell struct {
	Field  string // Odoo's field: "country_id"
	Column string // its column in a load: "country_id/.id"
	Text   string // its cell there
	// Value is its value in a write: int64, string, bool (false for empty),
	// odooclient.Double, or [[6, 0, ids]] for a list of records.
	Value any
	// NoLoad keeps a change out of loads: clearing a many2one and archiving,
	// which need a context of their own there. Write it.
	NoLoad bool
}

// Sendable reports whether the field travels to Odoo as a plain value. What Odoo
// computes, what conditions tell and what business methods reach does not.
func (f *Field) Sendable() bool {
	return f.Direction.FromLocal() && !f.Expected && !f.byMethod && f.prefix == "" && f.Source != "" && f.Source != "id"
}

// SentNew reports whether a create sends a field: a sendable one, or one that
// Create has a value for, which makes way for the row's (a lead's type, a
// company).
func (e *Entity) SentNew(f *Field) bool {
	_, given := e.Create[f.Source]
	return f.Sendable() || given && (f.Kind == KindPlain || f.Kind == KindRawID || f.Kind == KindLookup || f.Kind == KindReference)
}

// Encode turns the changed fields of a row into what Odoo takes, by Odoo's
// fields in alphabetical order. Fields that are not Sendable are left out. row
// is the whole row with the changes in it. All that is wrong comes in one error;
// a Finder's error on a reference, or one that says to wait, is passed on so
// that errors.Is finds it.
func (e *Entity) Encode(changed, row record.Fields, f Finder) ([]Cell, error) {
	x := encoder{place: e.Name, row: row, finder: f}
	return x.done(x.emptied(e.Fields, changed, x.cells(e.Fields, changed, (*Field).Sendable)))
}

// EncodeNew turns a row into what creates its record: every value it has, and
// those of Create it has none for. What is NULL is left to Odoo.
func (e *Entity) EncodeNew(row record.Fields, f Finder) ([]Cell, error) {
	x := encoder{place: e.Name, row: row, finder: f, creates: true}
	cells := x.cells(e.Fields, given(row), func(f *Field) bool { return e.SentNew(f) && !f.Shared(row) })
	cells = x.emptied(e.Fields, row, cells)
	have := map[string]bool{}
	for _, c := range cells {
		have[c.Field] = true
	}
	for _, c := range e.createCells {
		if !have[c.Field] {
			cells = append(cells, c)
		}
	}
	if len(x.problems) == 0 {
		x.belongs(e, cells)
	}
	return x.done(cells)
}

// Encode turns the changed fields of a line into what Odoo takes.
func (c *Child) Encode(changed, row record.Fields, f Finder) ([]Cell, error) {
	x := encoder{place: c.Name, row: row, finder: f, lines: true}
	return x.done(x.cells(c.Fields, changed, (*Field).Sendable))
}

// EncodeNew turns a line's row into what creates the line. A list that is NULL is
// left to Odoo (an invoice line's default taxes), and [] is none. A field whose
// null_if names one of Odoo's choices is sent even when it is NULL: the lines of
// a record share the columns of one load, where an empty cell would make a
// required choice empty. The caller adds SequenceField.
func (c *Child) EncodeNew(row record.Fields, f Finder) ([]Cell, error) {
	x := encoder{place: c.Name, row: row, finder: f, lines: true, creates: true}
	return x.done(x.cells(c.Fields, c.filled(row), (*Field).Sendable))
}

// Fills names the fields that EncodeNew sends: lines that fill the same share the
// columns of a load.
func (c *Child) Fills(row record.Fields) []string { return c.filled(row).Names() }

func (c *Child) filled(row record.Fields) record.Fields {
	fields := given(row)
	for _, one := range c.Fields {
		v, known := row[one.Name]
		if _, choice := one.emptyKey(); known && empty(v) && choice && one.target.Type == "selection" {
			fields[one.Name] = record.Null
		}
	}
	return fields
}

// given are the values a row has.
func given(row record.Fields) record.Fields {
	out := maps.Clone(row)
	maps.DeleteFunc(out, func(_ string, v record.Value) bool { return empty(v) })
	if out == nil {
		out = record.Fields{}
	}
	return out
}

// encoder encodes one row or line and collects all that is wrong with it.
type encoder struct {
	place    string // "contacts", "invoice_line_ids"
	row      record.Fields
	finder   Finder
	lines    bool
	creates  bool
	problems []problem
}

// cells encodes the fields that send lets through, one cell for each of Odoo's
// fields.
func (x *encoder) cells(fields []*Field, changed record.Fields, send func(*Field) bool) []Cell {
	sources := map[string][]*Field{}
	for _, f := range fields {
		if _, ok := changed[f.Name]; ok && send(f) {
			sources[f.Source] = append(sources[f.Source], f)
		}
	}
	out := make([]Cell, 0, len(sources))
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		if cell, ok := x.one(sources[source], changed); ok {
			out = append(out, cell)
		}
	}
	return out
}

// one encodes the fields that share a field of Odoo. The surest decides: an id,
// then a code, then a name, of those that are not empty. One that leads nowhere
// is only what somebody else reads (a product's name as the API spells it);
// one that leads elsewhere is a contradiction.
func (x *encoder) one(fields []*Field, changed record.Fields) (Cell, bool) {
	slices.SortStableFunc(fields, func(a, b *Field) int { return a.sureness() - b.sureness() })
	lead := fields[0]
	if i := slices.IndexFunc(fields, func(f *Field) bool { return !empty(changed[f.Name]) }); i >= 0 {
		lead = fields[i]
	}
	cell, err := x.cell(lead, changed[lead.Name])
	if err != nil {
		x.fail(lead, changed[lead.Name], err)
		return Cell{}, false
	}
	for _, f := range fields {
		v := changed[f.Name]
		if f == lead || empty(v) {
			continue
		}
		other, err := x.cell(f, v)
		switch {
		case isNotFound(err):
		case err != nil:
			x.fail(f, v, err)
		case other.Text != cell.Text:
			x.contradict(lead, changed[lead.Name], cell, f, v, other)
		}
	}
	return cell, true
}

// sureness orders fields on one of Odoo's: ids, codes, names.
func (f *Field) sureness() int {
	switch {
	case f.Kind != KindLookup && f.Kind != KindLookupList:
		return 0
	case f.LookupField != "name" && f.LookupField != "display_name" && f.LookupField != "complete_name":
		return 1
	}
	return 2
}

// belongs refuses a record that would be born outside the entity's domain, and
// so never be read back.
func (x *encoder) belongs(e *Entity, cells []Cell) {
	raw := odooclient.Raw{}
	for _, c := range cells {
		if _, list := c.Value.([]any); !list {
			raw[c.Field] = c.Value
		}
	}
	if e.domain.eval(raw, nil) == no {
		x.problems = append(x.problems, problem{text: x.place + ": the record would not be one of those the mapping's domain " +
			jsonText(e.domain.Args()) + " takes in: correct the row's values"})
	}
}
