package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

var known = rows{
	names: map[string]string{"res.country.code.75": "FR", "res.partner.category.name.2": "School", "res.partner.category.name.1": "Friend",
		"res.partner.is_company.45": "1", "res.partner.is_company.46": "", "account.tax.name.1": "20%",
		"sale.order.line.order_id.7": "70", "sale.order.line.order_id.8": "70", "sale.order.line.order_id.9": "71"},
	known: map[int64]string{45: "1045", 46: "1046", 70: "1070", 71: "1071"},
}

func order(more odooclient.Raw) odooclient.Raw {
	raw := odooclient.Raw{"id": int64(5), "state": "done", "partner_id": []any{int64(45), "École"}, "amount_total": odooclient.Double("5000.0"),
		"date_order": "2025-01-22 10:00:00", "user_id": false, "note": "<p>a</p>", "access_url": "/my/5",
		"write_date": "2025-01-22 10:00:01", "create_date": "2025-01-01 00:00:00"}
	for k, v := range more {
		if raw[k] = v; v == nil {
			delete(raw, k)
		}
	}
	return raw
}

func TestDecodeEveryKind(t *testing.T) {
	m := sampleMapping(t, false)
	lines := map[string][]odooclient.Raw{"order_line": {
		{"id": int64(1), "name": "Bus\r\n1", "product_uom_qty": odooclient.Double("2.0"), "tax_id": []any{int64(1)}, "helper_id": int64(46), "origin_ids": []any{int64(7), int64(8)}},
		{"id": int64(2), "name": false, "product_uom_qty": odooclient.Double("0.0"), "tax_id": []any{}, "helper_id": false, "origin_ids": []any{}},
	}}
	rec, missing, err := m.ByName("orders").Decode(order(nil), lines, known)
	require.NoError(t, err)
	require.Empty(t, missing)
	text := record.Text
	require.Equal(t, record.Fields{"state": text("sale"), "customer": text("1045"), "total": text("5000.00"), "ordered": text("2025-01-22 10:00:00"),
		"seller": record.Null, "note": text("a"), "url": text("https://odoo.example/my/5"), "source": text("1070"), "size": text("large")}, rec.Fields)
	require.Equal(t, "2025-01-22 10:00:01", rec.WriteDate.Format("2006-01-02 15:04:05"))
	require.Equal(t, []record.Line{
		{OdooID: 1, Fields: record.Fields{"name": text("Bus\n1"), "quantity": text("2.000000"), "taxes": text(`["20%"]`), "helper": text("1046")}},
		{OdooID: 2, Fields: record.Fields{"name": record.Null, "quantity": text("0.000000"), "taxes": text(`[]`), "helper": record.Null}},
	}, rec.Lines["order_line"])

	person, _, err := m.ByName("people").Decode(odooclient.Raw{"id": int64(45), "name": "É", "country_id": int64(75), "category_id": []any{int64(2), int64(1)}, "active": false}, nil, known)
	require.NoError(t, err)
	require.Equal(t, record.Fields{"name": text("É"), "country": text("FR"), "tags": text(`["Friend","School"]`), "active": text("0")}, person.Fields)
}

// An invoice lists its lines by their ids, whatever order a user gave them.
func TestDecodedLinesStandInTheirSequence(t *testing.T) {
	e := pushEntity(t)
	require.Contains(t, e.Child("line_ids").OdooFields(), "sequence")
	lines := map[string][]odooclient.Raw{"line_ids": {
		{"id": int64(1), "sequence": int64(20)}, {"id": int64(2), "sequence": int64(10)},
		{"id": int64(3), "sequence": int64(20)}, {"id": int64(4), "sequence": int64(-1)},
	}}
	rec, _, err := e.Decode(odooclient.Raw{"id": int64(1)}, lines, known)
	require.NoError(t, err)
	var ids []int64
	for _, line := range rec.Lines["line_ids"] {
		ids = append(ids, line.OdooID)
	}
	require.Equal(t, []int64{4, 2, 1, 3}, ids)
	require.Equal(t, int64(1), lines["line_ids"][0].ID(), "what was read stays as it is")
}

// What is not read, or cannot be resolved, is left out: the row keeps what it has.
func TestDecodeLeavesOutWhatIsUnknown(t *testing.T) {
	e := sampleMapping(t, false).ByName("orders")
	line := func(fields odooclient.Raw) map[string][]odooclient.Raw {
		return map[string][]odooclient.Raw{"order_line": {fields}}
	}
	for name, c := range map[string]struct {
		raw    odooclient.Raw
		lines  map[string][]odooclient.Raw
		absent string
	}{
		"field not read":              {order(odooclient.Raw{"amount_total": nil}), nil, "total"},
		"its condition does not hold": {order(odooclient.Raw{"state": "draft"}), nil, "ordered"},
		"its condition is unknown":    {order(odooclient.Raw{"state": nil}), nil, "ordered"},
		"a case is unknown":           {order(odooclient.Raw{"partner_id": int64(99)}), nil, "size"},
		"lines not read":              {order(nil), nil, "source"},
		"the path not read":           {order(nil), line(odooclient.Raw{"id": int64(1)}), "source"},
		"the path not resolved":       {order(nil), line(odooclient.Raw{"id": int64(1), "origin_ids": []any{int64(99)}}), "source"},
	} {
		rec, _, err := e.Decode(c.raw, c.lines, known)
		require.NoError(t, err, name)
		require.NotContains(t, rec.Fields, c.absent, name)
		require.Contains(t, rec.Fields, "note", name)
	}
	person, _, err := sampleMapping(t, false).ByName("people").Decode(odooclient.Raw{"id": int64(1), "country_id": int64(1), "category_id": []any{int64(99)}}, nil, known)
	require.NoError(t, err)
	require.Empty(t, person.Fields)
}

// A path that leads to two records leads to none.
func TestDecodeAmbiguousPath(t *testing.T) {
	e := sampleMapping(t, false).ByName("orders")
	lines := map[string][]odooclient.Raw{"order_line": {{"id": int64(1), "origin_ids": []any{int64(7)}}, {"id": int64(2), "origin_ids": []any{int64(9)}}}}
	rec, missing, err := e.Decode(order(nil), lines, known)
	require.NoError(t, err)
	require.Empty(t, missing)
	require.Equal(t, record.Null, rec.Fields["source"])
}

func TestDecodeListsMissingParents(t *testing.T) {
	e := sampleMapping(t, false).ByName("orders")
	lines := map[string][]odooclient.Raw{"order_line": {{"id": int64(1), "helper_id": int64(48)}}}
	rec, missing, err := e.Decode(order(odooclient.Raw{"partner_id": int64(47)}), lines, known)
	require.NoError(t, err)
	require.Equal(t, record.Null, rec.Fields["customer"])
	require.Len(t, missing, 2)
	require.Equal(t, [3]any{"customer", "people", int64(47)}, [3]any{missing[0].Field, missing[0].Entity, missing[0].OdooID})
	require.Equal(t, [3]any{"helper", "people", int64(48)}, [3]any{missing[1].Field, missing[1].Entity, missing[1].OdooID})
}

// A record that cannot be decoded is rejected with a sentence that says which
// one, which field, and why.
func TestDecodeRejects(t *testing.T) {
	m := sampleMapping(t, false)
	for _, c := range []struct {
		entity string
		raw    odooclient.Raw
		lines  map[string][]odooclient.Raw
		want   string
	}{
		{"orders", order(odooclient.Raw{"amount_total": odooclient.Double("1e300")}), nil, `sale.order 5 (orders), field total: "1e300" is out of range`},
		{"orders", order(odooclient.Raw{"state": "sent"}), nil, "field state: the column's values are draft, sale, gone"},
		{"orders", order(odooclient.Raw{"partner_id": "45"}), nil, "field customer: 45 is no record's id"},
		{"orders", order(odooclient.Raw{"partner_id": int64(-1)}), nil, "field customer: -1 is no record's id"},
		{"orders", order(odooclient.Raw{"user_id": "x"}), nil, "field seller: x is no record's id"},
		{"orders", order(odooclient.Raw{"user_id": int64(1) << 40}), nil, "field seller: 1099511627776 is out of range"},
		{"orders", order(odooclient.Raw{"write_date": "soon"}), nil, "field write_date: soon is no time"},
		{"orders", order(odooclient.Raw{"create_date": int64(1)}), nil, "field create_date: 1 is no time"},
		{"orders", order(nil), map[string][]odooclient.Raw{"order_line": {{"id": int64(12), "tax_id": "x"}}}, "line 12: sale.order 5 (orders), field taxes: x is no list of ids"},
		{"people", odooclient.Raw{"id": int64(3), "category_id": []any{"x"}}, nil, "res.partner 3 (people), field tags"},
	} {
		_, _, err := m.ByName(c.entity).Decode(c.raw, c.lines, known)
		require.ErrorContains(t, err, c.want)
		require.Equal(t, record.CodeRejected, record.CodeOf(err))
	}
}

// Wants names exactly what Decode then asks for: a path in two steps.
func TestWants(t *testing.T) {
	e := sampleMapping(t, false).ByName("orders")
	lines := map[string][]odooclient.Raw{"order_line": {{"id": int64(1), "tax_id": []any{int64(1)}, "helper_id": int64(46), "origin_ids": []any{int64(7)}}}}
	require.ElementsMatch(t, []Want{
		{Kind: WantReference, Entity: "people", ID: 45},
		{Kind: WantLookup, Model: "res.partner", Field: "is_company", ID: 45},
		{Kind: WantLookup, Model: "sale.order.line", Field: "order_id", ID: 7},
		{Kind: WantLookup, Model: "account.tax", Field: "name", ID: 1},
		{Kind: WantReference, Entity: "people", ID: 46},
	}, e.Wants(order(nil), lines, nil))
	require.Contains(t, e.Wants(order(nil), lines, known), Want{Kind: WantReference, Entity: "orders", ID: 70})
}

func TestOdooFieldsAreAllThatDecodeReads(t *testing.T) {
	e := sampleMapping(t, false).ByName("orders")
	require.Equal(t, []string{"access_url", "amount_total", "create_date", "date_order", "note", "order_line", "partner_id", "state", "user_id", "write_date"}, e.OdooFields())
	require.Equal(t, []string{"create_date", "helper_id", "name", "origin_ids", "product_uom_qty", "tax_id", "write_date"}, e.Child("order_line").OdooFields())
}

// Models asks for more as it learns what fields point at, and comes to an end.
func TestModelsAreAskedForInSteps(t *testing.T) {
	spec, err := Parse([]byte(sample))
	require.NoError(t, err)
	all := modelsOf(createModels)
	fields := map[string]odooclient.Fields{}
	for range 5 {
		for _, model := range spec.Models(fields) {
			fields[model] = all[model]
		}
	}
	require.ElementsMatch(t, []string{"res.partner", "sale.order", "sale.order.line", "res.country", "res.partner.category", "account.tax"}, spec.Models(fields))
}

func TestConditions(t *testing.T) {
	raw := odooclient.Raw{"state": "sale", "total": odooclient.Double("5.50"), "n": int64(3), "off": false, "on": true, "tags": []any{int64(1), int64(2)},
		"partner": []any{int64(45), "É"}, "none": false, "day": "2025-01-22"}
	for text, want := range map[string]tri{
		"[]":                                           yes,
		"[[state, '=', sale]]":                         yes,
		"[[state, '!=', sale]]":                        no,
		"[[state, in, [draft, sale]]]":                 yes,
		"[[state, not in, [draft]]]":                   yes,
		"[[total, '=', 5.5]]":                          yes,
		"[[total, '>', 5]]":                            yes,
		"[[n, '<=', 3], [n, '>=', 3], [n, '<', 4]]":    yes,
		"[[off, '=', false]]":                          yes,
		"[[on, '=', true]]":                            yes,
		"[[on, '=', false]]":                           no,
		"[[none, '=', null]]":                          yes,
		"[[tags, '=', 2]]":                             yes,
		"[[tags, in, [9]]]":                            no,
		"[[partner, '=', 45]]":                         yes,
		"[[partner, '=', false]]":                      no,
		"[[day, '>', '2025-01-01']]":                   yes,
		"[[n, '>', x]]":                                no,
		"['|', [state, '=', draft], [n, '=', 3]]":      yes,
		"['&', [state, '=', sale], [n, '=', 4]]":       no,
		"['!', [state, '=', draft]]":                   yes,
		"['!', '|', [state, '=', draft], [n, '=', 4]]": yes,
		"['|', '|', [n, '=', 1], [n, '=', 2], [n, '=', 3], [on, '=', true]]": yes,
		"[[gone, '=', 1]]":                   unknown,
		"['|', [gone, '=', 1], [n, '=', 3]]": yes,
		"[[gone, '=', 1], [n, '=', 4]]":      no,
		"['!', [gone, '=', 1]]":              unknown,
		"[[partner.is_company, '=', true]]":  yes,
		"[[partner.name, '=', 'É']]":         unknown,
		"[[none.is_company, '=', true]]":     no,
	} {
		d := domainOf(t, text)
		for i := range d.terms {
			d.terms[i].model = "res.partner"
		}
		require.Equal(t, want, d.eval(raw, known.Lookup), text)
	}
	require.Equal(t, []any{"|", []any{"a.b", "=", int64(1)}, []any{"c", "in", []any{"x"}}}, domainOf(t, "['|', [a.b, '=', 1], [c, in, [x]]]").Args())
}

func TestInDomainNeedsItsFields(t *testing.T) {
	e := sampleMapping(t, false).ByName("orders")
	in, err := e.InDomain(odooclient.Raw{"id": int64(1), "state": "cancel"})
	require.NoError(t, err)
	require.False(t, in)
	_, err = e.InDomain(odooclient.Raw{"id": int64(1)})
	require.ErrorContains(t, err, "orders 1 was read without the fields of its domain ([state])")
}
