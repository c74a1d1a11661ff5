package odoosim

import (
	"math"
	"slices"
	"time"
)

// round2 rounds half away from zero, as Odoo does: 33.335 is 33.34 although no
// float is.
func round2(f float64) float64 { return math.Round(f*100+math.Copysign(1e-7, f)) / 100 }

func num(v any) float64 {
	switch x := v.(type) {
	case float64:
		return x
	case int64:
		return float64(x)
	}
	return 0
}

// documents are the models with totals, and their lines.
var documents = map[string]struct{ list, quantity, lines string }{
	"sale.order":   {"order_line", "product_uom_qty", "sale.order.line"},
	"account.move": {"invoice_line_ids", "quantity", "account.move.line"},
}

// totals recomputes an order or invoice from its lines. 16 to 18 round the tax
// of every line, 19 that of the document (the companies' defaults).
func (t *tx) totals(model string, id int64) {
	d, ok := documents[model]
	if !ok {
		return
	}
	r := t.s.table(model).rows[id]
	lines, _ := r.get(d.list).([]int64)
	untaxed, tax, exact := 0.0, 0.0, map[int64]float64{}
	for _, lineID := range lines {
		line, ok := t.s.table(d.lines).rows[lineID]
		if !ok {
			continue
		}
		net, taxes := t.net(line, num(line.get(d.quantity))*num(line.get("price_unit"))*(1-num(line.get("discount"))/100))
		line.fill(Values{"price_subtotal": round2(net), "price_total": round2(net)})
		for id, amount := range taxes {
			line.set("price_total", round2(num(line.get("price_total"))+round2(amount)))
			exact[id] += amount
			tax += round2(amount)
		}
		untaxed += round2(net)
	}
	if t.s.o.Version >= 19 {
		tax = 0
		for _, amount := range exact {
			tax += round2(amount)
		}
	}
	r.fill(Values{"amount_untaxed": round2(untaxed), "amount_tax": round2(tax), "amount_total": round2(untaxed + tax)})
	if model == "account.move" {
		t.residual(r)
	}
}

func (t *tx) residual(r *row) {
	sign := 1.0
	if r.get("move_type") == "out_refund" {
		sign = -1
	}
	r.set("amount_total_signed", sign*num(r.get("amount_total")))
	r.set("amount_residual", round2(num(r.get("amount_total"))-num(r.get(credited))))
	if r.get("payment_state") == "paid" && num(r.get(credited)) == 0 {
		r.set("amount_residual", 0.0)
	}
}

// net is an amount without its taxes, and what each of them adds.
func (t *tx) net(line *row, amount float64) (float64, map[int64]float64) {
	ids := append(slices.Clone(taxIDs(line)), 0)
	included, rates := 0.0, map[int64]float64{}
	for _, id := range ids[:len(ids)-1] {
		tax := t.s.table("account.tax").rows[id]
		rates[id] = num(tax.get("amount"))
		if tax.get("price_include") == true {
			included += num(tax.get("amount"))
		}
	}
	net := amount / (1 + included/100)
	for id, rate := range rates {
		rates[id] = net * rate / 100
	}
	return net, rates
}

func taxIDs(line *row) []int64 {
	for _, name := range []string{"tax_id", "tax_ids"} {
		if ids, _ := line.get(name).([]int64); len(ids) > 0 {
			return ids
		}
	}
	return nil
}

// call runs a business method. A refusal is a *fault; none is one whose work
// is done all the same.
func (t *tx) call(model, method string, id int64) (any, error) {
	r, ok := t.s.table(model).rows[id]
	if !ok {
		return nil, missing(model, id)
	}
	t.touch(model, id)
	switch method {
	case "action_archive", "action_unarchive":
		return t.archive(model, id, method == "action_unarchive")
	case "toggle_active":
		return t.archive(model, id, r.get("active") == false)
	}
	switch model + "." + method {
	case "sale.order.action_confirm":
		t.write(model, id, Values{"state": "sale", "date_order": t.at.Truncate(time.Second)})
		return true, nil
	case "sale.order.action_cancel":
		return t.cancelOrder(id, r)
	case "account.move.action_post":
		return t.post(id, r)
	case "account.move.button_draft":
		return t.unpost(id, r, "draft")
	case "account.move.button_cancel":
		return t.unpost(id, r, "cancel")
	case "crm.lead.convert_opportunity":
		return t.convert(id, r)
	case "crm.lead.action_set_won":
		return t.setWon(id)
	case "crm.lead.action_set_lost":
		return t.setLost(id, r)
	}
	return nil, t.s.noMethod(model, method)
}

func (t *tx) cancelOrder(id int64, r *row) (any, error) {
	if t.s.o.Version < 19 && r.get("state") == "sale" {
		return map[string]any{"name": "Cancel Sales Order", "view_mode": "form", "res_model": "sale.order.cancel", "view_id": int64(1),
			"type": "ir.actions.act_window", "context": map[string]any{"default_order_id": id, "default_template_id": int64(1), "mark_so_as_canceled": true,
				"default_email_layout_xmlid": "mail.mail_notification_layout_with_responsible_signature", "model_description": "Sales Order"}, "target": "new"}, nil
	}
	t.write("sale.order", id, Values{"state": "cancel"})
	return true, nil
}
