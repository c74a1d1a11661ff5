package mapping

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// canonical turns a scalar of Odoo, of a webhook or of a row into the
// canonical value of a column. The error says what does not fit, and nothing of
// where: the caller knows.
func (f *Field) canonical(v any) (record.Value, error) {
	if v == nil || v == false && f.Type != TypeBool {
		return record.Null, nil
	}
	switch f.Type {
	case TypeText:
		return f.canonText(v)
	case TypeBool:
		return canonBool(v)
	case TypeInt:
		return canonInt(v)
	case TypeDecimal:
		return canonDecimal(v, f.col.Precision, f.col.Scale)
	case TypeDate:
		return canonDate(v)
	case TypeTime:
		return canonTime(v)
	case TypeList:
		return canonList(v)
	}
	return record.Null, fmt.Errorf("the column has the unknown type %s", f.Type)
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func (f *Field) canonText(v any) (record.Value, error) {
	text, err := plain(v)
	if err != nil {
		return record.Null, err
	}
	text = lineEnds.Replace(text)
	if text == "" || slices.Contains(f.nullIf, text) {
		return record.Null, nil
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return record.Null, fmt.Errorf("the text holds bytes that are no characters")
	}
	if n := int64(utf8.RuneCountInString(text)); f.col.Length > 0 && n > f.col.Length {
		return record.Null, fmt.Errorf("the text has %d characters and the column takes %d", n, f.col.Length)
	}
	return record.Text(text), nil
}

// plain writes a scalar as text.
func plain(v any) (string, error) {
	switch x := v.(type) {
	case string:
		return x, nil
	case []byte:
		return string(x), nil
	case odooclient.Double:
		return string(x), nil
	case json.Number:
		return x.String(), nil
	case bool:
		return strconv.FormatBool(x), nil
	case int64:
		return strconv.FormatInt(x, 10), nil
	case time.Time:
		return x.UTC().Format(time.DateTime), nil
	}
	return "", fmt.Errorf("a %T is no single value", v)
}

func canonBool(v any) (record.Value, error) {
	switch x := v.(type) {
	case bool:
		if x {
			return record.Text("1"), nil
		}
		return record.Text("0"), nil
	case int64:
		return canonBool(x != 0)
	}
	text, err := plain(v)
	if err != nil {
		return record.Null, err
	}
	switch strings.ToLower(text) {
	case "1", "true":
		return record.Text("1"), nil
	case "0", "false", "":
		return record.Text("0"), nil
	}
	return record.Null, fmt.Errorf("%q is neither true nor false", text)
}

func canonInt(v any) (record.Value, error) {
	text, err := plain(v)
	if err != nil {
		return record.Null, err
	}
	d, err := parseDecimal(text)
	if err != nil {
		return record.Null, err
	}
	if !d.IsInteger() || d.Abs().GreaterThan(decimal.NewFromInt(1<<62)) {
		return record.Null, fmt.Errorf("%s is no whole number in range", text)
	}
	return record.Text(d.Truncate(0).String()), nil
}

// maxDigits bounds what parseDecimal takes: 1e400 would be 400 digits of money.
const maxDigits = 64

// parseDecimal reads a number's text without a float. Its size is bounded
// before anything is computed with it.
func parseDecimal(text string) (decimal.Decimal, error) {
	if len(text) == 0 || len(text) > maxDigits {
		return decimal.Decimal{}, fmt.Errorf("%.20q is no number", text)
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return decimal.Decimal{}, fmt.Errorf("%q is no number", text)
	}
	if d.Exponent() > maxDigits || d.Exponent() < -maxDigits*4 {
		return decimal.Decimal{}, fmt.Errorf("%q is out of range", text)
	}
	return d, nil
}

func canonDecimal(v any, precision, scale int) (record.Value, error) {
	text, err := plain(v)
	if err != nil {
		return record.Null, err
	}
	d, err := parseDecimal(text)
	if err != nil {
		return record.Null, err
	}
	d = d.Round(int32(scale)) // half away from zero, as Odoo rounds
	if limit := decimal.New(1, int32(precision-scale)); d.Abs().GreaterThanOrEqual(limit) {
		return record.Null, fmt.Errorf("%s has more than %d digits before the point", text, precision-scale)
	}
	if d.IsZero() {
		d = decimal.Zero
	}
	return record.Text(d.StringFixed(int32(scale))), nil
}

// timeForms are what Odoo, the guide's sender and RFC 3339 write. Those without
// an offset are UTC.
var timeForms = []string{time.DateTime, time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", time.DateOnly}

func parseTime(v any) (time.Time, error) {
	if t, ok := v.(time.Time); ok {
		return t.UTC(), nil
	}
	text, err := plain(v)
	if err != nil {
		return time.Time{}, err
	}
	for _, form := range timeForms {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date or time", text)
}

func canonTime(v any) (record.Value, error) {
	t, err := inRange(parseTime(v))
	if err != nil || t.IsZero() {
		return record.Null, err
	}
	return record.Text(t.Format(time.DateTime)), nil
}

func canonDate(v any) (record.Value, error) {
	t, err := inRange(parseTime(v))
	if err != nil || t.IsZero() {
		return record.Null, err
	}
	return record.Text(t.Format(time.DateOnly)), nil
}

// inRange keeps to the years MySQL's DATETIME holds.
func inRange(t time.Time, err error) (time.Time, error) {
	if err == nil && !t.IsZero() && (t.Year() < 1000 || t.Year() > 9999) {
		return t, fmt.Errorf("the year %d is out of range", t.Year())
	}
	return t, err
}

// canonList writes a set of texts: sorted, without doubles, as JSON.
func canonList(v any) (record.Value, error) {
	var list []string
	switch x := v.(type) {
	case []byte:
		return canonJSON(x)
	case string:
		return canonJSON([]byte(x))
	case []string:
		list = slices.Clone(x)
	case []any:
		for _, e := range x {
			text, err := plain(e)
			if err != nil {
				return record.Null, err
			}
			list = append(list, text)
		}
	default:
		return record.Null, fmt.Errorf("a %T is no list", v)
	}
	slices.Sort(list)
	list = slices.Compact(list)
	if list == nil {
		list = []string{}
	}
	encoded, err := json.Marshal(list)
	return record.Text(string(encoded)), err
}

func canonJSON(data []byte) (record.Value, error) {
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	var list []any
	if err := decoder.Decode(&list); err != nil {
		return record.Null, fmt.Errorf("%.40q is no JSON list of texts", data)
	}
	if list == nil {
		return record.Null, nil
	}
	return canonList(list)
}
