package mapping

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// on is a field on a column of that type, written as in CREATE TABLE.
func on(sqlType string) *Field {
	c := columnOf("c", sqlType)
	f := &Field{Name: "c", Column: "c", Kind: KindPlain, col: c, table: "t", options: c.options()}
	f.Type, _ = c.canonicalType()
	return f
}

// columnOf describes a column as information_schema would.
func columnOf(name, definition string) Column {
	full, rest, _ := strings.Cut(definition, " ")
	if strings.HasPrefix(rest, "unsigned") {
		full += " unsigned"
	}
	c := Column{Name: name, FullType: full, Nullable: !strings.Contains(rest, "not null"), Default: strings.Contains(rest, "default")}
	c.Fresh = c.Default && name == "id"
	kind, size, _ := strings.Cut(full, "(")
	c.Type = strings.TrimSuffix(kind, " unsigned")
	switch c.Type {
	case "varchar", "char":
		_, _ = fmt.Sscanf(size, "%d", &c.Length)
	case "decimal":
		_, _ = fmt.Sscanf(size, "%d,%d", &c.Precision, &c.Scale)
	case "tinytext":
		c.Length = 255
	case "text":
		c.Length = 65535
	case "longtext":
		c.Length = 1<<32 - 1
	}
	return c
}

type double = odooclient.Double

// Each line is a column, a value as Odoo, a webhook or the driver gives it, and
// its canonical text, NULL, or the error.
func TestCanonicalValues(t *testing.T) {
	const money, price = "decimal(16,2)", "decimal(20,6)"
	paris := time.FixedZone("", 3600)
	for _, c := range []struct {
		column string
		in     any
		want   string // "NULL", or "!" and part of the error
	}{
		{money, double("5000.0"), "5000.00"},
		{money, double("0.0"), "0.00"},
		{money, double("-0.0"), "0.00"},
		{money, double("-0"), "0.00"},
		{money, double("-0.004"), "0.00"},
		{money, double("2.675"), "2.68"}, // a binary float would round it down
		{money, double("1.005"), "1.01"},
		{money, double("-1.005"), "-1.01"},
		{money, double("0.1"), "0.10"},
		{money, double("1e3"), "1000.00"},
		{money, double("1E-2"), "0.01"},
		{money, double("1.5e+2"), "150.00"},
		{money, int64(7), "7.00"},
		{money, json.Number("4166.67"), "4166.67"},
		{money, []byte("12.30"), "12.30"},
		{money, "99999999999999.99", "99999999999999.99"},
		{money, "-99999999999999.99", "-99999999999999.99"},
		{money, "99999999999999.995", "!more than 14 digits"}, // rounds up out of range
		{money, double("1e+16"), "!more than 14 digits"},
		{money, double("1e400"), "!out of range"},
		{money, json.Number("1e-400"), "!out of range"},
		{money, json.Number("1e999999999999"), "!no number"},
		{money, double("nan"), "!no number"},
		{money, double("inf"), "!no number"},
		{money, "1,50", "!no number"},
		{money, "0x10", "!no number"},
		{money, "1_000", "!no number"},
		{money, " 1", "!no number"},
		{money, strings.Repeat("9", 100), "!no number"},
		{money, true, "!no number"},
		{money, []any{int64(1), "EUR"}, "!not a list"},
		{money, map[string]any{}, "!not an object"},
		{money, 1.5, "!float64 is not supported"},
		{money, false, "NULL"},
		{money, nil, "NULL"},
		{money, "", "NULL"},
		{"decimal(16,2) unsigned", double("-1"), "!takes no sign"},
		{"decimal(16,2) unsigned", double("-0.001"), "0.00"},
		{price, double("33.333333333333336"), "33.333333"},
		{price, double("0.0000005"), "0.000001"},
		{price, double("12345678901234.123456"), "12345678901234.123456"},

		{"int(11)", int64(42), "42"},
		{"int(11)", double("42.0"), "42"},
		{"int(11)", "-1", "-1"},
		{"int(11)", []byte("0"), "0"},
		{"int(11)", double("1.5"), "!no whole number"},
		{"int(11)", int64(1) << 31, "!-2147483648 to 2147483647"},
		{"int(10) unsigned", int64(1)<<32 - 1, "4294967295"},
		{"int(10) unsigned", int64(-1), "!0 to 4294967295"},
		{"tinyint(4)", int64(128), "!-128 to 127"},
		{"smallint(6)", int64(-32768), "-32768"},
		{"bigint(20)", "9223372036854775807", "9223372036854775807"},
		{"bigint(20)", "9223372036854775808", "!out of range"},
		{"bigint(20) unsigned", uint64(1<<64 - 1), "18446744073709551615"},
		{"bigint(20)", false, "NULL"},

		{"tinyint(1)", true, "1"},
		{"tinyint(1)", false, "0"}, // of a boolean, False is a value
		{"tinyint(1)", nil, "NULL"},
		{"tinyint(1)", int64(0), "0"},
		{"tinyint(1)", int64(1), "1"},
		{"tinyint(1)", []byte("1"), "1"},
		{"tinyint(1)", "false", "0"},
		{"tinyint(1)", "True", "1"},
		{"tinyint(1)", "yes", "!neither true nor false"},

		{"datetime", "2025-01-22 10:30:00", "2025-01-22 10:30:00"},
		{"datetime", "2025-01-22T10:30:00Z", "2025-01-22 10:30:00"},
		{"datetime", "2025-01-22T10:30:00.999Z", "2025-01-22 10:30:00"},
		{"datetime", "2025-01-22T10:30:00+02:00", "2025-01-22 08:30:00"},
		{"datetime", "2025-01-22T10:30:00.123456", "2025-01-22 10:30:00"},
		{"datetime", "2025-01-22 10:30:00.123456+00:00", "2025-01-22 10:30:00"},
		{"datetime", "2025-01-22 10:30:00-05:00", "2025-01-22 15:30:00"},
		{"datetime", "2025-01-22", "2025-01-22 00:00:00"},
		{"datetime", time.Date(2025, 1, 22, 11, 30, 0, 5, paris), "2025-01-22 10:30:00"},
		{"datetime", time.Time{}, "NULL"},
		{"datetime", false, "NULL"},
		{"datetime", "", "NULL"},
		{"datetime", "2025-02-30 10:00:00", "!no date or time"},
		{"datetime", "22/01/2025", "!no date or time"},
		{"datetime", "0999-01-01 00:00:00", "!year 999 is out of range"},
		{"datetime", "9999-12-31T23:30:00-01:00", "!year 10000 is out of range"},
		{"datetime", strings.Repeat("2", 1000), "!no date or time"},
		{"datetime", int64(1737541800), "!no date or time"},
		{"timestamp", "2038-01-19 03:14:07", "2038-01-19 03:14:07"},
		{"timestamp", "2038-01-19 03:14:08", "!use DATETIME"},
		{"timestamp", "1969-12-31 23:00:00", "!use DATETIME"},

		{"date", "2025-01-22", "2025-01-22"},
		{"date", "2025-01-22 23:59:59", "2025-01-22"},
		{"date", "2025-01-22T00:00:00+02:00", "2025-01-22"}, // the day as written
		{"date", time.Date(2025, 1, 22, 0, 0, 0, 0, time.UTC), "2025-01-22"},
		{"date", false, "NULL"},
		{"date", "2025-13-01", "!no date or time"},

		{"varchar(5)", "été", "été"},
		{"varchar(5)", "a\r\nb\rc", "a\nb\nc"},
		{"varchar(5)", "12345\r\n", "!6 characters and the column takes 5"},
		{"varchar(5)", "ééééé", "ééééé"},
		{"varchar(5)", "😀😀😀😀😀😀", "!6 characters and the column takes 5"},
		{"varchar(5)", "", "NULL"},
		{"varchar(5)", false, "NULL"},
		{"varchar(5)", " ", " "},
		{"varchar(5)", int64(12), "12"},
		{"varchar(5)", "a\x00b", "!no characters"},
		{"varchar(5)", "\xff", "!no characters"},
		{"varchar(5)", []any{"a"}, "!not a list"},
		{"tinytext", strings.Repeat("é", 127), strings.Repeat("é", 127)},
		{"tinytext", strings.Repeat("é", 128), "!256 bytes and the column takes 255"},
		{"enum('draft','sale')", "sale", "sale"},
		{"enum('draft','sale')", "sent", "!the column's values are draft, sale"},
		{"enum('draft','sale')", false, "NULL"},
		{"enum('l''été')", "l'été", "l'été"},

		{"json", []any{"b", "a", "b"}, `["a","b"]`},
		{"json", []any{}, `[]`},
		{"json", []string{"20%", "<é>"}, `["20%","\u003cé\u003e"]`},
		{"json", []byte(`["b", "a"]`), `["a","b"]`},
		{"json", []byte(`["<é>"]`), `["\u003cé\u003e"]`},
		{"json", []any{int64(2), double("1.50")}, `["1.50","2"]`},
		{"json", []byte(`null`), "NULL"},
		{"json", nil, "NULL"},
		{"json", []byte(`{"a":1}`), "!no JSON list"},
		{"json", []byte(`["a"] x`), "!no JSON list"},
		{"json", []byte(`[["a"]]`), "!not a list"},
		{"json", []byte(`[null]`), "!not an empty one"},
		{"json", int64(1), "!a list was expected"},
	} {
		t.Run(fmt.Sprintf("%s/%.30v", c.column, c.in), func(t *testing.T) {
			f := on(c.column)
			got, err := f.canonical(c.in)
			if part, wrong := strings.CutPrefix(c.want, "!"); wrong {
				require.ErrorContains(t, err, part)
				require.NotContains(t, err.Error(), "interface")
				return
			}
			require.NoError(t, err)
			want := record.Text(c.want)
			if c.want == "NULL" {
				want = record.Null
			}
			require.Equal(t, want, got)
			requireStable(t, f, got)
		})
	}
}

// requireStable checks that a canonical value is its own canonical value, as a
// text and as the driver's bytes.
func requireStable(t testing.TB, f *Field, v record.Value) {
	t.Helper()
	if v.IsNull() {
		return
	}
	again, err := f.canonical(v.Text())
	require.NoError(t, err)
	require.Equal(t, v, again)
	require.Equal(t, v, f.fromColumn([]byte(v.Text())))
}

func TestNullInAColumnThatCannotBeNull(t *testing.T) {
	for column, want := range map[string]any{"varchar(5) not null": "", "tinyint(1) not null": "0", "varchar(5)": nil, "date": nil, "tinyint(1)": nil} {
		require.Equal(t, want, on(column).Arg(record.Null), column)
	}
}

func TestHTMLBecomesText(t *testing.T) {
	for in, want := range map[string]string{
		"":                                       "",
		"plain":                                  "plain",
		"<p>Bonjour,</p><p>à bientôt</p>":        "Bonjour,\n\nà bientôt",
		"a<br>b<br/>c":                           "a\nb\nc",
		"<p>Fish &amp; chips &lt;3 &eacute;</p>": "Fish & chips <3 é",
		"<ul><li>one</li><li>two</li></ul>":      "- one\n- two",
		"a\n  b\t c":                             "a b c",
		"a&nbsp;b":                               "a b",
		"<script>alert(1)</script>x<style>p{}</style>y":                   "xy",
		"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>": "a b\n\nc",
		"<p>unclosed <b>bold": "unclosed bold",
		"a < b":               "a < b",
		"<!-- hidden -->x":    "x",
		"<p>\r\n</p>":         "",
		"&#0;":                "\ufffd",
	} {
		require.Equal(t, want, htmlToText(in), in)
	}
}

func TestRelationsInEveryForm(t *testing.T) {
	for _, c := range []struct {
		in    any
		id    int64
		empty bool
	}{
		{int64(7), 7, false}, {[]any{int64(7), "Seven"}, 7, false}, {[]any{int64(7), nil}, 7, false},
		{false, 0, true}, {nil, 0, true},
		{true, 0, false}, {"7", 0, false}, {double("7.5"), 0, false}, {[]any{int64(7), int64(8)}, 0, false}, {[]any{}, 0, false},
	} {
		id, empty := relationID(c.in)
		require.Equal(t, c.id, id, "%v", c.in)
		require.Equal(t, c.empty, empty, "%v", c.in)
	}
	ids, ok := relationIDs([]any{int64(3), int64(1)})
	require.True(t, ok)
	require.Equal(t, []int64{3, 1}, ids)
	_, ok = relationIDs([]any{"3"})
	require.False(t, ok)
}

func TestLookupValues(t *testing.T) {
	for _, c := range []struct {
		in   any
		want record.Value
	}{
		{"FR", record.Text("FR")}, {false, record.Null}, {nil, record.Null}, {"", record.Null}, {true, record.Text("1")},
		{int64(3), record.Text("3")}, {[]any{int64(3), "x"}, record.Text("3")}, {double("1.5"), record.Text("1.5")}, {map[string]any{}, record.Null},
	} {
		require.Equal(t, c.want, LookupValue(c.in), "%v", c.in)
	}
}
