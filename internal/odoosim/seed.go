package odoosim

import (
	"fmt"
	"time"
)

// Size is how many records SeedSchoolTrips makes.
type Size struct{ Contacts, Orders, Invoices, Leads int }

var (
	towns   = []string{"Nantes", "Brest", "Lille", "Dijon", "Tours", "Albi", "Vannes", "Reims", "Pau", "Nancy"}
	schools = []string{"École primaire", "Collège", "Lycée", "Mairie"}
	trees   = []string{"des Tilleuls", "du Port", "des Acacias", "de la Gare", "du Moulin", "des Platanes"}
	trips   = []string{"Rome et Pompéi", "Londres", "Classe de mer à Quiberon", "Futuroscope", "Classe de neige à Autrans", "Berlin", "Châteaux de la Loire"}
)

// SeedSchoolTrips fills the database with a travel agency's records, the same
// for the same seed. Schools come with a contact person each.
func (s *Server) SeedSchoolTrips(n Size) {
	var schoolIDs []int64
	for i := range n.Contacts {
		town := pick(s, towns)
		if i%2 == 1 && len(schoolIDs) > 0 {
			s.Create("res.partner", Values{"name": fmt.Sprintf("Secrétariat %d", i), "parent_id": schoolIDs[len(schoolIDs)-1], "type": "contact", "email": fmt.Sprintf("secretariat%d@ecole.example", i)})
			continue
		}
		schoolIDs = append(schoolIDs, s.Create("res.partner", Values{"name": pick(s, schools) + " " + pick(s, trees) + ", " + town, "is_company": true, "city": town,
			"zip": fmt.Sprintf("%05d", 10000+s.intn(80000)), "street": fmt.Sprintf("%d rue %s", 1+s.intn(90), pick(s, trees)), "country_id": 75,
			"email": fmt.Sprintf("contact%d@ecole.example", i), "phone": fmt.Sprintf("+33 2 40 %02d %02d %02d", s.intn(100), s.intn(100), s.intn(100))}))
	}
	if len(schoolIDs) == 0 {
		return
	}
	for i := range n.Orders {
		id := s.Create("sale.order", Values{"partner_id": pick(s, schoolIDs), "order_line": s.tripLines("tax_id", "product_uom_qty")})
		if i%2 == 0 {
			_ = s.Call("sale.order", "action_confirm", id) // a new order can always be confirmed
		}
	}
	for i := range n.Invoices {
		id := s.Create("account.move", Values{"partner_id": pick(s, schoolIDs), "invoice_line_ids": s.tripLines("tax_ids", "quantity")})
		if i%3 > 0 {
			_ = s.Call("account.move", "action_post", id) // it has lines
		}
	}
	for i := range n.Leads {
		s.Create("crm.lead", Values{"name": "Demande : " + pick(s, trips), "partner_id": pick(s, schoolIDs), "email_from": fmt.Sprintf("demande%d@ecole.example", i),
			"expected_revenue": float64(1000 + s.intn(90)*100), "description": "<p>Bonjour,</p><p>un devis pour <b>" + pick(s, trips) + "</b>, merci.</p>", "tag_ids": []int64{1 + int64(s.intn(3))}})
	}
}

func (s *Server) tripLines(tax, quantity string) []Values {
	if s.o.Version >= 19 {
		tax = "tax_ids"
	}
	pupils := float64(20 + s.intn(40))
	return []Values{
		{"name": pick(s, trips), "product_id": 1, quantity: pupils, "price_unit": float64(80 + s.intn(40)*10), tax: []int64{1}},
		{"name": "Assurance annulation", "product_id": 2, quantity: pupils, "price_unit": 12.5, tax: []int64{1}},
	}
}

// Seed makes n records at once, with consecutive ids, and tells nobody. values
// and at, which gives write_date and create_date to the microsecond, are called
// with 0 to n-1 and must not call the server. It returns the first id.
func (s *Server) Seed(model string, n int, values func(i int) Values, at func(i int) time.Time) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.table(model).next
	for i := range n {
		t := &tx{s: s, at: at(i).UTC().Truncate(time.Microsecond)}
		t.create(model, values(i))
	}
	return first
}

func (s *Server) intn(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.IntN(n)
}

func pick[T any](s *Server, list []T) T { return list[s.intn(len(list))] }
