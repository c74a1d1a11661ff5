package mapping

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// pushed is a small mapping whose rows travel to Odoo in every way there is.
const pushed = `entities:
  people:
    model: res.partner
    table: people
    merged: merged_into
    direction: both
    match:
      - {fields: [name, born], only_if_null: [parent]}
      - {fields: [country]}
      - {fields: [parent]}
      - {fields: [kind]}
      - {fields: [note]}
    create: {lang: false, company_id: false, user_id: 7, stage: new, credit: 1.5, newsletter: false, gold: true}
    locked: {when: [[stage, "=", closed]], except: [ref]}
    methods:
      - {field: stage, from: [new, open], to: closed, call: action_close, post: true}
      - {field: stage, from: [new], to: open, call: action_open, args: [false, 3, [draft]]}
      - {field: stage, from: [closed], to: open, call: action_reopen}
      - {field: size, from: [small], to: large, call: action_grow}
    fields:
      name: {odoo: name}
      ref: {odoo: ref}
      lang: {odoo: lang}
      parent: {odoo: parent_id, reference: people}
      country: {odoo: country_id, lookup: code}
      state: {odoo: state_id, lookup: code, within: {country_id: country}}
      district: {odoo: district_id, lookup: name, lookup_domain: [[kind, in, [a, b]], [weight, ">", 1.5]], within: {owner_id: company}}
      tags: {odoo: category_id, lookup_list: name}
      product: {odoo: product_id, raw_id: true}
      product_code: {odoo: product_id, lookup: default_code}
      product_name: {odoo: product_id, lookup: name}
      company: {odoo: company_id, raw_id: true, direction: to_api}
      born: {odoo: born}
      seen: {odoo: seen}
      credit: {odoo: credit}
      visits: {odoo: visits}
      vip: {odoo: vip}
      active: {odoo: active}
      kind: {odoo: kind, values: {p: person, c: firm, o: firm}, null_if: none}
      mood: {odoo: mood, values: {good: bad, bad: good}}
      stage: {odoo: stage}
      note: {odoo: note, html: true}
      url: {odoo: url, prefix: "https://x"}
      total: {odoo: total, expected: true}
      read: {odoo: read, direction: to_api}
      size:
        cases:
          - {when: [[vip, "=", true]], value: large}
        otherwise: small
    lines:
      line_ids:
        table: lines
        parent: person_id
        position: position
        sequence: sequence
        fields:
          display_type: {odoo: display_type, null_if: product}
          label: {odoo: label, null_if: "/"}
          price: {odoo: price}
          taxes: {odoo: tax_ids, lookup_list: name, lookup_domain: [[use, "=", sale]]}
`

const pushTables = `
people: id bigint(20) not null default
people: odoo_id bigint(20)
people: merged_into bigint(20)
people: name varchar(50)
people: ref varchar(50)
people: lang varchar(8)
people: parent bigint(20)
people: country char(2)
people: state varchar(8)
people: district varchar(50)
people: tags json
people: product bigint(20)
people: product_code varchar(50)
people: product_name varchar(50)
people: company bigint(20)
people: born date
people: seen datetime
people: credit decimal(16,2)
people: visits decimal(16,2)
people: vip tinyint(1)
people: active tinyint(1)
people: kind varchar(8)
people: mood varchar(8)
people: stage varchar(8)
people: note text
people: url varchar(99)
people: total decimal(16,2)
people: read int(11)
people: size varchar(8) not null
lines: id bigint(20) not null default
lines: odoo_id bigint(20)
lines: person_id bigint(20) not null
lines: position int(11) not null default
lines: display_type varchar(16)
lines: label text
lines: price decimal(20,6)
lines: taxes json
`

const pushModels = `
res.partner: name char required
res.partner: ref char
res.partner: lang selection fr_FR,en_US
res.partner: parent_id many2one res.partner
res.partner: country_id many2one res.country
res.partner: state_id many2one res.country.state
res.partner: district_id many2one res.district
res.partner: category_id many2many res.tag
res.partner: product_id many2one product.product
res.partner: company_id many2one res.company
res.partner: user_id many2one res.users
res.partner: born date
res.partner: seen datetime
res.partner: credit monetary
res.partner: visits integer required
res.partner: vip boolean
res.partner: gold boolean
res.partner: newsletter boolean
res.partner: active boolean
res.partner: kind selection p,o,none
res.partner: mood selection good,bad,so
res.partner: stage selection new,open,closed required readonly
res.partner: note html
res.partner: url char computed
res.partner: total monetary computed
res.partner: read integer computed
res.partner: line_ids one2many res.line
res.country: code char
res.country.state: code char
res.country.state: country_id many2one res.country
res.district: name char
res.district: kind char
res.district: weight float
res.district: owner_id many2one res.company
res.district: company_id many2one res.company
res.tag: name char
res.tag: company_id many2one res.company
res.tag: company_ids many2many res.company
product.product: default_code char
product.product: name char
res.line: sequence integer
res.line: display_type selection product,section required
res.line: label char
res.line: price float
res.line: tax_ids many2many account.tax
account.tax: name char
account.tax: use char
`

func pushSchema() Schema {
	return Schema{Version: odooclient.Version{Series: "17.0"}, Models: modelsOf(pushModels), Tables: tablesOf(pushTables)}
}

// pushEntity is the sample bound; a text of it is replaced when two are given.
func pushEntity(t testing.TB, replace ...string) *Entity {
	t.Helper()
	text := pushed
	if len(replace) == 2 {
		text = change(t, text, replace[0], replace[1])
	}
	spec, err := Parse([]byte(text))
	require.NoError(t, err)
	m, err := spec.Compile(pushSchema())
	require.NoError(t, err)
	return m.ByName("people")
}

var (
	errNoParent = errors.New("contacts 9 has no record in Odoo yet")
	errAway     = record.Errorf(record.CodeUnavailable, "Odoo is away")
)

// finder finds the records whose names it holds. Some ask in vain.
type finder map[string]int64

func (f finder) Find(a Ask) (int64, error) {
	if a.Kind == WantReference {
		if a.LocalID == "9" {
			return 0, fmt.Errorf("%w", errNoParent)
		}
		return f[a.Entity+" "+a.LocalID], nil
	}
	if a.Text == "away" {
		return 0, errAway
	}
	if id := f[a.Model+" "+a.Text]; id != 0 {
		return id, nil
	}
	return 0, record.Errorf(record.CodeRejected, "no record of %s has the %s %q", a.Model, a.Field, a.Text)
}

var found = finder{"people 17": 117, "res.country FR": 75, "res.country.state 44": 4, "res.district West": 5, "res.tag a": 31, "res.tag b": 30, "res.tag c": 30,
	"product.product P1": 8, "product.product Bus": 8, "product.product P2": 9, "account.tax 20%": 1, "account.tax 10%": 2, "people 0": -1}
