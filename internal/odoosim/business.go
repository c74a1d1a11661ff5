package odoosim

import (
	"fmt"
	"math"
	"time"
)

// vat is the one tax the simulated company has.
const vat = 0.20

func round2(f float64) float64 { return math.Round(f*100) / 100 }

func num(v any) float64 {
	switch x := v.(type) {
	case float64:
		return x
	case int64:
		return float64(x)
	}
	return 0
}

// totals recomputes an order or invoice from its lines.
func (t *tx) totals(model string, id int64) {
	list, quantity, lineModel := "order_line", "product_uom_qty", "sale.order.line"
	if model == "account.move" {
		list, quantity, lineModel = "invoice_line_ids", "quantity", "account.move.line"
	} else if model != "sale.order" {
		return
	}
	r := t.s.table(model).rows[id]
	lines, _ := r[list].([]int64)
	untaxed, tax := 0.0, 0.0
	for _, lineID := range lines {
		line, ok := t.s.table(lineModel).rows[lineID]
		if !ok {
			continue
		}
		sub := round2(num(line[quantity]) * num(line["price_unit"]) * (1 - num(line["discount"])/100))
		line["price_subtotal"], line["price_total"] = sub, sub
		if taxed(line) {
			line["price_total"] = round2(sub * (1 + vat))
		}
		untaxed += sub
		tax += num(line["price_total"]) - sub
	}
	r["amount_untaxed"], r["amount_tax"], r["amount_total"] = round2(untaxed), round2(tax), round2(untaxed+tax)
	if model != "account.move" {
		return
	}
	sign := 1.0
	if r["move_type"] == "out_refund" {
		sign = -1
	}
	r["amount_total_signed"] = sign * num(r["amount_total"])
	r["amount_residual"] = r["amount_total"]
	if r["payment_state"] == "paid" {
		r["amount_residual"] = 0.0
	}
}

func taxed(line row) bool {
	for _, name := range []string{"tax_id", "tax_ids"} {
		if ids, _ := line[name].([]int64); len(ids) > 0 {
			return true
		}
	}
	return false
}

// call runs a business method. A refusal is a *fault; none is one whose work
// is done all the same.
func (t *tx) call(model, method string, id int64) (any, error) {
	r, ok := t.s.table(model).rows[id]
	if !ok {
		return nil, missing(model, id)
	}
	t.touch(model, id)
	switch model + "." + method {
	case "sale.order.action_confirm":
		t.write(model, id, Values{"state": "sale", "date_order": t.at.Truncate(time.Second)})
		return true, nil
	case "sale.order.action_cancel":
		if t.s.o.Version < 19 && r["state"] == "sale" {
			return map[string]any{"name": "Cancel Sales Order", "view_mode": "form", "res_model": "sale.order.cancel", "view_id": int64(1),
				"type": "ir.actions.act_window", "context": map[string]any{"default_order_id": id, "default_template_id": int64(1), "mark_so_as_canceled": true,
					"default_email_layout_xmlid": "mail.mail_notification_layout_with_responsible_signature", "model_description": "Sales Order"}, "target": "new"}, nil
		}
		t.write(model, id, Values{"state": "cancel"})
		return true, nil
	case "account.move.action_post":
		return t.post(id, r)
	case "account.move.button_draft":
		t.write(model, id, Values{"state": "draft"})
		return nil, none
	case "account.move.button_cancel":
		t.write(model, id, Values{"state": "cancel"})
		return nil, none
	case "crm.lead.convert_opportunity":
		t.write(model, id, Values{"type": "opportunity", "date_conversion": t.at.Truncate(time.Second)})
		return true, nil
	case "crm.lead.action_set_won":
		t.write(model, id, Values{"stage_id": int64(4), "probability": 100.0, "date_closed": t.at.Truncate(time.Second)})
		return true, nil
	case "crm.lead.action_set_lost":
		t.write(model, id, Values{"active": false, "probability": 0.0, "date_closed": t.at.Truncate(time.Second)})
		return nil, none
	}
	return nil, t.s.noMethod(model, method)
}

func (t *tx) post(id int64, r row) (any, error) {
	if lines, _ := r["invoice_line_ids"].([]int64); len(lines) == 0 {
		return nil, t.s.emptyInvoice()
	}
	if r["state"] == "posted" {
		return nil, t.s.alreadyPosted(id, r)
	}
	v := Values{"state": "posted"}
	if r["name"] == "/" || r["name"] == false {
		prefix := "FAC"
		if r["move_type"] == "out_refund" {
			prefix = "RFAC"
		}
		v["name"] = fmt.Sprintf("%s/%d/%05d", prefix, t.at.Year(), id)
	}
	if r["invoice_date"] == false {
		v["invoice_date"] = t.at.Format(time.DateOnly)
	}
	t.write("account.move", id, v)
	return false, nil
}
