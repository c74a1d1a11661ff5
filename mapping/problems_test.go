package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// change replaces a part of a text that must be there.
func change(t testing.TB, text, old, new string) string {
	t.Helper()
	require.Contains(t, text, old)
	return strings.Replace(text, old, new, 1)
}

// brokenOnce replaces a part of the first text that has it.
func brokenOnce(t *testing.T, old, new string, texts ...string) []string {
	t.Helper()
	for i, text := range texts {
		if strings.Contains(text, old) {
			texts[i] = strings.Replace(text, old, new, 1)
			return texts
		}
	}
	require.Fail(t, "no text has it", old)
	return nil
}

// Each line breaks the sample file in one way and names the problem, which
// needs neither an Odoo nor a database to be found.
func TestParseNamesWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"model: res.partner", "modle: res.partner", "entity people (line 3): there is no key modle: did you mean model?"},
		{"name: {odoo: name}", "name: {odo: name}", "entity people, field name (line 14): there is no key odo: did you mean odoo?"},
		{"parent: order_id", "parnet: order_id", "entity orders/order_line (line 46): there is no key parnet: did you mean parent?"},
		{"quantity: {odoo: product_uom_qty, payload", "quantity: {odoo: product_uom_qty, paylod", "entity orders/order_line, field quantity (line 51): there is no key paylod: did you mean payload?"},
		{"only_if_null", "only_if_nul", "entity people, match, 1 (line 10): there is no key only_if_nul: did you mean only_if_null?"},
		{"entities:", "entites:", "line 1: there is no key entites: did you mean entities?"},
		{"      email: {odoo: email}", "      name: {odoo: email}", "entity people, fields (line 15): name stands twice"},
		{"    table: people", "    table: people\n    table: other", "entity people (line 5): table stands twice"},
		{"optional: true", "optional: 1", `entity people, field mobile, optional (line 19): "1" stands where true or false was expected`},
		{"fields: [email, name]", "fields: email", `entity people, match, 1, fields (line 10): "email" stands where a list was expected`},
		{"on_odoo_delete: {action: soft}", "on_odoo_delete: soft", `entity people, on_odoo_delete (line 11): "soft" stands where keys with values was expected`},
		{"{odoo: [tax_ids, tax_id]", "{odoo: [[tax_ids]]", "entity orders/order_line, field taxes, odoo (line 52): a list stands where a name or a list of names was expected"},
		{"deleted: gone_at", "deleted: [gone_at]", "entity people, deleted (line 5): a list stands where a text was expected"},
		{"    policy: newest", "    <<: {policy: newest}", "<< is not supported"},

		{"direction: both", "direction: booth", `entity people (line 2): direction "booth" is not both, to_api or to_odoo: did you mean both?`},
		{"policy: newest", "policy: newst", `policy "newst" is not odoo, local, newest or ask: did you mean newest?`},
		{"adopt: ask", "adopt: newest", `adopt "newest" is not odoo, local or ask`},
		{"create: {lang: false}", "on_local_delete: drop", `on_local_delete "drop" is not archive, unlink or ignore`},
		{"create: {lang: false}", "post: always", `post "always" is not never or on_state`},
		{"{action: soft}", "{action: sofd}", `on_odoo_delete: action "sofd" is not soft, hard, set or ignore: did you mean soft?`},
		{"deleted: gone_at", "id: id", "on_odoo_delete is soft, but deleted names no column for it"},
		{"{action: set, set: {state: gone}}", "{action: set}", "entity orders (line 21): on_odoo_delete: action set and set: {field: value} go together"},
		{"set: {state: gone}", "set: {stat: gone}", "on_odoo_delete: set names the unknown field stat: did you mean state?"},
		{"fields: [email, name]", "fields: [emial]", "entity people (line 2): match 1 names the unknown field emial: did you mean email?"},
		{"only_if_null: [parent]", "only_if_null: [parent_id]", "match 1 names the unknown field parent_id: did you mean parent?"},
		{"fields: [email, name]", "fields: []", "match 1 names no fields"},
		{"{field: state, from: [draft], to: sale, call: action_confirm}", "{field: stat, to: sale}", "methods 1 needs field, to and call"},
		{"{field: state, from", "{field: stat, from", "methods 1 names the unknown field stat: did you mean state?"},
		{"    table: people", "    id: id", "entity people (line 2): needs a model, a table and fields"},
		{"        parent: order_id\n", "", "entity orders/order_line (line 44): lines need a table, a parent and a position column"},
		{"name: {odoo: name}", "name:", "entity people, field name (line 14): is empty: write {odoo: ...}"},
		{"name: {odoo: name}", "name: {column: name}", "entity people, field name (line 14): name Odoo's field by odoo"},
		{"reference: people, stub: {name: parent_name}", "reference: peple", "entity people, field parent (line 16): refers to the unknown entity peple: did you mean people?"},
		{"{odoo: helper_id, reference: people, stub: {name: helper_name}}", "{odoo: helper_id, reference: x}", "entity orders/order_line, field helper (line 53): refers to the unknown entity x"},
		{"stub: {name: partner_name}", "stub: {nam: partner_name}", "entity orders, field customer (line 31): stub names the unknown field nam: did you mean name?"},
		{"email: {odoo: email}", "email: {odoo: email, stub: {name: x}}", "stub goes with a reference"},
		{"email: {odoo: email}", "email: {odoo: email, column: name}", "entity people, field name (line 14): column name is field email's already: one column takes one field"},
		{"email: {odoo: email}", "odoo_id: {odoo: email}", "field odoo_id (line 15): column odoo_id is the odoo_id column: it cannot be a field too"},
		{"email: {odoo: email}", "x: {odoo: email, column: gone_at}", "column gone_at is the deleted column"},
		{"quantity: {odoo", "position: {odoo", "column position is the position column"},
		{"lookup: code, payload", "lookup: code, raw_id: true, payload", "field country (line 17): has lookup and raw_id: one of them says what to keep"},
		{"lookup: code, payload", "lookup: code, values: {FR: fr}, payload", "values, html and prefix go with a plain value, not with lookup"},
		{"email: {odoo: email}", "email: {odoo: email, otherwise: x}", "otherwise goes with cases"},
		{"        cases:", "        odoo: x\n        cases:", "field size (line 38): has odoo, and cases or a path"},
		{"{reference: orders, path", "{path", "field source (line 37): a path needs a reference"},
		{"order_line.origin_ids.order_id", "order_line.order_id", "path order_line.order_id is not lines.field.field"},
		{"order_line.origin_ids.order_id", "order_lin.origin_ids.order_id", "begins with order_lin, which are no lines of the entity: did you mean order_line?"},
		{"helper: {odoo: helper_id, reference: people, stub: {name: helper_name}}", "helper: {reference: people, path: a.b.c}", "a path leads over lines, and a line has none"},
		{"direction: to_api", "direction: to_api\n    create_when: [[partner_id.active, '=', true]]", "create_when: partner_id.active leads into another record"},
		{"[[state, in, [draft, sale, done]]]", "[state, in, [draft]]", `domain: "state" is no operator of a domain`},
		{"[[state, in, [draft, sale, done]]]", "[[state, within, [draft]]]", "domain: term 1: [state within [draft]]: the operator is one of"},
		{"[[state, in, [draft, sale, done]]]", "[[state, in, draft]]", "a list goes with in and not in"},
		{"[[state, in, [draft, sale, done]]]", "[[state, '=', [draft]]]", "a list goes with in and not in"},
		{"[[state, in, [draft, sale, done]]]", "['|', [state, '=', draft]]", `domain: the operator "|" (term 1) has nothing to join`},
		{"[[state, in, [draft, sale, done]]]", "[[state, '=', draft], '!']", `domain: the operator "!" (term 2) has nothing to join`},
		{"[[state, in, [draft, sale, done]]]", "[[state, '=', 2025-01-22]]", "domain: term 1: a date stands without quotes: write it in quotes"},
		{`when: [[state, "!=", draft]]`, "when: [[state]]", "field ordered (line 33): when: term 1: [state] is not [field, operator, value]"},
		{"partner_id.is_company", "partner_id.a.b", "field size (line 38): case 1: term 1"},
	} {
		t.Run(c.want, func(t *testing.T) {
			_, err := Parse([]byte(change(t, sample, c.old, c.new)))
			require.ErrorContains(t, err, c.want)
			require.Equal(t, record.CodeConfig, record.CodeOf(err))
		})
	}
}

func TestParseRefusesWhatIsNoMapping(t *testing.T) {
	for in, want := range map[string]string{
		"":                               "the mapping file is empty",
		"# nothing":                      "the mapping file is empty",
		"{}":                             "it names no entities",
		"[]":                             "a list stands where keys with values was expected",
		"entities: {x: }":                "entity x (line 1): is empty",
		"entities: {x: {lines: {y: }}}":  "entity x/y (line 1): lines need",
		"a: [":                           "the mapping file is no YAML",
		"\x00":                           "the mapping file is no YAML",
		sample + "\n---\nentities: {}\n": "more than one document",
		"entities: &a {x: {fields: *a}}": "there is no key fields",
		change(t, sample, "{lang: false}", "&a {lang: *a}"): "contains itself",
		strings.Repeat("#", 1<<20+1):                        "larger than 1 MiB",
		"entities: {? [a] : {}}":                            "a key is a plain name",
	} {
		_, err := Parse([]byte(in))
		require.ErrorContains(t, err, want, "%.40q", in)
	}
}

// What several people would stumble over one by one comes in one answer, in
// the file's order.
func TestAllProblemsComeAtOnce(t *testing.T) {
	text := change(t, sample, "name: {odoo: name}", "name: {odo: name}")
	text = change(t, text, "optional: true", "optional: maybe")
	_, err := Parse([]byte(text))
	require.ErrorContains(t, err, "(line 14)")
	require.ErrorContains(t, err, "(line 19)")

	text = change(t, sample, "direction: both", "direction: booth")
	text = change(t, text, "column: parent_id", "column: email")
	_, err = Parse([]byte(text))
	require.ErrorContains(t, err, `"booth"`)
	require.ErrorContains(t, err, "one column takes one field")
}

// An alias stands for what it names.
func TestParseFollowsAliases(t *testing.T) {
	text := change(t, sample, "name: {odoo: name}", "name: &plain {odoo: name}")
	text = change(t, text, "mobile: {odoo: mobile, optional: true}", "mobile: *plain")
	spec, err := Parse([]byte(text))
	require.NoError(t, err)
	require.Equal(t, spec.Entities["people"].Fields["name"], spec.Entities["people"].Fields["mobile"])
}

// Each line breaks what the sample is bound to (a column of createTables or a
// field of createModels) or the sample, and names the problem that Compile
// finds, with entity, field and line, column, and Odoo's version.
func TestCompileNamesWhatDoesNotFit(t *testing.T) {
	const noColumn = "people: email varchar(50)\n"
	for _, c := range []struct{ old, new, want string }{
		// the table
		{noColumn, "people: emial varchar(50)\n", "entity people, field email (line 15): table people has no column email: did you mean emial?"},
		{"orders: total decimal(16,2)", "orders: total float", "entity orders, field total (line 32): column orders.total is float, which cannot hold the value exactly: use VARCHAR"},
		{"orders: total decimal(16,2)", "orders: total double", "column orders.total is double, which cannot hold the value exactly"},
		{"orders: total decimal(16,2)", "orders: total decimal(16,0)", "column orders.total is decimal(16,0), and Odoo's field amount_total of the type monetary: money needs two decimals or more"},
		{"orders: total decimal(16,2)", "orders: total int(11)", "Odoo's field amount_total of the type monetary: use DECIMAL"},
		{"orders: total decimal(16,2)", "orders: total varchar(20)", "Odoo's field amount_total of the type monetary: use DECIMAL"},
		{"orders: total decimal(16,2)", "orders: total blob", "column orders.total is blob, which cannot hold the value exactly"},
		{"orders: ordered datetime", "orders: ordered varchar(3)", ""},
		{"orders: ordered datetime", "orders: ordered date", ""},
		{"orders: ordered datetime", "orders: ordered int(11)", "field ordered (line 33): column orders.ordered is int(11), and Odoo's field date_order of the type datetime: use DATETIME"},
		{"orders: ordered datetime", "orders: ordered datetime not null", "column orders.ordered must take NULL or have a default, because the value is unknown until its condition holds"},
		{"people: active tinyint(1) not null default", "people: active tinyint(4)", "column people.active is tinyint(4), and Odoo's field active of the type boolean: use BOOLEAN"},
		{"people: name varchar(50)", "people: name datetime", "column people.name is datetime, and Odoo's field name of the type char: use VARCHAR or TEXT"},
		{"people: name varchar(50)", "people: name json", "column people.name is json, and Odoo's field name of the type char: use VARCHAR or TEXT"},
		{"people: name varchar(50)", "people: name varchar(50) not null", ""},
		{"people: country char(2)", "people: country int(11)", "field country (line 17): column people.country is int(11), and Odoo's field code on res.country of the type char"},
		{"people: tags longtext", "people: tags int(11)", "field tags (line 18): column people.tags is int(11), and a list needs JSON"},
		{"people: parent_id bigint(20)", "people: parent_id date", "field parent (line 16): column people.parent_id is date, and Odoo's field parent_id of the type many2one: an id needs INT, BIGINT or VARCHAR"},
		{"people: parent_id bigint(20)", "people: parent_id bigint(20) not null", "column people.parent_id must take NULL, because the record it points at may have no row here (ALTER TABLE people MODIFY parent_id bigint(20) NULL)"},
		{"orders: seller int(11)", "orders: seller smallint(6)", "field seller (line 34): column orders.seller is smallint(6)"},
		{"orders: seller int(11)", "orders: seller int(11) not null", "column orders.seller must take NULL, because Odoo's field user_id may be empty"},
		{"orders: source bigint(20)", "orders: source bigint(20) not null", "column orders.source must take NULL, because a record need not lead to another"},
		{"enum('draft','sale','gone')", "enum('draft','gone')", `field state (line 30): column orders.state cannot hold "sale": the column's values are draft, gone`},
		{"enum('draft','sale','gone')", "enum('sale','gone')", `column orders.state (enum('sale','gone')) cannot hold "draft", which Odoo's field state may have`},
		{"enum('draft','sale','gone')", "enum('draft','sale')", `on_odoo_delete sets "gone", which column orders.state cannot hold`},
		{"enum('draft','sale','gone')", "varchar(4)", `cannot hold "draft", which Odoo's field state may have: the text has 5 characters and the column takes 4`},
		{"enum('draft','sale','gone')", "enum('draft','sale','gone') not null", "column orders.state must take NULL, because Odoo's field state may be empty"},
		{"orders: size varchar(8) not null", "orders: size varchar(4) not null", `field size (line 38): column orders.size cannot hold "large"`},
		{"orders: size varchar(8) not null", "orders: size tinyint(1)", `column orders.size cannot hold "large": "large" is neither true nor false`},
		{"people: odoo_id bigint(20)", "people: odoo_id bigint(20) not null", "entity people (line 2): column people.odoo_id must take NULL, which it holds until Odoo knows the row"},
		{"people: odoo_id bigint(20)", "people: odoo_id smallint(6)", "column people.odoo_id holds Odoo's id and is smallint(6): it must be INT or BIGINT"},
		{"people: odoo_id bigint(20)", "people: other bigint(20)", "table people has no column odoo_id"},
		{"people: gone_at datetime", "people: gone_at tinyint(1)", "column people.gone_at holds the mark of a deletion and is tinyint(1): it must be DATETIME"},
		{"people: gone_at datetime", "people: gone_at datetime not null", "column people.gone_at must take NULL, which it holds while the row is not deleted"},
		{"order_lines: position int(11)", "order_lines: position varchar(9)", "entity orders/order_line (line 44): column order_lines.position holds the line's position and is varchar(9): it must be INT"},
		{"order_lines: order_id bigint(20)", "order_lines: order_id date", "column order_lines.order_id holds the parent row's id and is date"},
		{"people: mobile varchar(20)", "people: mobile varchar(20)\npeople: rank int(11) not null", "entity people (line 2): column people.rank must be filled (NOT NULL, no default), and no field does"},

		// Odoo
		{"res.partner: email char", "res.partner: emails char", "entity people, field email (line 15): Odoo 17.0 has no field email on res.partner (for column email); mark it optional, or name this version's field beside it: did you mean emails?"},
		{"sale.order.line: tax_id many2many account.tax", "", "entity orders/order_line, field taxes (line 52): Odoo 17.0 has no field tax_ids or tax_id on sale.order.line (for column taxes)"},
		{"res.partner: mobile char", "", ""},
		{"res.partner: lang char", "", "entity people (line 2): create: Odoo 17.0 has no field lang on res.partner"},
		{"res.partner: country_id many2one res.country", "res.partner: country_id char", "Odoo's field country_id is of the type char, and a lookup needs a many2one"},
		{"res.country: code char", "res.country: name char", "field country (line 17): Odoo 17.0 has no field code on res.country"},
		{"res.partner: category_id many2many", "res.partner: category_id one2many", "a lookup_list needs a many2many"},
		{"res.partner: email char", "res.partner: email many2one res.partner", "column people.email is varchar(50), and Odoo's field email of the type many2one: say with lookup"},
		{"res.partner: email char", "res.partner: email binary", "such a field cannot be mapped"},
		{"sale.order: user_id many2one res.users", "sale.order: user_id integer", "Odoo's field user_id is of the type integer, and a raw_id needs a many2one"},
		{"sale.order: note html", "sale.order: note char", "html is for HTML, and Odoo's field note is of the type char"},
		{"sale.order: state selection draft,sent,sale,done,cancel", "sale.order: stage char", "entity orders (line 21): domain: Odoo 17.0 has no field state on sale.order: did you mean stage?"},
		{"sale.order: order_line one2many sale.order.line", "", "entity orders/order_line (line 44): Odoo 17.0 has no field order_line on sale.order"},
		{"sale.order: order_line one2many sale.order.line", "sale.order: order_line many2many sale.order.line", "Odoo's field order_line is of the type many2many, and lines need a one2many"},
		{"sale.order.line: origin_ids many2many sale.order.line", "", "field source (line 37): path: Odoo 17.0 has no field origin_ids on sale.order.line"},
		{"sale.order.line: order_id many2one sale.order", "", "field source (line 37): path: Odoo 17.0 has no field order_id on sale.order.line"},
		{"res.partner: is_company boolean", "", "field size (line 38): case 1: Odoo 17.0 has no field is_company on res.partner"},

		// the mapping
		{"model: res.partner", "model: res.parner", "entity people (line 2): Odoo 17.0 has no model res.parner, or the sync user may not see it: did you mean res.partner?"},
		{"table: people", "table: peolpe", "entity people (line 2): the table peolpe does not exist: run odoosync migrate up, or name another table: did you mean people?"},
		{"        otherwise: small\n", "", ""},
		{"reference: people, stub: {name: parent_name}", "raw_id: true", ""},
	} {
		t.Run(c.old+" → "+c.new, func(t *testing.T) {
			texts := brokenOnce(t, c.old, c.new, sample, createTables, createModels)
			spec, err := Parse([]byte(texts[0]))
			require.NoError(t, err)
			_, err = spec.Compile(Schema{Version: odooclient.Version{Series: "17.0"}, Models: modelsOf(texts[2]), Tables: tablesOf(texts[1])})
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "the mapping does not fit Odoo 17.0 and the database")
			require.ErrorContains(t, err, c.want)
			require.Equal(t, record.CodeConfig, record.CodeOf(err))
		})
	}
}

func TestCompileNeedsUniqueKeys(t *testing.T) {
	schema := sampleSchema()
	people, lines := schema.Tables["people"], schema.Tables["order_lines"]
	people.Unique = [][]string{{"id"}, {"odoo_id", "name"}}
	lines.Unique = [][]string{{"odoo_id"}}
	schema.Tables["people"], schema.Tables["order_lines"] = people, lines
	spec, err := Parse([]byte(sample))
	require.NoError(t, err)
	_, err = spec.Compile(schema)
	require.ErrorContains(t, err, "column people.odoo_id needs a unique key, so that no record of Odoo gets two rows (ALTER TABLE people ADD UNIQUE KEY (odoo_id))")
	require.ErrorContains(t, err, "column order_lines.id is the row's own id and must be the table's primary key")

	people.Unique, lines.Unique = nil, nil // nobody looked
	schema.Tables["people"], schema.Tables["order_lines"] = people, lines
	_, err = spec.Compile(schema)
	require.NoError(t, err)
}

func TestCompileNeedsKeysThatFillThemselves(t *testing.T) {
	for _, tt := range []struct{ name, definition, direction, want string }{
		{"a number that does not increment", "bigint(20) not null", "both", "nothing gives one to the row of a record that comes from Odoo"},
		{"a text with a default", "varchar(36) not null default", "both", ""},
		{"a long text", "varchar(65) not null default", "both", "at most 64 characters of it are kept"},
		{"no row is made of a record", "varchar(36) not null", "to_odoo", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			schema := sampleSchema()
			schema.Tables["people"].Columns["id"] = columnOf("id", tt.definition)
			spec, err := Parse([]byte(sample))
			require.NoError(t, err)
			spec.Entities["people"].Direction = Direction(tt.direction)
			if _, err = spec.Compile(schema); tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "column people.id is the row's own id")
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestCompileNeedsInnoDB(t *testing.T) {
	schema := sampleSchema()
	people := schema.Tables["people"]
	people.Engine = "MyISAM"
	schema.Tables["people"] = people
	spec, err := Parse([]byte(sample))
	require.NoError(t, err)
	_, err = spec.Compile(schema)
	require.ErrorContains(t, err, "the table people is MyISAM")
}

// A missing table does not hide what is wrong with Odoo's side, nor the other
// way round; and all of it comes at once.
func TestCompileListsBothSides(t *testing.T) {
	spec, err := Parse([]byte(sample))
	require.NoError(t, err)
	schema := sampleSchema()
	delete(schema.Tables, "people")
	delete(schema.Models["res.partner"], "email")
	schema.Models["sale.order"] = nil // asked for, and refused
	delete(schema.Tables["orders"].Columns, "total")
	_, err = spec.Compile(schema)
	for _, want := range []string{"table people does not exist", "no field email", "no model sale.order", "table orders has no column total"} {
		require.ErrorContains(t, err, want)
	}
}

func TestAMatchOnAnAbsentFieldIsLeftOut(t *testing.T) {
	text := change(t, sample, "      - {fields: [email, name]", "      - {fields: [mobile]}\n      - {fields: [email, name]")
	spec, err := Parse([]byte(text))
	require.NoError(t, err)
	schema := sampleSchema()
	m, err := spec.Compile(schema)
	require.NoError(t, err)
	require.Len(t, m.ByName("people").Match, 2)
	delete(schema.Models["res.partner"], "mobile")
	m, err = spec.Compile(schema)
	require.NoError(t, err)
	require.Equal(t, []MatchKey{{Fields: []string{"email", "name"}, OnlyIfNull: []string{"parent"}}}, m.ByName("people").Match)
	require.Equal(t, []string{"mobile"}, m.ByName("people").Absent)
}
