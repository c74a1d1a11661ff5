package odoosim

import "time"

// told are the fields of the guide's payloads, by model.
var told = map[string][]string{
	"sale.order":   {"name", "state", "partner_id", "amount_total", "amount_untaxed", "amount_tax", "date_order", "user_id"},
	"account.move": {"name", "move_type", "state", "partner_id", "amount_total", "amount_untaxed", "amount_tax", "invoice_date", "invoice_date_due"},
	"res.partner":  {"name", "email", "phone", "street", "zip", "city", "vat", "is_company", "parent_id"},
	"crm.lead":     {"name", "type", "partner_id", "contact_name", "email_from", "phone", "probability", "expected_revenue"},
}

// toldLines are the guide's lines: its name for them, Odoo's, the lines' model,
// and the guide's name for each of their fields.
var toldLines = map[string]struct {
	name, list, model string
	fields            [][2]string
}{
	"sale.order": {"order_lines", "order_line", "sale.order.line",
		[][2]string{{"product_id", "product_id"}, {"quantity", "product_uom_qty"}, {"price_unit", "price_unit"}, {"price_subtotal", "price_subtotal"}}},
	"account.move": {"invoice_line_ids", "invoice_line_ids", "account.move.line",
		[][2]string{{"product_id", "product_id"}, {"quantity", "quantity"}, {"price_unit", "price_unit"}, {"price_subtotal", "price_subtotal"}}},
}

// payload is the guide's event for a change, "" where it has none.
func (s *Server) payload(c change) (string, map[string]any) {
	r, exists := s.table(c.model).rows[c.id]
	if !exists {
		if c.before == nil || c.model == "account.move" || c.model == "crm.lead" {
			return "", nil
		}
		return c.model + ".deleted", map[string]any{"id": c.id}
	}
	data := map[string]any{"id": c.id}
	old := map[string]any{}
	for _, name := range told[c.model] {
		data[name] = jsonValue(r.get(name))
		if s.fields[c.model][name].Type == "boolean" {
			data[name] = r.get(name) == true
		}
		if c.before != nil && jsonValue(c.before.get(name)) != data[name] {
			old[name] = jsonValue(c.before.get(name))
		}
	}
	if len(old) > 0 {
		data["old_values"] = old
	}
	if partner, ok := r.get("partner_id").(int64); ok {
		data["partner_name"] = s.nameOf("res.partner", partner)
	}
	if lines, ok := toldLines[c.model]; ok {
		list := []any{}
		ids, _ := r.get(lines.list).([]int64)
		for _, id := range ids {
			line := map[string]any{"id": id}
			row := s.table(lines.model).rows[id]
			for _, f := range lines.fields {
				line[f[0]] = jsonValue(row.get(f[1]))
			}
			if product, ok := row.get("product_id").(int64); ok {
				line["product_name"] = s.nameOf("product.product", product)
			}
			list = append(list, line)
		}
		data[lines.name] = list
	}
	return eventName(c, r), data
}

func (s *Server) nameOf(model string, id int64) any {
	return jsonValue(s.table(model).rows[id].get("name"))
}

// eventName derives the event from the difference of states.
func eventName(c change, r *row) string {
	if c.before == nil {
		return c.model + ".created"
	}
	changed := func(name string) bool { return c.before.get(name) != r.get(name) }
	switch {
	case c.model == "sale.order" && changed("state"):
		return "sale.order.state.changed"
	case c.model == "account.move" && changed("state") && r.get("state") == "posted":
		return "account.move.validated"
	case c.model == "account.move" && changed("state") && r.get("state") == "cancel":
		return "account.move.cancelled"
	case c.model == "crm.lead" && changed("type"):
		return "crm.lead.converted"
	case c.model == "crm.lead" && changed("stage_id") && r.get("stage_id") == int64(4):
		return "crm.lead.won"
	}
	return c.model + ".updated"
}

// jsonValue writes False as null and times as the guide does.
func jsonValue(v any) any {
	switch x := v.(type) {
	case nil:
		return nil
	case bool:
		if !x {
			return nil
		}
	case time.Time:
		return x.Format("2006-01-02T15:04:05Z")
	}
	return v
}
