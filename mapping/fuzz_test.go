package mapping

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// A mapping file, whatever it holds, is refused with a sentence or gives a Spec
// that binds, or is refused, without a panic.
func FuzzParse(f *testing.F) {
	f.Add([]byte(sample))
	if data, err := os.ReadFile("../configs/mapping.yaml"); err == nil {
		f.Add(data)
	}
	for _, seed := range []string{"entities: {x: {model: a, table: people, fields: {name: {odoo: name}}}}", "entities: &a {x: *a}", "a: &a [*a, *a]",
		"entities: {people: {model: res.partner, table: people, domain: ['|', [a.b, in, [1]]], fields: {n: {path: a.b.c, reference: people}}}}",
		"entities: {o: {model: sale.order, table: orders, fields: {state: {odoo: state, null_if: x, cases: [{when: [[a, =, 1]], value: }]}}}}",
		"? [a]\n: b", "<<: {entities: {}}", "entities:\n  x: !!binary aGk="} {
		f.Add([]byte(seed))
	}
	schema := sampleSchema()
	f.Fuzz(func(t *testing.T, data []byte) {
		spec, err := Parse(data)
		if err != nil {
			require.Equal(t, record.CodeConfig, record.CodeOf(err))
			require.Nil(t, spec)
			return
		}
		spec.Models(schema.Models)
		for _, s := range []Schema{schema, {Tables: schema.Tables}} {
			if _, err := spec.Compile(s); err != nil {
				require.Equal(t, record.CodeConfig, record.CodeOf(err))
			}
		}
	})
}

// A number's text is rejected or becomes a decimal that is its own canonical
// form, has the column's scale, and lies within half a unit of what was sent.
func FuzzDecimal(f *testing.F) {
	for _, seed := range []string{"5000.0", "-0", "2.675", "1e16", "1e400", "1e-400", "99999999999999.995", "0x1", "1_0", "+5", ".5", "5.", "٣", "nan", "-.0e1"} {
		f.Add(seed)
	}
	money, price := on("decimal(16,2)"), on("decimal(20,6) unsigned")
	f.Fuzz(func(t *testing.T, text string) {
		for _, field := range []*Field{money, price} {
			v, err := field.canonical(odooclient.Double(text))
			if err != nil {
				continue
			}
			requireStable(t, field, v)
			_, digits, ok := strings.Cut(v.Text(), ".")
			require.True(t, ok && len(digits) == field.col.Scale, v.Text())
			require.False(t, strings.HasPrefix(v.Text(), "-0.00") && strings.Trim(v.Text(), "-0.") == "", "minus zero")
			sent, err := decimal.NewFromString(text)
			require.NoError(t, err)
			kept, err := decimal.NewFromString(v.Text())
			require.NoError(t, err)
			half := decimal.New(5, int32(-field.col.Scale-1))
			require.True(t, sent.Sub(kept).Abs().LessThanOrEqual(half), "%s became %s", text, v)
		}
	})
}

// A time's text is rejected or becomes a time, date or timestamp that is its
// own canonical form.
func FuzzTime(f *testing.F) {
	for _, seed := range []string{"2025-01-22 10:30:00", "2025-01-22T10:30:00Z", "2025-01-22T10:30:00.123456+02:00", "2025-01-22", "0000-00-00 00:00:00",
		"0001-01-01 00:00:00", "9999-12-31T23:59:59-12:00", "1000-01-01T00:00:00+14:00", "2025-01-22 24:00:00", "2025-01-22T10:30:60Z"} {
		f.Add(seed)
	}
	fields := []*Field{on("datetime"), on("timestamp"), on("date")}
	f.Fuzz(func(t *testing.T, text string) {
		for _, field := range fields {
			if v, err := field.canonical(text); err == nil {
				requireStable(t, field, v)
				require.True(t, v.IsNull() || len(v.Text()) == 19 || field.Type == TypeDate && len(v.Text()) == 10, v.Text())
			}
		}
	})
}

// A text is rejected or becomes one with \n for line ends that fits its column
// and is its own canonical form; so does a list.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "a\r\nb\rc", "\r\r\n", "é\x00", "\xff", "😀😀😀😀😀😀😀😀😀", `["b","a"]`, `["\ud800"]`, `[1.50, true]`, "null", `[]x`} {
		f.Add(seed)
	}
	fields := []*Field{on("varchar(8)"), on("tinytext"), on("enum('a','l''b')"), on("json")}
	f.Fuzz(func(t *testing.T, text string) {
		for _, field := range fields {
			v, err := field.canonical(text)
			if err != nil {
				continue
			}
			requireStable(t, field, v)
			require.True(t, utf8.ValidString(v.Text()))
			require.NotContains(t, v.Text(), "\r")
			if field.Type == TypeList && !v.IsNull() {
				var list []string
				require.NoError(t, json.Unmarshal([]byte(v.Text()), &list))
			}
		}
	})
}

// HTML always has a text, without tags' line ends, doubled blanks or blank
// ends, which stays as it is when tidied again.
func FuzzHTML(f *testing.F) {
	for _, seed := range []string{"<p>a</p>", "<ul><li>a<li>b", "a &amp; b &#0; &lt;", "<script>x</script>y", "<style>", "<!--", "<br", "a\u00a0b", "<textarea><p>x"} {
		f.Add(seed)
	}
	note := on("longtext")
	f.Fuzz(func(t *testing.T, source string) {
		got := htmlToText(source)
		require.Equal(t, got, tidyLines(got))
		if v, err := note.canonical(got); err == nil {
			requireStable(t, note, v)
		}
	})
}

// A payload is rejected with a code and a sentence, or gives canonical values:
// each is what its own column gives back. It never panics.
func FuzzDecodePayload(f *testing.F) {
	for _, seed := range []string{`{"id": 5, "amount_total": 5000.00, "state": "sale", "date_order": "2025-01-22T10:00:00Z", "partner_id": 45, "lines": [{"quantity": 3}]}`,
		`{"id": -1, "partner_id": [47, "x"], "partner_name": "y", "lines": [{"helper_id": 48}, {"taxes": [1]}]}`,
		`{"amount_total": 1e400, "user_id": [1], "order_line": [[6, 0, [1]]], "note": "<p>", "size": {}}`,
		`{"partner_id": {"id": 1}, "state": null, "lines": [null]}`, `{"id": 99999999999999999999, "partner_id": -0}`,
		`{"country_code": "FR", "tags": ["b", "a"], "active": null, "parent_id": 5, "parent_name": "é"}`} {
		f.Add(seed)
	}
	m := sampleMapping(f, true)
	f.Fuzz(func(t *testing.T, text string) {
		data, err := dataOf(text)
		if err != nil || data == nil {
			return
		}
		for _, e := range m.Entities {
			e.PayloadBelongs(data)
			rec, stubs, err := m.DecodePayload(e, data, known)
			if err != nil {
				require.Equal(t, record.CodeRejected, record.CodeOf(err))
				continue
			}
			requireCanonical(t, e.Fields, rec.Fields)
			for _, line := range rec.Lines["order_line"] {
				requireCanonical(t, e.Child("order_line").Fields, line.Fields)
			}
			for _, s := range stubs {
				requireCanonical(t, m.ByName(s.Entity).Fields, s.Fields)
			}
		}
	})
}

func requireCanonical(t *testing.T, fields []*Field, values record.Fields) {
	t.Helper()
	for name, v := range values {
		requireStable(t, findField(fields, name), v)
	}
}
