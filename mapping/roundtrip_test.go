package mapping_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// memory is a resolver that remembers what it told, to find it again. Every
// record has a row.
type memory struct {
	names
	ids map[mapping.Ask][]int64 // without what restricts a lookup
}

func (m memory) Lookup(model, field string, id int64) (record.Value, bool) {
	v, ok := m.names.Lookup(model, field, id)
	m.keep(mapping.Ask{Kind: mapping.WantLookup, Model: model, Field: field, Text: v.Text()}, id)
	return v, ok
}

func (m memory) Reference(entity string, id int64) (string, bool) {
	local := fmt.Sprint(1000 + id)
	m.keep(mapping.Ask{Kind: mapping.WantReference, Entity: entity, LocalID: local}, id)
	return local, true
}

func (m memory) keep(a mapping.Ask, id int64) {
	if !slices.Contains(m.ids[a], id) {
		m.ids[a] = append(m.ids[a], id)
	}
}

func (m memory) Find(a mapping.Ask) (int64, error) {
	a.Where, a.Company, a.Companies = "", false, ""
	if ids := m.ids[a]; len(ids) == 1 {
		return ids[0], nil
	}
	return 0, record.Errorf(record.CodeRejected, "%d records are %v", len(m.ids[a]), a)
}

// What was decoded from any recorded record of any version, encoded again, is
// what Odoo had: ids, choices, numbers and texts.
func TestRecordedRecordsSurviveTheWayBack(t *testing.T) {
	tables := liveTables(t)
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			m, reads := bound(t, version, tables), recordedReads(t, version)
			res := memory{namesIn(reads, recordedFields(t, version), recordedModels()), map[mapping.Ask][]int64{}}
			fields, lines := 0, 0
			for name, r := range recordings {
				for _, raw := range reads[name] {
					for _, entity := range r.entities {
						e := m.ByName(entity)
						if in, err := e.InDomain(raw); err != nil || !in {
							continue
						}
						of := linesOf(reads, r.child, r.lines, raw)
						rec, _, err := e.Decode(raw, of, res)
						require.NoError(t, err)
						cells, err := e.Encode(rec.Fields, rec.Fields, res)
						require.NoError(t, err)
						fields += requireSame(t, raw, cells)
						for child, list := range rec.Lines {
							for i, line := range list {
								cells, err := e.Child(child).Encode(line.Fields, line.Fields, res)
								require.NoError(t, err)
								lines += requireSame(t, of[child][i], cells)
							}
						}
					}
				}
			}
			require.Greater(t, fields, 1000)
			require.Greater(t, lines, 150)
		})
	}
}

func requireSame(t *testing.T, raw odooclient.Raw, cells []mapping.Cell) int {
	t.Helper()
	for _, c := range cells {
		require.Equal(t, odooValue(raw[c.Field]), odooValue(c.Value), "%s of %d", c.Field, raw.ID())
	}
	return len(cells)
}

// odooValue is a value as it is compared: as read and as written, an empty text
// and False are one, and so are the forms of numbers and of relations.
func odooValue(v any) any {
	switch x := v.(type) {
	case odooclient.Double:
		d, err := decimal.NewFromString(string(x))
		if err != nil {
			return err
		}
		return d.Round(6).String()
	case string:
		if x == "" {
			return false
		}
		return strings.ReplaceAll(x, "\r\n", "\n")
	case []any:
		if len(x) == 2 {
			if _, named := x[1].(string); named {
				return x[0]
			}
		}
		if len(x) == 1 {
			if set, ok := x[0].([]any); ok {
				return fmt.Sprint(set[2])
			}
		}
		var ids []int64
		for _, id := range x {
			ids = append(ids, id.(int64))
		}
		slices.Sort(ids)
		return fmt.Sprint(ids)
	}
	return v
}

// whereabouts answers an insert's asks by numbers of its own.
type whereabouts struct{ asked *strings.Builder }

func (w whereabouts) Find(a mapping.Ask) (int64, error) {
	id := map[string]int64{"FR": 75, "44": 500, "EUR": 1, "20% G": 38, "10% G": 39, "17": 117, "fr@agency.example": 6, "School": 2, "Europe": 1}[a.Text+a.LocalID]
	if a.Kind == mapping.WantReference {
		fmt.Fprintf(w.asked, "  the record of %s %s? %d\n", a.Entity, a.LocalID, id)
	} else {
		fmt.Fprintf(w.asked, "  %s %v, company %q? %d\n", a.Model, a.Domain(), a.Companies, id)
	}
	return id, nil
}

// The smallest inserts an API writes, and what creates their records.
func TestInserts(t *testing.T) {
	models := recordedFields(t, "17")
	company := odooclient.Fields{"company_id": {Name: "company_id", Type: "many2one", Relation: "res.company"}}
	for model, more := range map[string][]string{"account.tax": {"name", "type_tax_use"}, "res.country": {"code"}, "res.country.state": {"code"}, "res.currency": {"name"}} {
		models[model] = odooclient.Fields{}
		for _, name := range more {
			models[model][name] = odooclient.Field{Name: name, Type: "char"}
		}
	}
	models["account.tax"]["company_id"] = company["company_id"]
	models["res.country.state"]["country_id"] = odooclient.Field{Name: "country_id", Type: "many2one", Relation: "res.country"}
	models["res.users"] = odooclient.Fields{"login": {Name: "login", Type: "char"}, "company_id": {Name: "company_id"}, "company_ids": {Name: "company_ids"}}
	m, err := defaultSpec(t).Compile(mapping.Schema{Version: odooclient.Version{Series: "17.0"}, Models: models, Tables: liveTables(t), OdooURL: "https://odoo.example"})
	require.NoError(t, err)

	var out strings.Builder
	show := func(title string, cells []mapping.Cell, err error) {
		require.NoError(t, err)
		fmt.Fprintf(&out, "# %s\n", title)
		for _, c := range cells {
			fmt.Fprintf(&out, "%-24s %-32q %T %v\n", c.Column, c.Text, c.Value, c.Value)
		}
		fmt.Fprintln(&out)
	}
	find := whereabouts{&out}
	// An INSERT leaves the columns it does not name NULL.
	whole := func(fields []*mapping.Field, columns map[string]any) map[string]any {
		for _, f := range fields {
			if _, named := columns[f.Column]; !named {
				columns[f.Column] = nil
			}
		}
		return columns
	}
	contacts, invoices, leads := m.ByName("contacts"), m.ByName("invoices"), m.ByName("leads")
	contact := contacts.DecodeRow(whole(contacts.Fields, map[string]any{"name": "École Primaire", "email": "ecole@example.org", "is_company": int64(1), "active": int64(1),
		"city": "Nantes", "state_code": "44", "country_code": "FR"}))
	cells, err := contacts.EncodeNew(contact, find)
	show("a contact", cells, err)

	invoice := invoices.DecodeRow(whole(invoices.Fields, map[string]any{"move_type": "out_invoice", "state": "draft", "contact_id": int64(17), "ref": "API-7", "invoice_date": "2025-01-22",
		"currency": "EUR", "amount_total": "6000.00"}))
	cells, err = invoices.EncodeNew(invoice, find)
	show("a draft invoice", cells, err)
	lines := invoices.Child("invoice_line_ids")
	for _, columns := range []map[string]any{
		{"name": "Voyage Scolaire", "quantity": "30.000000", "price_unit": "150.000000", "tax_codes": []byte(`["20% G"]`), "price_subtotal": "4500.00"},
		{"name": "Assurance", "quantity": "30.000000", "price_unit": "50.000000", "tax_codes": []byte(`["20% G", "10% G"]`), "discount": "5.000000"},
		{"name": "Odoo's own taxes", "quantity": "1.000000", "price_unit": "1.000000"},
		{"name": "no taxes", "quantity": "1.000000", "price_unit": "1.000000", "tax_codes": []byte(`[]`)},
	} {
		cells, err = lines.EncodeNew(lines.DecodeRow(whole(lines.Fields, columns)), find)
		show("a line of it", cells, err)
	}
	lead := leads.DecodeRow(whole(leads.Fields, map[string]any{"name": "Classe de mer", "type": "opportunity", "status": "open", "email": "ecole@example.org", "description": "30 élèves\n\nen juin",
		"expected_revenue": "5000.00", "salesperson": "fr@agency.example", "tags": []byte(`["School", "Europe"]`), "active": int64(1), "odoo_company_id": int64(2)}))
	cells, err = leads.EncodeNew(lead, find)
	show("a lead", cells, err)
	compareGolden(t, filepath.Join("testdata", "golden", "inserts.txt"), out.String())
}
