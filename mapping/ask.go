package mapping

import (
	"bytes"
	"encoding/json"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// Ask is a name to find behind which Odoo has an id, or a row behind which it
// has a record. Asks compare with ==, so each is found once, however many rows
// need it.
type Ask struct {
	Kind WantKind // WantLookup or WantReference

	// A lookup: the one record of Model whose Field is Text, to the letter and
	// in the case written here. A name that Odoo translates is compared in the
	// language of the sync's context, which is the one it was read in.
	Model, Field, Text string
	// Where is a further domain as JSON, "" for none: the mapping's
	// lookup_domain and within.
	Where string
	// Company says that only records of the row's company, or of none, are
	// meant: Companies is the model's field that tells.
	Company   bool
	Companies string
	In        int64 // the row's company, which the caller knows; 0: the synced one

	// A reference: the record of the row LocalID of Entity.
	Entity, LocalID string
}

// Finder answers asks. Its error is a sentence why not: nothing was found, or
// several.
type Finder interface {
	Find(a Ask) (int64, error)
}

// Domain is a lookup's domain for Odoo's search; the caller adds the company.
func (a Ask) Domain() []any {
	out := []any{[]any{a.Field, "=", a.Text}}
	if a.Where == "" {
		return out
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(a.Where)))
	decoder.UseNumber()
	var more []any
	if err := decoder.Decode(&more); err != nil {
		return out // jsonText wrote it
	}
	terms, _ := rawValue(more).([]any)
	return append(out, terms...)
}

// Asks lists what Encode and EncodeNew of the same values will ask a Finder.
// changed are the fields to send, row the whole row: a state is looked up in the
// country that the row names, changed or not.
func (e *Entity) Asks(changed, row record.Fields) []Ask {
	return asks(e.Fields, changed, row, e.SentNew)
}

// Asks lists what Encode and EncodeNew of a line will ask a Finder.
func (c *Child) Asks(changed, row record.Fields) []Ask {
	return asks(c.Fields, changed, row, (*Field).Sendable)
}

func asks(fields []*Field, changed, row record.Fields, send func(*Field) bool) []Ask {
	var out []Ask
	seen := map[Ask]bool{}
	for _, f := range fields {
		v, ok := changed[f.Name]
		if !ok || !send(f) {
			continue
		}
		for _, a := range f.asks(v, row) {
			if !seen[a] {
				seen[a], out = true, append(out, a)
			}
		}
	}
	return out
}

// asks are what one value needs found. A value that is none of the field's
// forms asks for nothing: encoding it says why.
func (f *Field) asks(v record.Value, row record.Fields) []Ask {
	if empty(v) {
		return nil
	}
	switch f.Kind {
	case KindReference:
		return []Ask{{Kind: WantReference, Entity: f.Entity, LocalID: v.Text()}}
	case KindLookup:
		return []Ask{f.lookupAsk(v.Text(), row)}
	case KindLookupList:
		list, _ := f.texts(v)
		out := make([]Ask, len(list))
		for i, text := range list {
			out[i] = f.lookupAsk(text, row)
		}
		return out
	}
	return nil
}

func (f *Field) lookupAsk(text string, row record.Fields) Ask {
	return Ask{Kind: WantLookup, Model: f.Model, Field: f.LookupField, Text: text,
		Where: f.where(row), Company: f.Companies != "", Companies: f.Companies}
}

// where is the domain a looked-up record keeps to, as JSON. A field of within
// that is empty or unknown restricts nothing.
func (f *Field) where(row record.Fields) string {
	terms := f.lookupIn.Args()
	for _, w := range f.within {
		if v := row[w.field.Name]; !empty(v) {
			terms = append(terms, []any{w.by, "=", w.field.searched(v)})
		}
	}
	if len(terms) == 0 {
		return ""
	}
	return jsonText(terms)
}

// searched is a value as a search compares it with.
func (f *Field) searched(v record.Value) any {
	if f.Kind == KindRawID {
		if id, err := idOf(v); err == nil {
			return id
		}
	}
	return v.Text()
}

// jsonText writes a domain as JSON.
func jsonText(terms []any) string {
	text, err := json.Marshal(jsonValue(terms))
	if err != nil {
		return "[]" // a domain consists of JSON's own types
	}
	return string(text)
}

// jsonValue writes Odoo's numbers as numbers: by themselves they would be texts.
func jsonValue(v any) any {
	switch x := v.(type) {
	case odooclient.Double:
		return json.Number(x)
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = jsonValue(e)
		}
		return out
	}
	return v
}

// empty reports whether a value says nothing: no text is no value either.
func empty(v record.Value) bool { return v.Text() == "" }
