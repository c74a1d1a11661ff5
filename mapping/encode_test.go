package mapping

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

func many(ids ...int64) []any { return []any{[]any{int64(6), int64(0), ids}} }

// Each line is a field, its new value, and the cell that carries it, or the error.
func TestEncodeEveryKind(t *testing.T) {
	e := pushEntity(t)
	for _, c := range []struct {
		name, field string
		value       record.Value
		want        Cell
		err         string
	}{
		{"a text", "name", record.Text("É & <b>"), Cell{"name", "name", "É & <b>", "É & <b>", false}, ""},
		{"a text that Odoo requires", "name", record.Null, Cell{}, "people, field name, value NULL: its field name is required in Odoo: give it a value"},
		{"an empty text", "ref", record.Null, Cell{"ref", "ref", "", false, false}, ""},
		{"a text XML cannot carry", "ref", record.Text("a\x01"), Cell{}, `people, field ref, value "a\x01": it holds the character U+0001, which Odoo's interface cannot carry: remove it`},
		{"a text that is no text", "ref", record.Text("a\xff"), Cell{}, "the text holds bytes that are no characters"},
		{"a decimal is never a float", "credit", record.Text("4166.67"), Cell{"credit", "credit", "4166.67", odooclient.Double("4166.67"), false}, ""},
		{"an empty decimal", "credit", record.Null, Cell{"credit", "credit", "", false, false}, ""},
		{"no decimal", "credit", record.Text("x"), Cell{}, `field credit, value "x": "x" is no number`},
		{"a whole number from a decimal column", "visits", record.Text("12.00"), Cell{"visits", "visits", "12", int64(12), false}, ""},
		{"no whole number", "visits", record.Text("12.50"), Cell{}, `value "12.50": a whole number from -2147483647 to 2147483647 is expected`},
		{"a number beyond XML-RPC", "visits", record.Text("4000000000.00"), Cell{}, "a whole number from"},
		{"an empty number that Odoo requires is 0", "visits", record.Null, Cell{"visits", "visits", "", false, false}, ""},
		{"true", "vip", record.Text("1"), Cell{"vip", "vip", "1", true, false}, ""},
		{"false", "vip", record.Text("0"), Cell{"vip", "vip", "0", false, false}, ""},
		{"archiving is no load's", "active", record.Text("0"), Cell{"active", "active", "0", false, true}, ""},
		{"reviving is", "active", record.Text("1"), Cell{"active", "active", "1", true, false}, ""},
		{"a date", "born", record.Text("2025-01-22"), Cell{"born", "born", "2025-01-22", "2025-01-22", false}, ""},
		{"no date", "born", record.Text("2025-02-30"), Cell{}, `"2025-02-30" is no date or time`},
		{"a time", "seen", record.Text("2025-01-22 10:30:00"), Cell{"seen", "seen", "2025-01-22 10:30:00", "2025-01-22 10:30:00", false}, ""},
		{"an empty time", "seen", record.Null, Cell{"seen", "seen", "", false, false}, ""},
		{"HTML", "note", record.Text("a <b>\nc\n\nd & e"), Cell{"note", "note", "<p>a &lt;b&gt;<br>c</p><p>d &amp; e</p>", "<p>a &lt;b&gt;<br>c</p><p>d &amp; e</p>", false}, ""},
		{"a translated value", "kind", record.Text("person"), Cell{"kind", "kind", "p", "p", false}, ""},
		{"the first translation that this Odoo has", "kind", record.Text("firm"), Cell{"kind", "kind", "o", "o", false}, ""},
		{"what null_if names", "kind", record.Null, Cell{"kind", "kind", "none", "none", false}, ""},
		{"none of the values", "kind", record.Text("firn"), Cell{}, `people, field kind, value "firn": it is none of the field's values, which are person, firm: write one of them`},
		{"values that change places", "mood", record.Text("good"), Cell{"mood", "mood", "bad", "bad", false}, ""},
		{"a value of its own", "mood", record.Text("so"), Cell{"mood", "mood", "so", "so", false}, ""},
		{"a lookup", "country", record.Text("FR"), Cell{"country_id", "country_id/.id", "75", int64(75), false}, ""},
		{"clearing a many2one is no load's", "country", record.Null, Cell{"country_id", "country_id/.id", "", false, true}, ""},
		{"a lookup in vain", "country", record.Text("fr"), Cell{}, `people, field country, value "fr": no record of res.country has the code "fr"`},
		{"a list", "tags", record.Text(`["a","b","c"]`), Cell{"category_id", "category_id/.id", "30,31", many(30, 31), false}, ""},
		{"an empty list", "tags", record.Text(`[]`), Cell{"category_id", "category_id/.id", "", many(), false}, ""},
		{"no list", "tags", record.Null, Cell{"category_id", "category_id/.id", "", many(), false}, ""},
		{"a list in vain", "tags", record.Text(`["a","x"]`), Cell{}, `no record of res.tag has the name "x"`},
		{"what is no list", "tags", record.Text(`{"a":1}`), Cell{}, `is no JSON list of texts: write it as ["one","two"]`},
		{"a reference", "parent", record.Text("17"), Cell{"parent_id", "parent_id/.id", "117", int64(117), false}, ""},
		{"a finder that finds nonsense", "parent", record.Text("0"), Cell{}, "Odoo gave the id -1"},
		{"an id", "product", record.Text("8"), Cell{"product_id", "product_id/.id", "8", int64(8), false}, ""},
		{"no id", "product", record.Text("0"), Cell{}, `value "0": it is no id of a record in Odoo: write a whole number from 1 to 2147483647`},
		{"an id beyond XML-RPC", "product", record.Text("4000000000"), Cell{}, "it is no id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			row := record.Fields{c.field: c.value}
			cells, err := e.Encode(row, row, found)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				require.Nil(t, cells)
				return
			}
			require.NoError(t, err)
			if ids, ok := c.want.Value.([]any); ok && len(ids[0].([]any)[2].([]int64)) == 0 {
				require.Empty(t, cells[0].Value.([]any)[0].([]any)[2])
				c.want.Value, cells[0].Value = nil, nil
			}
			require.Equal(t, []Cell{c.want}, cells)
		})
	}
}

// What Odoo computes, what a method reaches and what only comes from there is
// never sent, whatever the caller lists.
func TestEncodeSendsOnlyWhatIsSendable(t *testing.T) {
	e := pushEntity(t)
	row := record.Fields{}
	for _, f := range e.Fields {
		row[f.Name] = record.Text("1")
	}
	var held []string
	for _, f := range e.Fields {
		if !f.Sendable() {
			held = append(held, f.Name)
		}
	}
	require.Equal(t, []string{"company", "read", "size", "stage", "total", "url"}, held)
	for _, name := range append(held, "unknown") {
		cells, err := e.Encode(record.Fields{name: record.Text("1")}, row, found)
		require.NoError(t, err)
		require.Empty(t, cells)
		require.Empty(t, e.Asks(record.Fields{"size": record.Text("1")}, row))
	}
}

// Several columns show one many2one: the changed one decides, an id before a
// code before a name, and two that lead to different records are refused.
func TestEncodeFieldsOnOneOfOdoos(t *testing.T) {
	e := pushEntity(t)
	for _, c := range []struct{ name, id, code, product, want string }{
		{"the code alone", "", "P1", "", "8"},
		{"the name alone", "", "", "Bus", "8"},
		{"they agree", "8", "P1", "Bus", "8"},
		{"an id and a name that Odoo does not have", "8", "", "Coach", "8"},
		{"a code and a name that Odoo does not have", "", "P2", "Coach", "9"},
		{"an emptied id and a code", "NULL", "P2", "", "9"},
		{"an emptied code and a name", "", "NULL", "Bus", "8"},
		{"all emptied", "NULL", "NULL", "NULL", ""},
		{"an id and another's code", "8", "P2", "", `!people, fields product ("8") and product_code ("P2") give Odoo's field product_id the values 8 and 9: change one of them, or set it to NULL`},
		{"a code and another's name", "", "P2", "Bus", `!fields product_code ("P2") and product_name ("Bus") give Odoo's field product_id the values 9 and 8`},
		{"a code in vain and a name", "", "P3", "Bus", `!field product_code, value "P3": no record of product.product has the default_code "P3"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := record.Fields{}
			for field, text := range map[string]string{"product": c.id, "product_code": c.code, "product_name": c.product} {
				switch text {
				case "":
				case "NULL":
					changed[field] = record.Null
				default:
					changed[field] = record.Text(text)
				}
			}
			cells, err := e.Encode(changed, record.Fields{"product": record.Text("8"), "product_code": record.Text("P1")}, found)
			if want, wrong := strings.CutPrefix(c.want, "!"); wrong {
				require.ErrorContains(t, err, want)
				require.Equal(t, record.CodeRejected, record.CodeOf(err))
				return
			}
			require.NoError(t, err)
			require.Len(t, cells, 1)
			require.Equal(t, c.want, cells[0].Text)
		})
	}
}

// All that is wrong with a row comes in one error, and what the caller must tell
// is still itself in it.
func TestEncodeErrors(t *testing.T) {
	e := pushEntity(t)
	encode := func(row record.Fields) error {
		_, err := e.Encode(row, row, found)
		return err
	}
	missing, away := record.Text("9"), record.Text("away")

	err := encode(record.Fields{"credit": record.Text("x"), "name": record.Null, "country": record.Text("XX")})
	require.Equal(t, `people, field country, value "XX": no record of res.country has the code "XX"; people, field credit, value "x": "x" is no number; `+
		"people, field name, value NULL: its field name is required in Odoo: give it a value", record.Message(err))
	require.Equal(t, record.CodeRejected, record.CodeOf(err))

	require.Equal(t, fmt.Errorf("%w", errNoParent), encode(record.Fields{"parent": missing}), "as the finder gave it")
	require.ErrorIs(t, encode(record.Fields{"country": away}), errAway)
	require.Equal(t, record.CodeUnavailable, record.CodeOf(encode(record.Fields{"country": away})))
	both := encode(record.Fields{"country": away, "parent": missing})
	require.ErrorIs(t, both, errNoParent)
	require.ErrorIs(t, both, errAway)

	err = encode(record.Fields{"parent": missing, "credit": record.Text("x")})
	require.ErrorIs(t, err, errNoParent)
	require.Equal(t, record.CodeRejected, record.CodeOf(err))
	require.Contains(t, record.Message(err), `field parent, value "9": contacts 9 has no record in Odoo yet`)
}

func columnsOf(cells []Cell) string {
	var out []string
	for _, c := range cells {
		out = append(out, c.Column+"="+c.Text)
	}
	return strings.Join(out, " ")
}

// A create sends what the row has, and what the mapping always sends; a value in
// create makes way for the row's, even of a field that is not sent later.
func TestEncodeNew(t *testing.T) {
	e := pushEntity(t)
	for _, c := range []struct {
		name string
		row  record.Fields
		want string
	}{
		{"nothing but a name", record.Fields{"name": record.Text("A"), "ref": record.Null, "kind": record.Null, "country": record.Null},
			"company_id/.id= credit=1.5 gold=1 lang= name=A newsletter=0 stage=new user_id/.id=7"},
		{"its own values", record.Fields{"name": record.Text("A"), "lang": record.Text("fr_FR"), "company": record.Text("2"), "credit": record.Text("3.00"),
			"stage": record.Text("open"), "parent": record.Text("17"), "tags": record.Text("[]"), "active": record.Text("0"), "total": record.Text("9.00"), "url": record.Text("https://x/")},
			"active=0 category_id/.id= company_id/.id=2 credit=3.00 gold=1 lang=fr_FR name=A newsletter=0 parent_id/.id=117 stage=open user_id/.id=7"},
		{"no row", nil, "company_id/.id= credit=1.5 gold=1 lang= newsletter=0 stage=new user_id/.id=7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cells, err := e.EncodeNew(c.row, found)
			require.NoError(t, err)
			require.Equal(t, c.want, columnsOf(cells))
			for _, cell := range cells {
				require.False(t, cell.NoLoad, "a create's load carries everything")
			}
		})
	}
	cells, err := e.EncodeNew(record.Fields{"name": record.Text("A")}, found)
	require.NoError(t, err)
	values := map[string]any{}
	for _, c := range cells {
		values[c.Field] = c.Value
	}
	require.Equal(t, map[string]any{"company_id": false, "credit": odooclient.Double("1.5"), "gold": true, "lang": false, "name": "A", "newsletter": false,
		"stage": "new", "user_id": int64(7)}, values)
	_, err = e.EncodeNew(record.Fields{"company": record.Text("x")}, found)
	require.ErrorContains(t, err, `people, field company, value "x": it is no id`)
}

// A record must not be born where the entity does not look.
func TestEncodeNewStaysInTheDomain(t *testing.T) {
	e := pushEntity(t, "    merged: merged_into\n", "    merged: merged_into\n    domain: [[kind, \"=\", p]]\n")
	_, err := e.EncodeNew(record.Fields{"kind": record.Text("firm")}, found)
	require.ErrorContains(t, err, `people: the record would not be one of those the mapping's domain [["kind","=","p"]] takes in: correct the row's values`)
	_, err = e.EncodeNew(record.Fields{"kind": record.Text("person"), "tags": record.Text(`["a"]`)}, found)
	require.NoError(t, err)
	_, err = e.EncodeNew(record.Fields{"name": record.Text("A")}, found)
	require.NoError(t, err, "Odoo's default is not known")
}

func TestEncodeLines(t *testing.T) {
	c := pushEntity(t).Child("line_ids")
	require.Equal(t, "sequence", c.SequenceField)
	for _, x := range []struct {
		name string
		row  record.Fields
		want string
	}{
		{"Odoo's own taxes", record.Fields{"display_type": record.Null, "label": record.Text("Bus"), "price": record.Text("33.333333"), "taxes": record.Null},
			"display_type=product label=Bus price=33.333333"},
		{"no taxes", record.Fields{"display_type": record.Null, "taxes": record.Text("[]")}, "display_type=product tax_ids/.id="},
		{"two taxes", record.Fields{"taxes": record.Text(`["10%","20%"]`), "label": record.Null}, "tax_ids/.id=1,2"},
		{"a section", record.Fields{"display_type": record.Text("section"), "label": record.Text("Day 1"), "price": record.Null}, "display_type=section label=Day 1"},
	} {
		t.Run(x.name, func(t *testing.T) {
			cells, err := c.EncodeNew(x.row, found)
			require.NoError(t, err)
			require.Equal(t, x.want, columnsOf(cells))
		})
	}
	_, err := c.Encode(record.Fields{"taxes": record.Null}, nil, found)
	require.ErrorContains(t, err, "line_ids, field taxes, value NULL: NULL leaves the list to Odoo, which chooses one for a new line only: write [] for none")
	cells, err := c.Encode(record.Fields{"label": record.Null, "display_type": record.Null}, nil, found)
	require.NoError(t, err)
	require.Equal(t, "display_type=product label=/", columnsOf(cells))
	require.Equal(t, []Ask{{Kind: WantLookup, Model: "account.tax", Field: "name", Text: "20%", Where: `[["use","=","sale"]]`}},
		c.Asks(record.Fields{"taxes": record.Text(`["20%"]`)}, nil))
}

// Asks names exactly what encoding then asks for, and how a lookup is restricted.
func TestAsks(t *testing.T) {
	e := pushEntity(t)
	row := record.Fields{"country": record.Text("FR"), "state": record.Text("44"), "district": record.Text("West"), "company": record.Text("2"), "parent": record.Text("17"),
		"tags": record.Text(`["a","b"]`), "product_code": record.Text("P1"), "product": record.Text("8"), "name": record.Text("A")}
	state := Ask{Kind: WantLookup, Model: "res.country.state", Field: "code", Text: "44", Where: `[["country_id.code","=","FR"]]`}
	require.ElementsMatch(t, []Ask{
		state,
		{Kind: WantLookup, Model: "res.country", Field: "code", Text: "FR"},
		{Kind: WantLookup, Model: "res.district", Field: "name", Text: "West", Where: `[["kind","in",["a","b"]],["weight","\u003e",1.5],["owner_id","=",2]]`, Company: true, Companies: "company_id"},
		{Kind: WantReference, Entity: "people", LocalID: "17"},
		{Kind: WantLookup, Model: "res.tag", Field: "name", Text: "a", Company: true, Companies: "company_ids"},
		{Kind: WantLookup, Model: "res.tag", Field: "name", Text: "b", Company: true, Companies: "company_ids"},
		{Kind: WantLookup, Model: "product.product", Field: "default_code", Text: "P1"},
	}, e.Asks(row, row))
	require.Equal(t, []Ask{state}, e.Asks(record.Fields{"state": record.Text("44")}, row), "the country restricts it, changed or not")
	delete(row, "country")
	state.Where = ""
	require.Equal(t, []Ask{state}, e.Asks(record.Fields{"state": record.Text("44")}, row), "no country, no restriction")
	require.Equal(t, []any{[]any{"code", "=", "44"}}, state.Domain())
	require.Equal(t, []any{[]any{"name", "=", "W"}, []any{"kind", "in", []any{"a"}}, []any{"weight", ">", odooclient.Double("1.5")}, []any{"owner_id", "=", int64(2)}},
		Ask{Field: "name", Text: "W", Where: `[["kind","in",["a"]],["weight",">",1.5],["owner_id","=",2]]`}.Domain())
}
