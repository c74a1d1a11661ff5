package mapping

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"odoosync/internal/record"
)

func domainOf(t testing.TB, text string) Domain {
	t.Helper()
	var terms []any
	require.NoError(t, yaml.Unmarshal([]byte(text), &terms))
	d, err := parseDomain(terms)
	require.NoError(t, err)
	return d
}

// dataOf reads a payload's data as the receiver does.
func dataOf(text string) (map[string]any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var data map[string]any
	err := decoder.Decode(&data)
	return data, err
}

// Each line is an order's payload, the fields it makes known and its lines,
// without an Odoo to ask.
func TestDecodePayload(t *testing.T) {
	m := sampleMapping(t, true)
	text := record.Text
	for name, c := range map[string]struct {
		data   string
		fields record.Fields
		lines  []record.Line
	}{
		"nothing named, nothing known": {`{"id": 5}`, record.Fields{}, nil},
		"numbers keep their digits":    {`{"id": 5, "amount_total": 12345678901234.56}`, record.Fields{"total": text("12345678901234.56")}, nil},
		"null is empty":                {`{"id": 5, "amount_total": null, "note": null}`, record.Fields{"total": record.Null, "note": record.Null}, nil},
		"an empty text is empty":       {`{"id": 5, "amount_total": "", "note": ""}`, record.Fields{"total": record.Null, "note": record.Null}, nil},
		"values are translated":        {`{"id": 5, "state": "done"}`, record.Fields{"state": text("sale")}, nil},
		"a condition that holds":       {`{"id": 5, "state": "sale", "date_order": "2025-01-22T10:00:00Z"}`, record.Fields{"state": text("sale"), "ordered": text("2025-01-22 10:00:00")}, nil},
		"a condition that is unknown":  {`{"id": 5, "date_order": "2025-01-22T10:00:00Z"}`, record.Fields{}, nil},
		"many2one as id":               {`{"id": 5, "partner_id": 45, "user_id": 2}`, record.Fields{"customer": text("1045"), "seller": text("2")}, nil},
		"many2one as pair":             {`{"id": 5, "partner_id": [45, "É"], "user_id": [2, "A"]}`, record.Fields{"customer": text("1045"), "seller": text("2")}, nil},
		"many2one empty":               {`{"id": 5, "partner_id": false, "user_id": null}`, record.Fields{"customer": record.Null, "seller": record.Null, "size": text("small")}, nil},
		"a column's own name":          {`{"id": 5, "size": "small"}`, record.Fields{"size": text("small")}, nil},
		"unknown keys":                 {`{"id": 5, "old_values": {"amount_total": 1}, "x": [1]}`, record.Fields{}, nil},
		"lines under another name": {`{"id": 5, "lines": [{"name": "a", "quantity": 3}, {"id": 9, "product_uom_qty": 1.5}]}`, record.Fields{},
			[]record.Line{{Fields: record.Fields{"name": text("a"), "quantity": text("3.000000")}}, {OdooID: 9, Fields: record.Fields{"quantity": text("1.500000")}}}},
		"ids beside lines":          {`{"id": 5, "order_line": [1, 2], "lines": [{"name": "a"}]}`, record.Fields{}, []record.Line{{Fields: record.Fields{"name": text("a")}}}},
		"ids alone leave them":      {`{"id": 5, "order_line": [1, 2]}`, record.Fields{}, nil},
		"null lines leave them":     {`{"id": 5, "lines": null}`, record.Fields{}, nil},
		"an empty list is no lines": {`{"id": 5, "lines": []}`, record.Fields{}, []record.Line{}},
		"a lookup cannot be asked":  {`{"id": 5, "lines": [{"tax_ids": [1]}]}`, record.Fields{}, []record.Line{{Fields: record.Fields{}}}},
	} {
		data, err := dataOf(c.data)
		require.NoError(t, err, name)
		rec, stubs, err := m.DecodePayload(m.ByName("orders"), data, rows{known: known.known})
		require.NoError(t, err, name)
		require.Empty(t, stubs, name)
		require.Equal(t, int64(5), rec.OdooID, name)
		require.Equal(t, c.fields, rec.Fields, name)
		require.Equal(t, c.lines, rec.Lines["order_line"], name)
	}
}

// Parents without a row become stubs with what the payload says of them, those
// of lines too.
func TestDecodePayloadMakesStubs(t *testing.T) {
	m := sampleMapping(t, true)
	data, err := dataOf(`{"id": 5, "partner_id": 47, "partner_name": "École", "helper_name": "Léa", "lines": [{"helper_id": 48}]}`)
	require.NoError(t, err)
	rec, stubs, err := m.DecodePayload(m.ByName("orders"), data, known)
	require.NoError(t, err)
	require.Equal(t, record.Null, rec.Fields["customer"])
	require.Equal(t, []Stub{
		{Entity: "people", OdooID: 47, Fields: record.Fields{"name": record.Text("École")}},
		{Entity: "people", OdooID: 48, Fields: record.Fields{"name": record.Text("Léa")}},
	}, stubs)
}

func TestDecodePayloadRejects(t *testing.T) {
	m := sampleMapping(t, true)
	for text, want := range map[string]string{
		`{"id": 5, "amount_total": "a lot"}`:                   `sale.order 5 (orders), field total: "a lot" is no number`,
		`{"id": 5, "amount_total": 1e400}`:                     "field total",
		`{"id": 5, "amount_total": {}}`:                        "field total: a single value was expected, not an object",
		`{"id": 5, "partner_id": 1.5}`:                         "field customer: 1.5 is no record's id",
		`{"id": 5, "user_id": "45"}`:                           "field seller: 45 is no record's id",
		`{"id": 5, "state": "sale", "date_order": "tomorrow"}`: `field ordered: "tomorrow" is no date or time`,
		`{"id": 5, "size": "enormous!"}`:                       "field size: the text has 9 characters and the column takes 8",
		`{"id": 5, "lines": [{}, {"quantity": "x"}]}`:          "line 2: sale.order 5 (orders), field quantity",
	} {
		data, err := dataOf(text)
		require.NoError(t, err, text)
		_, _, err = m.DecodePayload(m.ByName("orders"), data, known)
		require.ErrorContains(t, err, want, text)
		require.Equal(t, record.CodeRejected, record.CodeOf(err))
	}
}

func TestPayloadBelongs(t *testing.T) {
	e := sampleMapping(t, true).ByName("orders")
	for text, want := range map[string]Belonging{`{"state": "sale"}`: Inside, `{"state": "cancel"}`: Outside, `{}`: Unsaid} {
		data, err := dataOf(text)
		require.NoError(t, err)
		belongs, born := e.PayloadBelongs(data)
		require.Equal(t, want, belongs, text)
		require.True(t, born, "the entity has no create_when")
	}
}
