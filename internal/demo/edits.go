package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"odoosync/internal/odoosim"
)

// edit changes records in the simulated Odoo, one after the other.
func (d *demo) edit(ctx context.Context) {
	random := rand.New(rand.NewPCG(d.o.Seed, 2))
	tick := time.NewTicker(editEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			edits[random.IntN(len(edits))](d.sim, random, n)
		}
	}
}

var cities = []string{"Nantes", "Brest", "Lille", "Dijon", "Tours", "Vannes", "Reims", "Nancy"}

// some returns the id of any record of a model.
func some(s *odoosim.Server, r *rand.Rand, model string) int64 {
	ids := s.IDs(model)
	return ids[r.IntN(len(ids))]
}

// edits are what users do. Refusals of business methods (an invoice that is
// posted already) are part of life and change nothing.
var edits = []func(s *odoosim.Server, r *rand.Rand, n int){
	func(s *odoosim.Server, r *rand.Rand, n int) {
		s.Write("res.partner", some(s, r, "res.partner"), odoosim.Values{"city": cities[r.IntN(len(cities))], "phone": fmt.Sprintf("+33 2 %08d", n)})
	},
	func(s *odoosim.Server, r *rand.Rand, n int) {
		s.Create("res.partner", odoosim.Values{"name": fmt.Sprintf("Nouvelle école %d", n), "is_company": true, "city": cities[r.IntN(len(cities))], "country_id": 75})
	},
	func(s *odoosim.Server, r *rand.Rand, n int) {
		s.Create("sale.order", odoosim.Values{"partner_id": some(s, r, "res.partner"), "order_line": []odoosim.Values{
			{"name": "Voyage Scolaire", "product_id": 1, "product_uom_qty": float64(20 + r.IntN(20)), "price_unit": 150.0, "tax_id": []int64{1}}}})
	},
	func(s *odoosim.Server, r *rand.Rand, _ int) {
		_ = s.Call("sale.order", "action_confirm", some(s, r, "sale.order"))
	},
	func(s *odoosim.Server, r *rand.Rand, _ int) {
		s.Write("sale.order.line", some(s, r, "sale.order.line"), odoosim.Values{"price_unit": float64(100 + r.IntN(100))})
	},
	func(s *odoosim.Server, r *rand.Rand, _ int) {
		_ = s.Call("account.move", "action_post", some(s, r, "account.move"))
	},
	func(s *odoosim.Server, r *rand.Rand, _ int) {
		s.Write("account.move", some(s, r, "account.move"), odoosim.Values{"payment_state": "paid"})
	},
	func(s *odoosim.Server, r *rand.Rand, _ int) {
		_ = s.Call("crm.lead", "action_set_won", some(s, r, "crm.lead"))
	},
	func(s *odoosim.Server, r *rand.Rand, _ int) {
		if id := unused(s); id != 0 {
			s.Unlink("res.partner", id)
		}
	},
}

// unused is a contact that nothing refers to, 0 for none: Odoo would refuse to
// delete another.
func unused(s *odoosim.Server) int64 {
	used := map[any]bool{}
	for _, ref := range [][2]string{{"res.partner", "parent_id"}, {"sale.order", "partner_id"}, {"account.move", "partner_id"}, {"crm.lead", "partner_id"}} {
		for _, id := range s.IDs(ref[0]) {
			used[s.Get(ref[0], id)[ref[1]]] = true
		}
	}
	for _, id := range s.IDs("res.partner") {
		if !used[id] {
			return id
		}
	}
	return 0
}
