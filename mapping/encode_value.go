package mapping

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// cell encodes one value. The error says what is wrong with it, and nothing of
// where.
func (x *encoder) cell(f *Field, v record.Value) (Cell, error) {
	if empty(v) {
		return x.emptyCell(f)
	}
	c := Cell{Field: f.Source, Column: f.Source}
	switch f.Kind {
	case KindReference, KindLookup:
		id, err := x.find(f.asks(v, x.row)[0])
		return f.idCell(id), err
	case KindRawID:
		id, err := idOf(v)
		return f.idCell(id), err
	case KindLookupList:
		return x.listCell(f, v)
	}
	var err error
	c.Text, c.Value, err = f.plainCell(v)
	// An archived record is only found by a load whose context asks for it.
	c.NoLoad = !x.creates && f.Source == "active" && c.Value == false
	return c, err
}

func (f *Field) idCell(id int64) Cell {
	return Cell{Field: f.Source, Column: f.Source + "/.id", Text: strconv.FormatInt(id, 10), Value: id}
}

// listCell replaces a list of records by those that the texts name.
func (x *encoder) listCell(f *Field, v record.Value) (Cell, error) {
	list, err := f.texts(v)
	if err != nil {
		return Cell{}, err
	}
	ids := make([]int64, 0, len(list))
	for _, text := range list {
		id, err := x.find(f.lookupAsk(text, x.row))
		if err != nil {
			return Cell{}, err
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return listCell(f.Source, slices.Compact(ids)), nil
}

func listCell(source string, ids []int64) Cell {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(id, 10)
	}
	return Cell{Field: source, Column: source + "/.id", Text: strings.Join(texts, ","), Value: []any{[]any{int64(6), int64(0), ids}}}
}

// emptyCell makes a field of Odoo empty.
func (x *encoder) emptyCell(f *Field) (Cell, error) {
	c := Cell{Field: f.Source, Column: f.Source, Value: false}
	if key, ok := f.emptyKey(); ok {
		c.Text, c.Value = key, key
		return c, nil
	}
	if mustHave(f.target) {
		return c, fmt.Errorf("its field %s is required in Odoo: give it a value", f.Source)
	}
	switch f.Kind {
	case KindLookup, KindReference, KindRawID:
		c.Column, c.NoLoad = f.Source+"/.id", !x.creates
	case KindLookupList:
		if x.lines {
			return c, fmt.Errorf("NULL leaves the list to Odoo, which chooses one for a new line only: write [] for none")
		}
		return listCell(f.Source, nil), nil
	default:
		c.NoLoad = !x.creates && f.Source == "active"
	}
	return c, nil
}

// emptyKey is the value that stands for empty in Odoo: the first of null_if that
// this Odoo has.
func (f *Field) emptyKey() (string, bool) {
	if f.Kind != KindPlain {
		return "", false
	}
	i := slices.IndexFunc(f.nullIf, f.hasKey)
	if i < 0 {
		return "", false
	}
	return f.nullIf[i], true
}

// plainCell encodes a value that names no other record, by the type of Odoo's
// field.
func (f *Field) plainCell(v record.Value) (text string, value any, err error) {
	switch f.odooType() {
	case "boolean":
		v, err = canonBool(v.Text())
		return v.Text(), v.Text() == "1", err
	case "integer", "many2one_reference":
		n, err := wholeNumber(v.Text())
		return strconv.FormatInt(n, 10), n, err
	case "float", "monetary":
		_, err = parseDecimal(v.Text())
		return v.Text(), odooclient.Double(v.Text()), err
	case "date":
		v, err = canonDate(v.Text())
		return v.Text(), v.Text(), err
	case "datetime":
		v, err = canonTime(v.Text(), Column{})
		return v.Text(), v.Text(), err
	}
	if text, err = f.odooText(v); err == nil {
		err = sendableText(text)
	}
	return text, text, err
}

// odooType is the type of Odoo's field, as far as the column tells where
// fields_get was not asked.
func (f *Field) odooType() string {
	if f.target.Type != "" {
		return f.target.Type
	}
	return map[Type]string{TypeBool: "boolean", TypeInt: "integer", TypeDecimal: "float", TypeDate: "date", TypeTime: "datetime"}[f.Type]
}

// odooText undoes what decoding does to a text.
func (f *Field) odooText(v record.Value) (string, error) {
	if f.html {
		return textToHTML(v.Text()), nil
	}
	if f.hasKey(v.Text()) && f.gives(v.Text(), v) {
		return v.Text(), nil
	}
	for _, key := range f.back {
		if f.hasKey(key) && f.gives(key, v) {
			return key, nil
		}
	}
	if len(f.target.Selection) == 0 {
		return v.Text(), nil
	}
	return "", fmt.Errorf("it is none of the field's values, which are %s: write one of them", strings.Join(f.choices(), ", "))
}

// hasKey reports whether Odoo's field may have that value.
func (f *Field) hasKey(key string) bool {
	return len(f.target.Selection) == 0 || slices.ContainsFunc(f.target.Selection, func(o odooclient.Option) bool { return o.Key == key })
}

// gives reports whether decoding Odoo's value gives that of the row.
func (f *Field) gives(key string, v record.Value) bool {
	got, err := f.plainValue(key)
	return err == nil && got == v
}

// maxChoices bounds the values a sentence lists.
const maxChoices = 20

// choices are the values the row may have, of a selection.
func (f *Field) choices() []string {
	var out []string
	for _, option := range f.target.Selection {
		if v, err := f.plainValue(option.Key); err == nil && !v.IsNull() && !slices.Contains(out, v.Text()) {
			out = append(out, v.Text())
		}
	}
	if len(out) > maxChoices {
		out = append(out[:maxChoices], "and more")
	}
	return out
}

// texts reads a list's canonical form.
func (f *Field) texts(v record.Value) ([]string, error) {
	v, err := canonList(v.Text())
	if err != nil {
		return nil, fmt.Errorf(`%w: write it as ["one","two"]`, err)
	}
	var list []string
	if err := json.Unmarshal([]byte(v.Text()), &list); err != nil && !v.IsNull() {
		return nil, err
	}
	return list, nil
}

// idOf reads a record's id, as large as XML-RPC carries one.
func idOf(v record.Value) (int64, error) {
	id, err := strconv.ParseInt(v.Text(), 10, 64)
	if err != nil || id <= 0 || id > math.MaxInt32 {
		return 0, fmt.Errorf("it is no id of a record in Odoo: write a whole number from 1 to %d", math.MaxInt32)
	}
	return id, nil
}

func wholeNumber(text string) (int64, error) {
	d, err := parseDecimal(text)
	if err != nil {
		return 0, err
	}
	if !d.IsInteger() || d.Abs().GreaterThan(decimal.NewFromInt(math.MaxInt32)) {
		return 0, fmt.Errorf("a whole number from %d to %d is expected", -math.MaxInt32, math.MaxInt32)
	}
	return d.IntPart(), nil
}

// sendableText refuses what XML cannot carry.
func sendableText(text string) error {
	if _, err := cleanText(text); err != nil {
		return err
	}
	for _, r := range text {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return fmt.Errorf("it holds the character %U, which Odoo's interface cannot carry: remove it", r)
		}
	}
	return nil
}
