package mapping

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	if v == nil || v == "" || v == false && f.Type != TypeBool {
		return record.Null, nil
	}
	switch f.Type {
	case TypeText:
		return f.canonText(v)
	case TypeBool:
		return canonBool(v)
	case TypeInt:
		return canonInt(v, f.col)
	case TypeDecimal:
		return canonDecimal(v, f.col)
	case TypeDate:
		return canonDate(v)
	case TypeTime:
		return canonTime(v, f.col)
	case TypeList:
		list, err := canonList(v)
		if err != nil {
			return record.Null, err
		}
		return list, fits(list.Text(), f.col)
	}
	return record.Null, fmt.Errorf("the column has the unknown type %s", f.Type)
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func (f *Field) canonText(v any) (record.Value, error) {
	text, err := plain(v)
	if err != nil {
		return record.Null, err
	}
	if text, err = cleanText(text); err != nil {
		return record.Null, err
	}
	if text == "" || slices.Contains(f.nullIf, text) {
		return record.Null, nil
	}
	if f.options != nil && !slices.ContainsFunc(f.options, func(o string) bool { return strings.EqualFold(o, text) }) {
		return record.Null, fmt.Errorf("the column's values are %s, and %.40q is none of them", strings.Join(f.options, ", "), text)
	}
	return record.Text(text), fits(text, f.col)
}

// cleanText makes every line end a \n and refuses what no text column takes.
func cleanText(text string) (string, error) {
	if strings.IndexByte(text, '\r') >= 0 {
		text = lineEnds.Replace(text)
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return "", fmt.Errorf("the text holds bytes that are no characters")
	}
	return text, nil
}

// fits refuses a text that the column would cut off.
func fits(text string, col Column) error {
	if col.Length <= 0 {
		return nil
	}
	if n := int64(len(text)); col.inBytes() && n > col.Length {
		return fmt.Errorf("the text has %d bytes and the column takes %d", n, col.Length)
	}
	if n := int64(utf8.RuneCountInString(text)); n > col.Length {
		return fmt.Errorf("the text has %d characters and the column takes %d", n, col.Length)
	}
	return nil
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
	case uint64:
		return strconv.FormatUint(x, 10), nil
	case time.Time:
		return x.UTC().Format(time.DateTime), nil
	case nil:
		return "", fmt.Errorf("a single value was expected, not an empty one")
	case []any, []string:
		return "", fmt.Errorf("a single value was expected, not a list")
	case map[string]any:
		return "", fmt.Errorf("a single value was expected, not an object")
	}
	return "", fmt.Errorf("a value of the type %T is not supported", v)
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

func canonInt(v any, col Column) (record.Value, error) {
	if n, ok := v.(int64); ok && col.holds(n) {
		return record.Text(strconv.FormatInt(n, 10)), nil
	}
	text, err := plain(v)
	if err != nil {
		return record.Null, err
	}
	d, err := parseDecimal(text)
	if err != nil {
		return record.Null, err
	}
	if !d.IsInteger() {
		return record.Null, fmt.Errorf("%s is no whole number", text)
	}
	n := d.BigInt()
	if low, high := col.intRange(); n.Cmp(low) < 0 || n.Cmp(high) > 0 {
		return record.Null, fmt.Errorf("%s is out of range: the column takes %v to %v", text, low, high)
	}
	return record.Text(n.String()), nil
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

func canonDecimal(v any, col Column) (record.Value, error) {
	text, err := plain(v)
	if err != nil {
		return record.Null, err
	}
	d, err := parseDecimal(text)
	if err != nil {
		return record.Null, err
	}
	d = d.Round(int32(col.Scale)) // half away from zero, as Odoo rounds
	if limit := decimal.New(1, int32(col.Precision-col.Scale)); d.Abs().GreaterThanOrEqual(limit) {
		return record.Null, fmt.Errorf("%s has more than %d digits before the point", text, col.Precision-col.Scale)
	}
	if col.unsigned() && d.IsNegative() {
		return record.Null, fmt.Errorf("%s is negative and the column takes no sign", text)
	}
	return record.Text(d.StringFixed(int32(col.Scale))), nil
}

// timeForms are what Odoo, the guide's sender, Python and RFC 3339 write. Those
// without an offset are UTC.
var timeForms = []string{time.DateTime, time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00", time.DateOnly}

// maxTime is longer than the longest of them.
const maxTime = 40

// parseTime reads a time as it was written: with its own offset, or UTC.
func parseTime(v any) (time.Time, error) {
	if t, ok := v.(time.Time); ok {
		return t.UTC(), nil
	}
	text, err := plain(v)
	if err != nil {
		return time.Time{}, err
	}
	if len(text) <= maxTime {
		for _, form := range timeForms {
			if t, err := time.Parse(form, text); err == nil {
				return t, nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("%.40q is no date or time", text)
}

func canonTime(v any, col Column) (record.Value, error) {
	t, err := parseTime(v)
	if err != nil || t.IsZero() {
		return record.Null, err
	}
	t = t.UTC()
	if err := inRange(t, col); err != nil {
		return record.Null, err
	}
	return record.Text(t.Format(time.DateTime)), nil
}

// canonDate keeps the day as it was written: an offset does not move it.
func canonDate(v any) (record.Value, error) {
	t, err := parseTime(v)
	if err != nil || t.IsZero() {
		return record.Null, err
	}
	if err := inRange(t, Column{}); err != nil {
		return record.Null, err
	}
	return record.Text(t.Format(time.DateOnly)), nil
}

// lastTimestamp is the end of MySQL's TIMESTAMP.
var lastTimestamp = time.Date(2038, 1, 19, 3, 14, 7, 0, time.UTC)

// inRange keeps to the years that MySQL's DATETIME, or TIMESTAMP, holds.
func inRange(t time.Time, col Column) error {
	if t.Year() < 1000 || t.Year() > 9999 {
		return fmt.Errorf("the year %d is out of range", t.Year())
	}
	if col.Type == "timestamp" && (t.Unix() < 1 || t.Unix() > lastTimestamp.Unix()) {
		return fmt.Errorf("%s is out of a TIMESTAMP's range, 1970 to 2038: use DATETIME", t.Format(time.DateTime))
	}
	return nil
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
				return record.Null, fmt.Errorf("in the list, %w", err)
			}
			list = append(list, text)
		}
	default:
		return record.Null, fmt.Errorf("a list was expected")
	}
	for i, text := range list {
		var err error
		if list[i], err = cleanText(text); err != nil {
			return record.Null, err
		}
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
	wrong := fmt.Errorf("%.40q is no JSON list of texts", data)
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var list []any
	if err := decoder.Decode(&list); err != nil {
		return record.Null, wrong
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return record.Null, wrong
	}
	if list == nil {
		return record.Null, nil
	}
	return canonList(list)
}
