package odoosim

import (
	"fmt"
	"slices"
)

// lineDefaults are what an invoice line gets from its product, and its tax where
// nobody named one: the product's, and on 16 else the company's.
func (r *request) lineDefaults(v Values, commands []command) {
	kind, typed := v["display_type"]
	if typed && kind != "product" && !blank(kind) {
		v["quantity"], v["price_unit"] = 0.0, 0.0
		return
	}
	var taxes []int64
	if id, ok := v["product_id"].(int64); ok {
		product := r.s.table("product.product").rows[id]
		absent(v, "name", product.get("name"))
		absent(v, "price_unit", product.get("lst_price"))
		absent(v, "product_uom_id", product.get("uom_id"))
		taxes, _ = product.get("taxes_id").([]int64)
	}
	if slices.ContainsFunc(commands, func(c command) bool { return c.field == "tax_ids" }) {
		return
	}
	move, _ := v["move_id"].(int64)
	company := r.s.table("account.move").rows[move].get("company_id")
	taxes = slices.DeleteFunc(slices.Clone(taxes), func(id int64) bool {
		return r.s.table("account.tax").rows[id].get("company_id") != company
	})
	if id, ok := company.(int64); ok && len(taxes) == 0 && r.s.o.Version == 16 {
		if tax, ok := r.s.table("res.company").rows[id].get("account_sale_tax_id").(int64); ok {
			taxes = []int64{tax}
		}
	}
	absent(v, "tax_ids", taxes)
}

// anotherProduct gives an invoice line that gets another product what comes with
// it, whatever the line had, unless the same write says otherwise. A product
// taken away takes its unit along, and on 16 the taxes too.
func (r *request) anotherProduct(v Values, before *row, commands []command) {
	id, sent := v["product_id"]
	if !sent || canonical(id) == before.get("product_id") {
		return
	}
	fresh := Values{"move_id": before.get("move_id"), "product_id": canonical(id)}
	r.lineDefaults(fresh, commands)
	if blank(id) {
		absent(v, "product_uom_id", false)
	}
	for _, name := range []string{"name", "price_unit", "product_uom_id", "tax_ids"} {
		value, known := fresh[name]
		if !known || name == "name" && r.s.o.Version > 16 || name == "tax_ids" && blank(id) && r.s.o.Version > 16 {
			continue
		}
		absent(v, name, value)
	}
}

// digits are how many decimals a line's numbers keep; 19 rounds no price.
func (s *Server) digits(model string, v *row) {
	if _, line := lineModels[model]; !line {
		return
	}
	for _, name := range []string{"quantity", "product_uom_qty", "discount", "price_unit"} {
		if f, ok := v.get(name).(float64); ok && (name != "price_unit" || s.o.Version < 19) {
			v.set(name, round2(f))
		}
	}
}

// sameCompany refuses a tax of another company.
func (r *request) sameCompany(line int64, name string, taxes []int64) error {
	if r.model != "account.move.line" || name != "tax_ids" {
		return nil
	}
	self := r.s.table(r.model).rows[line]
	move, _ := self.get("move_id").(int64)
	company, _ := r.s.table("account.move").rows[move].get("company_id").(int64)
	for _, id := range taxes {
		tax := r.s.table("account.tax").rows[id]
		if tax.get("company_id") == company || blank(tax.get("company_id")) {
			continue
		}
		form := "Incompatible companies on records:\n- '/ %v' belongs to company '%v' and 'Taxes' (tax_ids: '%v') belongs to another company."
		switch {
		case r.s.o.Version >= 19:
			form = "Uh-oh! You’ve got some company inconsistencies here:\n- “%v” belongs to company “%v” while “Taxes” (tax_ids: '%v') belongs to another company.\nTo avoid a mess, no company crossover is allowed!"
		case r.s.o.Version == 18:
			form = "Incompatible companies on records:\n- “%v” belongs to company “%v” and “Taxes” (tax_ids: '%v') belongs to another company."
		}
		return &fault{2, fmt.Sprintf(form, self.get("name"), r.s.table("res.company").rows[company].get("name"), tax.get("name"))}
	}
	return nil
}
