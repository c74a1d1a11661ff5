package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"odoosync/internal/odoosim"
)

// editor edits both sides. What it may touch is divided, so that a clash of two
// edits only happens where the demo wants to show one:
//
//   - of a contact, Odoo's users change city and phone, the API street and
//     e-mail, and those of companies alone: a company's address flows to its
//     contacts in Odoo; the reserved ones are for edits of both sides at once;
//   - Odoo's users post and pay invoices that came with the import, the API
//     edits the ones it made; each deletes only contacts it made itself.
type editor struct {
	*demo
	random    *rand.Rand
	contacts  []int64 // that came with the import
	companies []int64 // of these
	reserved  []int64 // companies too
	turn      int     // of the reserved ones
	invoices  []int64
	made      []int64 // contacts made in Odoo since
}

// reservedContacts are enough that one is at rest when its turn comes again.
const reservedContacts = 20

func (d *demo) newEditor() *editor {
	e := &editor{demo: d, random: rand.New(rand.NewPCG(d.o.Seed, 2)), invoices: d.sim.IDs("account.move")}
	for _, id := range d.sim.IDs("res.partner") {
		company := d.sim.Get("res.partner", id)["is_company"] == true
		if company && len(e.reserved) < reservedContacts {
			e.reserved = append(e.reserved, id)
			continue
		}
		e.contacts = append(e.contacts, id)
		if company {
			e.companies = append(e.companies, id)
		}
	}
	return e
}

// rested is the reserved contact that was left alone for longest.
func (e *editor) rested() int64 {
	e.turn++
	return e.reserved[e.turn%len(e.reserved)]
}

// edit changes records and rows, one after the other: first one of each kind,
// then whatever comes.
func (d *demo) edit(ctx context.Context) {
	e := d.newEditor()
	tick := time.NewTicker(editEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		one := edits[n%len(edits)]
		if n >= len(edits) {
			one = edits[e.random.IntN(len(edits))]
		}
		if err := one(e, context.WithoutCancel(ctx), n); err != nil {
			d.say("  ! an edit of a row failed: %v", err)
		}
	}
}

// edits are what users and the API do. Refusals of business methods (an invoice
// that is posted already) are part of life and change nothing.
var edits = []func(e *editor, ctx context.Context, n int) error{
	inOdoo(func(e *editor, n int) {
		e.sim.Write("res.partner", any1(e, e.contacts), odoosim.Values{"city": any1(e, cities), "phone": fmt.Sprintf("+33 2 %08d", n)})
	}),
	(*editor).newContact,
	(*editor).mergeOfAContact,
	inOdoo(func(e *editor, _ int) {
		e.sim.Create("sale.order", odoosim.Values{"partner_id": any1(e, e.contacts), "order_line": []odoosim.Values{
			{"name": "Voyage Scolaire", "product_id": 1, "product_uom_qty": float64(20 + e.random.IntN(20)), "price_unit": 150.0, "tax_id": []int64{1}}}})
	}),
	(*editor).newInvoice,
	(*editor).conflictOfAContact,
	inOdoo(func(e *editor, _ int) { _ = e.sim.Call("sale.order", "action_confirm", some(e, "sale.order")) }),
	(*editor).newLead,
	(*editor).wonLead,
	(*editor).conflictOfAnInvoice,
	(*editor).changedContact,
	inOdoo(func(e *editor, n int) {
		e.made = append(e.made, e.sim.Create("res.partner", odoosim.Values{"name": fmt.Sprintf("Nouvelle école %d", n), "is_company": true, "city": any1(e, cities), "country_id": 75}))
	}),
	(*editor).changedInvoice,
	inOdoo(func(e *editor, _ int) { _ = e.sim.Call("account.move", "action_post", any1(e, e.invoices)) }),
	inOdoo(func(e *editor, _ int) {
		e.sim.Write("sale.order.line", some(e, "sale.order.line"), odoosim.Values{"price_unit": float64(100 + e.random.IntN(100))})
	}),
	inOdoo(func(e *editor, _ int) {
		e.sim.Write("account.move", any1(e, e.invoices), odoosim.Values{"payment_state": "paid"})
	}),
	inOdoo(func(e *editor, _ int) { _ = e.sim.Call("crm.lead", "action_set_won", some(e, "crm.lead")) }),
	(*editor).deletedContact,
	inOdoo(func(e *editor, _ int) {
		if len(e.made) > 0 { // nothing refers to it, or Odoo would refuse
			e.sim.Unlink("res.partner", e.made[0])
			e.made = slices.Delete(e.made, 0, 1)
		}
	}),
}

// inOdoo is an edit of Odoo's users.
func inOdoo(f func(e *editor, n int)) func(*editor, context.Context, int) error {
	return func(e *editor, _ context.Context, n int) error { f(e, n); return nil }
}

var cities = []string{"Nantes", "Brest", "Lille", "Dijon", "Tours", "Vannes", "Reims", "Nancy"}

// some is the id of any record of a model.
func some(e *editor, model string) int64 { return any1(e, e.sim.IDs(model)) }

func any1[T any](e *editor, list []T) T { return list[e.random.IntN(len(list))] }
