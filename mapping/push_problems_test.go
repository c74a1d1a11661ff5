package mapping

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
)

// Each line breaks the sample file in one way that needs no Odoo to be found.
func TestParseNamesWhatIsWrongOnTheWayBack(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"an unknown key", "lookup_domain:", "lookup_domian:", "there is no key lookup_domian: did you mean lookup_domain?"},
		{"a domain that is none", `[use, "=", sale]`, "[use, is, sale]", "entity people/line_ids, field taxes (line 60): lookup_domain: term 1"},
		{"a domain without a lookup", "born: {odoo: born}", "born: {odoo: born, lookup_domain: [[a, '=', 1]]}", "lookup_domain and within go with lookup or lookup_list"},
		{"within without a lookup", "born: {odoo: born}", "born: {odoo: born, within: {a: ref}}", "lookup_domain and within go with lookup or lookup_list"},
		{"within an unknown field", "within: {country_id: country}", "within: {country_id: coutry}", "field state (line 26): within: country_id names the unknown field coutry: did you mean country?"},
		{"within a reference", "within: {country_id: country}", "within: {country_id: parent}", "within: parent must be a plain value, a lookup or a raw_id of the same row"},
		{"within itself", "within: {country_id: country}", "within: {country_id: state}", "within: state must be a plain value"},
		{"within over two records", "within: {country_id: country}", "within: {country_id.code: country}", `within: "country_id.code" is no field of the looked-up record`},
		{"locked by nothing", `when: [[stage, "=", closed]], except`, "except", "locked: except goes with when"},
		{"locked by another record", `[[stage, "=", closed]], except`, `[[parent_id.active, "=", true]], except`, "locked: when: parent_id.active leads into another record"},
		{"an unknown exception", "except: [ref]", "except: [reff]", "locked: except names the unknown field reff: did you mean ref?"},
		{"a merge into a field", "merged: merged_into", "merged: ref", "field ref (line 22): column ref is the merged column: it cannot be a field too"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(change(t, pushed, c.old, c.new)))
			require.ErrorContains(t, err, c.want)
			require.Equal(t, record.CodeConfig, record.CodeOf(err))
		})
	}
}

// Each line changes the mapping, the tables or Odoo so that some write would
// fail later.
func TestCompileFindsWhatCouldNotBeWritten(t *testing.T) {
	const odoo = "entity people"
	for _, c := range []struct{ name, old, new, want string }{
		{"a computed field", "res.partner: ref char", "res.partner: ref char computed", "field ref (line 22): Odoo computes its field ref, which cannot be written: say direction: to_api, or expected: true"},
		{"a computed field of a line", "res.line: label char", "res.line: label char computed", "entity people/line_ids, field label (line 58): Odoo computes its field label"},
		{"a stored field that some states lock", "res.partner: ref char", "res.partner: ref char readonly", ""},
		{"a step to no state", "to: closed, call", "to: closde, call", `methods 1: field stage is never "closde": its values are new, open, closed: did you mean closed?`},
		{"a step from no state", "from: [small]", "from: [smal]", `methods 4: field size is never "smal": its values are small, large: did you mean small?`},
		{"a date for an argument", "[false, 3, [draft]]", "[2025-01-22]", "methods 2: args: a date stands without quotes: write it in quotes"},
		{"an argument that is no number", "[false, 3, [draft]]", "[.inf]", "methods 2: args: +Inf is no number"},
		{"create: an unknown field", "create: {lang", "create: {lnag: false, lang", "create: Odoo 17.0 has no field lnag on res.partner: did you mean lang?"},
		{"create: a required field", "create: {lang", "create: {name: false, lang", "create: name: the field is required in Odoo, so it cannot be false: leave it out"},
		{"create: a required number is 0", "create: {lang", "create: {visits: false, lang", ""},
		{"create: a text for a record", "user_id: 7", "user_id: admin", "create: user_id: a many2one takes the id of a record in Odoo, or false"},
		{"create: a list", "create: {lang", "create: {category_id: 3, lang", "create: category_id: a many2many takes false alone"},
		{"create: none of the values", "stage: new, credit", "stage: newer, credit", "create: stage: newer is none of Odoo's values"},
		{"create: a number for a boolean", "gold: true", "gold: 1", "create: gold: a boolean takes true or false"},
		{"create: a text for a number", "credit: 1.5", "credit: much", "create: credit: a number is expected"},
		{"create: a number for a text", "create: {lang", "create: {ref: 7, lang", "create: ref: a text in quotes is expected"},
		{"create: true for a text", "create: {lang", "create: {ref: true, lang", "create: ref: a text in quotes is expected"},
		{"create: a date", "create: {lang", "create: {born: 2025-01-22, lang", "create: born: a date stands without quotes"},
		{"create: keys", "create: {lang", "create: {ref: {a: b}, lang", "create: ref: keys stand where a value was expected"},
		{"a domain on an unknown field", `[use, "=", sale]`, `[usage, "=", sale]`, "entity people/line_ids, field taxes (line 60): lookup_domain: Odoo 17.0 has no field usage on account.tax: did you mean use?"},
		{"within an unknown field", "within: {country_id: country}", "within: {land_id: country}", "field state (line 26): within: Odoo 17.0 has no field land_id on res.country.state"},
		{"within another model", "within: {country_id: country}", "within: {country_id: company}", "within: country_id of res.country.state leads to res.country, and field company to res.company"},
		{"locked by an unknown field", `when: [[stage, "=", closed]], except`, `when: [[stagee, "=", closed]], except`, "locked: when: Odoo 17.0 has no field stagee on res.partner: did you mean stage?"},
		{"an unknown sequence", "sequence: sequence", "sequence: seq", "entity people/line_ids (line 51): sequence: Odoo 17.0 has no field seq on res.line"},
		{"a sequence that does not count", "res.line: sequence integer", "res.line: sequence char", "sequence: Odoo's field sequence is of the type char, and the order of lines needs an integer"},
		{"no column for merges", "merged: merged_into", "merged: merged_in", "table people has no column merged_in: did you mean merged_into?"},
		{"a column for merges that cannot be empty", "people: merged_into bigint(20)", "people: merged_into bigint(20) not null default", "column people.merged_into must take NULL, which it holds until Odoo merges"},
		{"a column for merges that holds no id", "people: merged_into bigint(20)", "people: merged_into datetime", "column people.merged_into holds the id of the row a merge leaves and is datetime: it must be of the type of the row's id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			texts := brokenOnce(t, c.old, c.new, pushed, pushTables, pushModels)
			spec, err := Parse([]byte(texts[0]))
			require.NoError(t, err)
			schema := pushSchema()
			schema.Tables, schema.Models = tablesOf(texts[1]), modelsOf(texts[2])
			_, err = spec.Compile(schema)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, odoo)
			require.ErrorContains(t, err, c.want)
			require.Equal(t, record.CodeConfig, record.CodeOf(err))
		})
	}
}

// What this Odoo does not have is left out of everything that names it.
func TestAbsentFieldsAreLeftOutOnTheWayBack(t *testing.T) {
	text := change(t, pushed, "ref: {odoo: ref}", "ref: {odoo: ref, optional: true}")
	text = change(t, text, "country: {odoo: country_id, lookup: code}", "country: {odoo: country_id, lookup: code, optional: true}")
	text = change(t, text, "stage: {odoo: stage}", "stage: {odoo: stage, optional: true}")
	text = change(t, text, "stage: new, ", "")
	text = change(t, text, `[[stage, "=", closed]], except`, `[[vip, "=", true]], except`)
	spec, err := Parse([]byte(text))
	require.NoError(t, err)
	schema := pushSchema()
	for _, name := range []string{"ref", "country_id", "stage"} {
		delete(schema.Models["res.partner"], name)
	}
	m, err := spec.Compile(schema)
	require.NoError(t, err)
	e := m.ByName("people")
	_, except := e.Locked(nil)
	require.Empty(t, except)
	require.Len(t, e.Methods, 1)
	require.Empty(t, e.Asks(record.Fields{"state": record.Text("44")}, record.Fields{"country": record.Text("FR")})[0].Where)
}

// The default mapping posts and cancels by Odoo's own methods, and leaves posted
// invoices alone.
func TestTheDefaultMappingsRules(t *testing.T) {
	data, err := os.ReadFile("../configs/mapping.yaml")
	require.NoError(t, err)
	spec, err := Parse(data)
	require.NoError(t, err)
	invoices, leads := spec.Entities["invoices"], spec.Entities["leads"]
	require.Equal(t, lockSpec{When: []any{[]any{"state", "=", "posted"}}, Except: []string{"ref"}}, invoices.Locked)
	for _, m := range append(invoices.Methods, leads.Methods...) {
		require.Equal(t, m.Call == "action_post", m.Post, m.Call)
		require.Equal(t, m.Field == "type", len(m.Args) == 1, m.Call)
	}
	require.Equal(t, "sequence", invoices.Lines["invoice_line_ids"].Sequence)
	require.Equal(t, "merged_into", spec.Entities["contacts"].Merged)
}
