package odoosim_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
)

// pushing is a simulator and a client of one version.
type pushing struct {
	*testing.T
	ctx     context.Context
	version int
	sim     *odoosim.Server
	client  *odooclient.Client
}

// everywhere runs a test on all four versions.
func everywhere(t *testing.T, test func(p *pushing)) {
	t.Helper()
	for _, version := range []int{16, 17, 18, 19} {
		t.Run(strconv.Itoa(version), func(t *testing.T) {
			s, c := dial(t, odoosim.Options{Version: version})
			test(&pushing{t, context.Background(), version, s, c})
		})
	}
}

// load splits columns and cells at the bars.
func (p *pushing) load(model, columns string, rows ...string) odooclient.LoadResult {
	p.Helper()
	var cells [][]string
	for _, row := range rows {
		cells = append(cells, split(row))
	}
	result, err := p.client.Load(p.ctx, model, split(columns), cells, map[string]any{"tz": "UTC"})
	require.NoError(p, err)
	return result
}

func split(text string) []string {
	parts := strings.Split(text, "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// loaded is the id of a load that went well.
func (p *pushing) loaded(model, columns string, rows ...string) int64 {
	p.Helper()
	result := p.load(model, columns, rows...)
	require.Empty(p, result.Messages)
	return result.IDs[0]
}

func (p *pushing) create(model string, v map[string]any) int64 {
	p.Helper()
	ids, err := p.client.Create(p.ctx, model, []map[string]any{v}, nil)
	require.NoError(p, err)
	return ids[0]
}

func (p *pushing) write(model string, id int64, v map[string]any) error {
	return p.client.Write(p.ctx, model, []int64{id}, v, nil)
}

func (p *pushing) lines(invoice int64) []int64 {
	ids, _ := p.sim.Get("account.move", invoice)["invoice_line_ids"].([]int64)
	return ids
}

const invoiceColumns = "id | move_type | partner_id/.id | invoice_line_ids/id | invoice_line_ids/name | invoice_line_ids/price_unit | invoice_line_ids/tax_ids/.id | invoice_line_ids/sequence"

func TestLoadMakesInvoicesWithTheirLines(t *testing.T) {
	everywhere(t, func(p *pushing) {
		client := p.create("res.partner", map[string]any{"name": "Mairie"})
		rows := []string{fmt.Sprintf("__odoosync__.a | out_invoice | %d | __odoosync__.a1 | Rome | 100 | 1,2 | 2", client), " | | | __odoosync__.a2 | Milan | 10 | | 1",
			fmt.Sprintf("__odoosync__.b | Customer Credit Note | %d | __odoosync__.b1 | Oslo | 5 | 1 | 1", client)}
		result := p.load("account.move", invoiceColumns, rows...)
		require.Empty(p, result.Messages)
		require.Len(p, result.IDs, 2)
		first := p.sim.Get("account.move", result.IDs[0])
		require.Equal(p, 140.0, first["amount_total"])
		require.Equal(p, "out_refund", p.sim.Get("account.move", result.IDs[1])["move_type"], "a label will do")
		lines := p.lines(result.IDs[0])
		require.Equal(p, "Rome", p.sim.Get("account.move.line", lines[0])["name"], "line ids follow the rows, not the sequence")

		require.Equal(p, result.IDs, p.load("account.move", invoiceColumns, rows...).IDs)
		require.Equal(p, lines, p.lines(result.IDs[0]), "the same lines")

		require.NoError(p, p.client.Unlink(p.ctx, "account.move", result.IDs[1:], nil))
		again := p.load("account.move", invoiceColumns, rows[2])
		require.NotEqual(p, result.IDs[1], again.IDs[0], "one that was unlinked is made again")

		p.load("account.move", ".id | invoice_line_ids/id | invoice_line_ids/name", fmt.Sprintf("%d | __odoosync__.a3 | Added", result.IDs[0]))
		p.load("account.move", ".id | invoice_line_ids/.id | invoice_line_ids/name", fmt.Sprintf("%d | %d | Roma", result.IDs[0], lines[0]))
		require.Len(p, p.lines(result.IDs[0]), 3)
		require.Equal(p, "Roma", p.sim.Get("account.move.line", lines[0])["name"])

		p.load("account.move", ".id | invoice_line_ids/.id | invoice_line_ids/name", fmt.Sprintf("%d | %d | Stolen", again.IDs[0], lines[0]))
		require.Contains(p, p.lines(again.IDs[0]), lines[0], "a line's .id under another invoice moves it")
		require.NotContains(p, p.lines(result.IDs[0]), lines[0])
	})
}

func TestWhatLoadSays(t *testing.T) {
	everywhere(t, func(p *pushing) {
		known := p.create("res.partner", map[string]any{"name": "Mairie"})
		archived := p.create("res.partner", map[string]any{"name": "Old", "active": false})
		row := [][]string{{strconv.FormatInt(archived, 10), "Nantes"}}
		unseen, err := p.client.Load(p.ctx, "res.partner", []string{".id", "city"}, row, map[string]any{"active_test": true})
		require.NoError(p, err)
		require.Nil(p, unseen.IDs, "an archived record is unknown, unless active_test is off, as the client has it")
		require.Equal(p, ".id", unseen.Messages[0].Field)
		seen, err := p.client.Load(p.ctx, "res.partner", []string{".id", "city"}, row, nil)
		require.NoError(p, err)
		require.Equal(p, []int64{archived}, seen.IDs)
		for _, tt := range []struct{ name, model, columns, row, field, says string }{
			{"a wrong selection", "res.partner", "id | name | type", "__odoosync__.x | A | nope", "type", "Value 'nope' not found in selection field 'Address Type'"},
			{"a missing many2one", "res.partner", "id | name | country_id/.id", "__odoosync__.x | A | 9999", "country_id", "No matching record found for database id '9999' in field 'Country'"},
			{"a missing many2many", "crm.lead", "id | name | tag_ids/.id", "__odoosync__.x | A | 1,9999", "tag_ids", "No matching record found for database id '9999' in field 'Tags'"},
			{"a line's missing tax", "account.move", "id | move_type | invoice_line_ids/name | invoice_line_ids/tax_ids/.id", "__odoosync__.x | out_invoice | A | 9999", "invoice_line_ids", "in field 'Invoice lines/Taxes'"},
			{"a line's .id and id", "account.move", "id | move_type | invoice_line_ids/id | invoice_line_ids/.id | invoice_line_ids/name", "__odoosync__.x | out_invoice | __odoosync__.y | | A", "invoice_line_ids", "Ambiguous specification"},
			{"no name", "res.partner", "id | city", "__odoosync__.x | Nantes", "", "Contacts require a name"},
			{"no name of a lead", "crm.lead", "id | type", "__odoosync__.x | lead", "name", "Missing required value for the field 'Opportunity' (name)"},
			{"an empty currency", "account.move", "id | move_type | currency_id/.id", "__odoosync__.x | out_invoice |", "currency_id", "Missing required value for the field 'Currency' (currency_id)"},
			{"an empty display type", "account.move", "id | move_type | invoice_line_ids/name | invoice_line_ids/display_type", "__odoosync__.x | out_invoice | A |", "", "Missing required value for the field 'display_type'"},
			{"a missing .id", "res.partner", ".id | name", "9999 | A", ".id", "Unknown database identifier '9999'"},
			{"posted from the start", "account.move", "id | move_type | state", "__odoosync__.x | out_invoice | posted", "", "You cannot create a move already in the posted state"},
			{"another company's tax", "account.move", "id | move_type | invoice_line_ids/name | invoice_line_ids/tax_ids/.id", "__odoosync__.x | out_invoice | A | 6", "", "belongs to another company"},
			{"a wrong VAT", "res.partner", "id | name | country_id/.id | vat", "__odoosync__.x | A | 75 | FR23334175220", "", "does not seem to be valid"},
			{"a bad number", "account.move", "id | move_type | invoice_line_ids/name | invoice_line_ids/price_unit", "__odoosync__.x | out_invoice | A | 1,5", "invoice_line_ids", "'1,5' does not seem to be a number for field 'Invoice lines/Unit Price'"},
			{"another model's external id", "crm.lead", "id | name", "__odoosync__.taken | A", "", "found record of different model res.partner"},
		} {
			p.loaded("res.partner", "id | name", "__odoosync__.taken | Taken")
			before := len(p.sim.IDs(tt.model))
			result := p.load(tt.model, tt.columns, tt.row)
			require.Nil(p, result.IDs, tt.name)
			require.Len(p, p.sim.IDs(tt.model), before, tt.name)
			require.Equal(p, tt.field, result.Messages[0].Field, tt.name)
			require.Contains(p, result.Messages[0].Message, tt.says, tt.name)
		}
		_, err = p.client.Load(p.ctx, "res.partner", []string{".id", "nope"}, [][]string{{strconv.FormatInt(known, 10), "x"}}, nil)
		require.ErrorContains(p, err, "nope", "an unknown column fails the call")
		warned := p.load("res.partner", "id | name | state_id", "__odoosync__.w | Warned | AL")
		require.NotNil(p, warned.IDs, "a warning comes with ids")
		require.Contains(p, warned.Messages[0].Message, "(3 matches)")
	})
}

func TestAnEmptyCellEmptiesAndAnAbsentColumnDoesNot(t *testing.T) {
	everywhere(t, func(p *pushing) {
		id := p.loaded("res.partner", "id | name | country_id/.id | city | category_id/.id", "__odoosync__.a | Mairie | 75 | Nantes | 1,2")
		require.Equal(p, "fr_FR", p.sim.Get("res.partner", id)["lang"], "the user's")
		p.loaded("res.partner", ".id | country_id/.id | category_id/.id | lang", fmt.Sprintf("%d | | |", id))
		partner := p.sim.Get("res.partner", id)
		require.Equal(p, []any{false, "Nantes", false}, []any{partner["country_id"], partner["city"], partner["lang"]})
		require.Empty(p, partner["category_id"])
		known := p.loaded("res.partner", "id | .id | city", fmt.Sprintf("__odoosync__.a | %d | Brest", p.create("res.partner", map[string]any{"name": "Other"})))
		require.Equal(p, id, known, "with both, the external id counts")
	})
}

func TestAnEmptyDatabaseIDByVersion(t *testing.T) {
	everywhere(t, func(p *pushing) {
		_, err := p.client.Load(p.ctx, "res.partner", []string{".id", "name"}, [][]string{{"", "Twice"}}, nil)
		if p.version < 18 {
			require.ErrorContains(p, err, "invalid input syntax for type integer")
			return
		}
		require.NoError(p, err, "18 and 19 make a new record of it")
		require.Len(p, p.sim.IDs("res.partner"), 1)
	})
}

func TestLoadReadsTimesInTheUsersZoneAndWriteInUTC(t *testing.T) {
	everywhere(t, func(p *pushing) {
		lead := p.create("crm.lead", map[string]any{"name": "Rome"})
		for _, tt := range []struct{ zone, want string }{{"UTC", "2026-07-02 10:00:00"}, {"Europe/Paris", "2026-07-02 08:00:00"}, {"", "2026-07-02 08:00:00"}} {
			_, err := p.client.Load(p.ctx, "crm.lead", []string{".id", "date_conversion"}, [][]string{{strconv.FormatInt(lead, 10), "2026-07-02 10:00:00"}}, map[string]any{"tz": tt.zone})
			require.NoError(p, err)
			require.Equal(p, tt.want, p.sim.Get("crm.lead", lead)["date_conversion"], tt.zone)
		}
		require.NoError(p, p.write("crm.lead", lead, map[string]any{"date_conversion": "2026-07-02 10:00:00"}))
		require.Equal(p, "2026-07-02 10:00:00", p.sim.Get("crm.lead", lead)["date_conversion"])
	})
}

func TestReferencesNeedNoRights(t *testing.T) {
	everywhere(t, func(p *pushing) {
		refer := func(extra map[string]any) (any, error) {
			return p.client.Call(p.ctx, "ir.model.data", "check_object_reference", []any{"__odoosync__", "a"}, map[string]any{"context": extra})
		}
		id := p.loaded("res.partner", "id | name", "__odoosync__.a | Mairie")
		p.sim.Forbid("ir.model.data", "read")
		found, err := refer(nil)
		require.NoError(p, err)
		require.Equal(p, []any{"res.partner", id}, found)
		require.NoError(p, p.write("res.partner", id, map[string]any{"active": false}))
		found, err = refer(map[string]any{"active_test": true})
		require.NoError(p, err)
		require.Equal(p, []any{"res.partner", false}, found, "archived records are not found")
		found, err = refer(map[string]any{"active_test": false})
		require.NoError(p, err)
		require.Equal(p, []any{"res.partner", id}, found)
		require.NoError(p, p.client.Unlink(p.ctx, "res.partner", []int64{id}, nil))
		_, err = refer(nil)
		require.ErrorContains(p, err, "External ID not found in the system: __odoosync__.a")
	})
}

func TestCommands(t *testing.T) {
	everywhere(t, func(p *pushing) {
		client := p.create("res.partner", map[string]any{"name": "Mairie", "category_id": []any{[]any{6, 0, []any{1}}}})
		for _, tt := range []struct {
			name string
			code any
			want []int64
		}{
			{"link", []any{[]any{4, 2}}, []int64{1, 2}}, {"unlink", []any{[]any{3, 1}}, []int64{2}}, {"an empty list changes nothing", []any{}, []int64{2}},
			{"replace", []any{[]any{6, 0, []any{1, 2}}}, []int64{1, 2}}, {"clear", []any{[]any{5}}, []int64{}}, {"plain ids replace", []any{2, 1}, []int64{2, 1}}, {"False clears", false, []int64{}},
			{"new", []any{[]any{0, 0, map[string]any{"name": "Collège"}}}, []int64{3}},
		} {
			require.NoError(p, p.write("res.partner", client, map[string]any{"category_id": tt.code}), tt.name)
			require.Equal(p, tt.want, p.sim.Get("res.partner", client)["category_id"], tt.name)
		}
		line := func(name string) []any {
			return []any{0, 0, map[string]any{"name": name, "price_unit": 10, "tax_ids": []any{}}}
		}
		invoice := p.create("account.move", map[string]any{"move_type": "out_invoice", "partner_id": client, "invoice_line_ids": []any{line("a"), line("b"), line("c")}})
		lines := p.lines(invoice)
		change := func(commands ...any) error {
			return p.write("account.move", invoice, map[string]any{"invoice_line_ids": commands})
		}
		require.NoError(p, change([]any{1, lines[0], map[string]any{"price_unit": 5}}, []any{2, lines[1]}))
		require.Equal(p, []int64{lines[0], lines[2]}, p.lines(invoice))
		require.Equal(p, 15.0, p.sim.Get("account.move", invoice)["amount_total"])
		require.ErrorContains(p, change([]any{2, lines[1]}), "does not exist or has been deleted")
		require.NoError(p, change([]any{3, lines[2]}))
		require.Nil(p, p.sim.Get("account.move.line", lines[2]), "a line that is taken out is gone")
		require.NoError(p, change([]any{5}))
		require.Empty(p, p.lines(invoice))

		require.NoError(p, p.write("res.partner", client, map[string]any{"country_id": 75}))
		require.NoError(p, p.write("res.partner", client, map[string]any{"country_id": "75"}))
		require.Equal(p, false, p.sim.Get("res.partner", client)["country_id"], "a text clears a many2one")
	})
}

func TestSearchesOfLookups(t *testing.T) {
	everywhere(t, func(p *pushing) {
		for _, tt := range []struct {
			model  string
			domain []any
			want   []int64
		}{
			{"account.tax", []any{[]any{"name", "=", "20%"}}, []int64{1, 4, 6}},
			{"account.tax", []any{[]any{"name", "=", "20%"}, []any{"type_tax_use", "=", "sale"}, []any{"company_id", "=", 1}}, []int64{1}},
			{"account.tax", []any{[]any{"name", "=", "20% TTC"}}, []int64{7}}, // archived: the client asks for those too
			{"account.tax", []any{[]any{"name", "=", "20% TTC"}, []any{"active", "=", true}}, []int64{}},
			{"account.journal", []any{[]any{"code", "in", []any{"FAC"}}, []any{"company_id", "in", []any{1}}}, []int64{1}},
			{"account.payment.term", []any{[]any{"company_id", "in", []any{false, 1}}}, []int64{1, 2}},
			{"res.country", []any{[]any{"code", "=ilike", "fr"}}, []int64{75}}, {"res.country", []any{[]any{"code", "=", "fr"}}, []int64{}},
			{"res.country.state", []any{[]any{"code", "=", "AL"}, []any{"country_id.code", "=", "US"}}, []int64{1}},
			{"res.country.state", []any{[]any{"code", "=", "AL"}, []any{"country_id", "=", "Italy"}}, []int64{3}},
			{"res.currency", []any{[]any{"name", "in", []any{"EUR", "GBP"}}, []any{"active", "=", true}}, []int64{1}},
			{"res.users", []any{[]any{"login", "=", "admin"}, []any{"company_ids", "in", []any{2}}}, []int64{2}},
			{"crm.stage", []any{[]any{"name", "ilike", "gagn"}}, []int64{4}}, {"product.product", []any{[]any{"default_code", "in", []any{"CAR", "VS"}}}, []int64{1, 3}},
			{"crm.tag", []any{[]any{"name", "not in", []any{"Lycée"}}}, []int64{1, 3}},
		} {
			ids, err := p.client.Search(p.ctx, tt.model, tt.domain, odooclient.Page{})
			require.NoError(p, err)
			require.ElementsMatch(p, tt.want, ids, "%s %v", tt.model, tt.domain)
		}
	})
}
