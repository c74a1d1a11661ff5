package odoosim

import "fmt"

// at makes the next records of a model begin with an id that Odoo gives them
// everywhere, or whose order matters.
type at int64

// lookups fills the models that records point at, as a French company's database
// has them, traps included: taxes that share a name (usage and company tell them
// apart), a state's code in two countries, an archived currency and tax.
func (s *Server) lookups() {
	companies := []int64{1, 2}
	for _, l := range []struct {
		model string
		rows  []any
	}{
		{"res.country", []any{at(75), Values{"name": "France", "code": "FR"}, at(20), Values{"name": "Belgium", "code": "BE"}, at(109), Values{"name": "Italy", "code": "IT"},
			at(68), Values{"name": "Spain", "code": "ES"}, at(233), Values{"name": "United States", "code": "US"}}},
		{"res.country.state", []any{Values{"name": "Alabama", "code": "AL", "country_id": 233}, Values{"name": "California", "code": "CA", "country_id": 233},
			Values{"name": "Alessandria", "code": "AL", "country_id": 109}, Values{"name": "Almería", "code": "AL", "country_id": 68}}},
		{"res.currency", []any{Values{"name": "EUR", "symbol": "€"}, Values{"name": "USD", "symbol": "$"}, Values{"name": "GBP", "symbol": "£", "active": false}}},
		{"res.company", []any{Values{"name": "Voyages Scolaires", "currency_id": 1, "country_id": 75, "account_sale_tax_id": 1}, Values{"name": "Voyages Belgique", "currency_id": 1, "country_id": 20, "account_sale_tax_id": 6}}},
		{"res.users", []any{Values{"name": "Robot", "login": "__system__", "company_id": 1, "company_ids": []int64{1}, "active": false},
			Values{"name": "Administrateur", "login": "admin", "company_id": 1, "company_ids": companies, "lang": "fr_FR", "tz": "Europe/Paris"},
			Values{"name": "Marie Petit", "login": "marie@voyages.example", "company_id": 1, "company_ids": []int64{1}, "lang": "fr_FR", "tz": "Europe/Paris"}}},
		{"crm.stage", []any{Values{"name": "Nouveau"}, Values{"name": "Qualifié"}, Values{"name": "Proposition"}, Values{"name": "Gagné", "is_won": true}}},
		{"crm.team", []any{Values{"name": "Ventes"}, Values{"name": "Avant-vente"}}},
		{"crm.tag", []any{Values{"name": "Collège"}, Values{"name": "Lycée"}, Values{"name": "Primaire"}}},
		{"crm.lost.reason", []any{Values{"name": "Trop cher"}, Values{"name": "Annulé", "active": false}}},
		{"utm.source", []any{Values{"name": "Site web"}, Values{"name": "Salon"}}},
		{"utm.medium", []any{Values{"name": "Site web"}, Values{"name": "Téléphone"}}},
		{"utm.campaign", []any{Values{"name": "Rentrée"}}},
		{"account.tax", taxes},
		{"account.journal", []any{Values{"name": "Factures clients", "code": "FAC", "type": "sale", "company_id": 1}, Values{"name": "Factures fournisseurs", "code": "FACTU", "type": "purchase", "company_id": 1},
			Values{"name": "Opérations diverses", "code": "OD", "type": "general", "company_id": 1}, Values{"name": "Factures clients", "code": "FAC", "type": "sale", "company_id": 2},
			Values{"name": "Opérations diverses", "code": "OD", "type": "general", "company_id": 2}}},
		{"account.payment.term", []any{Values{"name": "30 jours"}, Values{"name": "Paiement immédiat"}, Values{"name": "45 jours", "company_id": 2}}},
		{"uom.uom", []any{Values{"name": "Unités"}, Values{"name": "Jours"}}},
		{"product.product", []any{Values{"name": "Voyage Scolaire", "default_code": "VS", "lst_price": 450.0, "uom_id": 1, "taxes_id": []int64{1, 6}},
			Values{"name": "Assurance annulation", "default_code": "ASS", "lst_price": 12.5, "uom_id": 1, "taxes_id": []int64{1}},
			Values{"name": "Transport en car", "default_code": "CAR", "lst_price": 890.0, "uom_id": 1, "taxes_id": []int64{2}}}},
		{configParameters, []any{Values{"key": databaseUUID, "value": fmt.Sprintf("00000000-0000-4000-8000-%012d", s.o.Seed%1_000_000_000_000)}}},
		{"res.partner.category", []any{Values{"name": "École"}, Values{"name": "Mairie"}}},
	} {
		for _, e := range l.rows {
			switch e := e.(type) {
			case at:
				s.table(l.model).next = int64(e)
			case Values:
				s.Create(l.model, e)
			}
		}
	}
}

var taxes = []any{
	tax("20%", 20, "sale", 1), tax("10%", 10, "sale", 1), tax("5.5%", 5.5, "sale", 1),
	tax("20%", 20, "purchase", 1),
	tax("20% S", 20, "sale", 1),
	tax("20%", 20, "sale", 2),
	Values{"name": "20% TTC", "amount": 20.0, "amount_type": "percent", "type_tax_use": "sale", "company_id": 1, "price_include": true, "active": false},
	tax("0% EXO", 0, "sale", 1),
	tax("20% S", 20, "sale", 1), // once on invoices and once on payments, as in the chart of Odoo 16
}

func tax(name string, amount float64, usage string, company int) Values {
	return Values{"name": name, "amount": amount, "amount_type": "percent", "type_tax_use": usage, "company_id": company}
}
