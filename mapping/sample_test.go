package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// sample is a small mapping that uses every kind of field once.
const sample = `entities:
  people:
    model: res.partner
    table: people
    deleted: gone_at
    direction: both
    policy: newest
    adopt: ask
    match:
      - {fields: [email, name], only_if_null: [parent]}
    on_odoo_delete: {action: soft}
    create: {lang: false}
    fields:
      name: {odoo: name}
      email: {odoo: email}
      parent: {odoo: parent_id, column: parent_id, reference: people, stub: {name: parent_name}}
      country: {odoo: country_id, lookup: code, payload: country_code}
      tags: {odoo: category_id, lookup_list: name, payload: tags}
      mobile: {odoo: mobile, optional: true}
      active: {odoo: active}
  orders:
    model: sale.order
    domain: [[state, in, [draft, sale, done]]]
    table: orders
    direction: to_api
    on_odoo_delete: {action: set, set: {state: gone}}
    methods:
      - {field: state, from: [draft], to: sale, call: action_confirm}
    fields:
      state: {odoo: state, values: {done: sale}}
      customer: {odoo: partner_id, reference: people, stub: {name: partner_name}}
      total: {odoo: amount_total}
      ordered: {odoo: date_order, when: [[state, "!=", draft]]}
      seller: {odoo: user_id, raw_id: true}
      note: {odoo: note, html: true}
      url: {odoo: access_url, prefix: odoo_url}
      source: {reference: orders, path: order_line.origin_ids.order_id}
      size:
        cases:
          - {when: [[partner_id.is_company, "=", true]], value: large}
        otherwise: small
        payload: size
    lines:
      order_line:
        table: order_lines
        parent: order_id
        position: position
        payload: [lines]
        fields:
          name: {odoo: name}
          quantity: {odoo: product_uom_qty, payload: quantity}
          taxes: {odoo: [tax_ids, tax_id], lookup_list: name}
          helper: {odoo: helper_id, reference: people, stub: {name: helper_name}}
`

// createTables is what the sample is bound to, as CREATE TABLE has it.
const createTables = `
people: id bigint(20) not null default
people: odoo_id bigint(20)
people: gone_at datetime
people: name varchar(50)
people: email varchar(50)
people: parent_id bigint(20)
people: country char(2)
people: tags longtext
people: mobile varchar(20)
people: active tinyint(1) not null default
orders: id bigint(20) not null default
orders: odoo_id bigint(20)
orders: state enum('draft','sale','gone')
orders: customer bigint(20)
orders: total decimal(16,2)
orders: ordered datetime
orders: seller int(11)
orders: note text
orders: url varchar(200)
orders: source bigint(20)
orders: size varchar(8) not null
order_lines: id bigint(20) not null default
order_lines: odoo_id bigint(20)
order_lines: order_id bigint(20) not null
order_lines: position int(11) not null default
order_lines: name text
order_lines: quantity decimal(20,6)
order_lines: taxes longtext
order_lines: helper bigint(20)
`

func tablesOf(text string) map[string]Table {
	out := map[string]Table{}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		name, definition, _ := strings.Cut(line, ": ")
		column, definition, _ := strings.Cut(definition, " ")
		t, ok := out[name]
		if !ok {
			t = Table{Name: name, Engine: "InnoDB", Columns: map[string]Column{}, Unique: [][]string{{"id"}, {"odoo_id"}}}
		}
		t.Columns[column] = columnOf(column, definition)
		out[name] = t
	}
	return out
}

// createModels is the sample's Odoo: a model's fields with their types and what
// they point at.
const createModels = `
res.partner: name char
res.partner: email char
res.partner: lang char
res.partner: parent_id many2one res.partner
res.partner: country_id many2one res.country
res.partner: category_id many2many res.partner.category
res.partner: mobile char
res.partner: active boolean
res.partner: is_company boolean
res.country: code char
res.partner.category: name char
sale.order: state selection draft,sent,sale,done,cancel
sale.order: partner_id many2one res.partner
sale.order: amount_total monetary
sale.order: date_order datetime
sale.order: user_id many2one res.users
sale.order: note html
sale.order: access_url char
sale.order: order_line one2many sale.order.line
sale.order.line: name text
sale.order.line: product_uom_qty float
sale.order.line: tax_id many2many account.tax
sale.order.line: origin_ids many2many sale.order.line
sale.order.line: order_id many2one sale.order
sale.order.line: helper_id many2one res.partner
account.tax: name char
`

func modelsOf(text string) map[string]odooclient.Fields {
	out := map[string]odooclient.Fields{}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		model, definition, ok := strings.Cut(line, ": ")
		if !ok {
			continue
		}
		words := strings.Fields(definition)
		f := odooclient.Field{Name: words[0], Type: words[1], Store: true}
		for _, word := range words[2:] {
			switch {
			case word == "required":
				f.Required = true
			case word == "readonly":
				f.Readonly = true
			case word == "computed":
				f.Readonly, f.Store = true, false
			case f.Type == "selection":
				for _, key := range strings.Split(word, ",") {
					f.Selection = append(f.Selection, odooclient.Option{Key: key})
				}
			default:
				f.Relation = word
			}
		}
		if out[model] == nil {
			out[model] = odooclient.Fields{}
		}
		out[model][f.Name] = f
	}
	return out
}

func sampleSchema() Schema {
	return Schema{Version: odooclient.Version{Series: "17.0"}, Models: modelsOf(createModels), Tables: tablesOf(createTables), OdooURL: "https://odoo.example"}
}

// sampleMapping is the sample bound; payload leaves Odoo out.
func sampleMapping(t testing.TB, payload bool) *Mapping {
	t.Helper()
	spec, err := Parse([]byte(sample))
	require.NoError(t, err)
	schema := sampleSchema()
	if payload {
		schema.Models = nil
	}
	m, err := spec.Compile(schema)
	require.NoError(t, err)
	return m
}

// rows is a resolver: known names, and known rows by Odoo's id.
type rows struct {
	names map[string]string // "model.field.id"
	known map[int64]string
}

func (r rows) Lookup(model, field string, id int64) (record.Value, bool) {
	v, ok := r.names[strings.Join([]string{model, field, text(id)}, ".")]
	return record.Text(v), ok
}

func (r rows) Reference(_ string, id int64) (string, bool) {
	v, ok := r.known[id]
	return v, ok
}

func text(id int64) string {
	s, err := plain(id)
	if err != nil {
		panic(err)
	}
	return s
}
