package odoosim

import (
	"fmt"
	"slices"
)

func (r *request) unlink(t *tx) (any, error) {
	for _, id := range r.ids(0) {
		if err := r.reachable(id, "unlink"); err != nil {
			return nil, err
		}
		if err := r.remove(t, id); err != nil {
			return nil, err
		}
	}
	return true, nil
}

// remove deletes a record as far as Odoo lets it.
func (r *request) remove(t *tx, id int64) error {
	if err := r.exists(id); err != nil {
		return err
	}
	self := r.s.table(r.model).rows[id]
	if err := r.s.keeps(r.model, self); err != nil {
		return err
	}
	if r.model == "res.partner" {
		if err := r.letGo(t, id); err != nil {
			return err
		}
	}
	t.unlink(r.model, id)
	return nil
}

// letGo refuses to delete a partner that is needed, and loosens what is not: its
// contacts and leads lose it without a new write_date. 17 deletes its drafts and
// cancelled orders first (sale/models/res_partner.py, unlink).
func (r *request) letGo(t *tx, id int64) error {
	if len(r.s.pointing("account.move", "partner_id", id)) > 0 {
		return &fault{2, "The partner cannot be deleted because it is used in Accounting"}
	}
	if users := r.s.pointing("res.users", "partner_id", id); len(users) > 0 {
		return &fault{2, fmt.Sprintf("('You cannot delete contacts linked to an active user.\\nYou should rather archive them after archiving their associated user.\\n\\n"+
			"Linked active users : %v', {'type': 'ir.actions.act_window', 'res_model': 'res.users', 'res_id': %d}, 'Go to users', None)", r.s.table("res.users").rows[users[0]].get("name"), users[0])}
	}
	for _, order := range r.s.pointing("sale.order", "partner_id", id) {
		state := r.s.table("sale.order").rows[order].get("state")
		if r.s.o.Version != 17 || state != "draft" && state != "cancel" {
			return r.s.foreignKey("Sales Order", "sale.order", "partner_id")
		}
		t.unlink("sale.order", order)
	}
	for model, name := range map[string]string{"res.partner": "parent_id", "crm.lead": "partner_id"} {
		for _, other := range r.s.pointing(model, name, id) {
			t.quietly(model, other)
			r.s.table(model).rows[other].set(name, false)
		}
	}
	return nil
}

// foreignKey is PostgreSQL's refusal to leave a reference to nothing.
func (s *Server) foreignKey(title, model, name string) *fault {
	if s.o.Version >= 19 {
		if model == "unknown" {
			return &fault{2, fmt.Sprintf("The operation cannot be completed: Another model is using the record you are trying to delete.\n\nThe troublemaker is: %s\n"+
				"Thanks to the following constraint: %s_fkey\nHow about archiving the record instead?", title, name)}
		}
		return &fault{2, fmt.Sprintf("The operation cannot be completed: Another model is using the record you are trying to delete.\n\nThe troublemaker is: '%s' (%s)\n"+
			"Thanks to the following constraint: '%s' (%s)\nHow about archiving the record instead?", title, model, s.fields[model][name].Label, name)}
	}
	constraint := name + "_fkey"
	if model == "sale.order" {
		constraint = "sale_order_" + constraint
	}
	return &fault{2, fmt.Sprintf("The operation cannot be completed: another model requires the record being deleted. If possible, archive it instead.\n\nModel: %s (%s)\nConstraint: %s\n", title, model, constraint)}
}

// keeps refuses to delete what Odoo keeps. A draft may go, even one that once
// was posted, and so may a cancelled invoice (measured on 16 to 19).
func (s *Server) keeps(model string, r *row) error {
	state, _ := r.get("state").(string)
	move, _ := r.get("move_id").(int64)
	switch {
	case model == "sale.order" && slices.Contains([]string{"sent", "sale", "done"}, state):
		return &fault{2, "You can not delete a sent quotation or a confirmed sales order. You must first cancel it."}
	case model == "account.move" && state == "posted", model == "account.move.line" && s.table("account.move").rows[move].get("state") == "posted":
		return &fault{2, s.since("You cannot delete an item linked to a posted entry.", 17,
			"You can't delete a posted journal item. Don’t play games with your accounting records; reset the journal entry to draft before deleting it.")}
	}
	return nil
}

// MergePartners does what Odoo's merge wizard does: SQL points every reference
// at the survivor, the external ids of both too, and the others are unlinked.
// Nothing that is repointed gets a new write_date: so it was measured for orders.
// Leads, invoices and contacts did get one, from recomputed fields, on which
// nobody should count.
func (s *Server) MergePartners(into int64, from ...int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.begin()
	for model, fields := range s.fields {
		for name, f := range fields {
			if f.Type != "many2one" || f.Relation != "res.partner" || !f.Store {
				continue
			}
			for _, id := range from {
				for _, other := range s.pointing(model, name, id) {
					s.table(model).rows[other].set(name, into)
				}
			}
		}
	}
	for _, id := range from {
		for _, data := range s.pointing(externalIDs, "res_id", id) {
			if r := s.table(externalIDs).rows[data]; r.get("model") == "res.partner" {
				r.set("res_id", into)
			}
		}
		t.unlink("res.partner", id)
	}
	t.commit()
}
