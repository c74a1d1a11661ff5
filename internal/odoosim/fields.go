package odoosim

// inverse is what fields_get says of a one2many: the field that points back, and
// which of the records that do belong to it.
type inverse struct {
	field  string
	domain []any
}

// inverseOf answers the lists the daemon reads, as measured on 16 to 19. Of
// others nothing was recorded.
func (s *Server) inverseOf(model, list string) (inverse, bool) {
	switch model + "." + list {
	case "sale.order.order_line":
		return inverse{"order_id", []any{}}, true
	case "account.move.invoice_line_ids":
		kinds := []any{"product", "line_section", "line_note"}
		if s.o.Version >= 19 {
			kinds = []any{"product", "line_section", "line_subsection", "line_note"}
		}
		return inverse{"move_id", []any{[]any{"display_type", "in", kinds}}}, true
	case "res.partner.child_ids":
		return inverse{"parent_id", []any{[]any{"active", "=", true}}}, true
	}
	return inverse{}, false
}

// fieldsGet answers the fields and attributes asked for. Nobody should ask for
// all attributes: real Odoo's are megabytes, and here relation_field and domain
// are not among them.
func (r *request) fieldsGet() any {
	fields, asked := chosen(r.arg(0, "allfields")), chosen(r.arg(1, "attributes"))
	out := map[string]any{}
	for name, f := range r.s.fields[r.model] {
		if len(fields) > 0 && !fields[name] {
			continue
		}
		all := f.attributes()
		if back, known := r.s.inverseOf(r.model, name); known && len(asked) > 0 {
			all["relation_field"], all["domain"] = back.field, back.domain
		}
		for attribute := range all {
			if len(asked) > 0 && !asked[attribute] {
				delete(all, attribute)
			}
		}
		out[name] = all
	}
	return out
}

func chosen(list any) map[string]bool {
	out := map[string]bool{}
	for _, name := range texts(list) {
		out[name] = true
	}
	return out
}

func (f field) attributes() map[string]any {
	a := map[string]any{"type": f.Type, "string": f.Label, "required": f.Required, "readonly": f.Readonly, "store": f.Store}
	if f.Relation != "" {
		a["relation"] = f.Relation
	}
	if f.Type == "selection" {
		pairs := []any{}
		for _, p := range f.Selection {
			pairs = append(pairs, []any{p[0], p[1]})
		}
		a["selection"] = pairs
	}
	return a
}
