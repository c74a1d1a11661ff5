package odoosim

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// What comes over XML-RPC goes through Odoo's rules: defaults, normal forms, and
// what a change does to other records. Go code that calls Create and Write says
// itself what it wants, and gets no more than that.

// insert makes a record.
func (r *request) insert(t *tx, values Values, commands []command) (int64, error) {
	v := maps.Clone(values)
	if err := r.defaults(v, commands); err != nil {
		return 0, err
	}
	if err := r.valid(v, 0); err != nil {
		return 0, err
	}
	if err := r.normal(v, 0); err != nil {
		return 0, err
	}
	id := t.create(r.model, v)
	if err := r.apply(t, id, commands); err != nil {
		return 0, err
	}
	r.settle(t, id, nil, v)
	return id, nil
}

// update changes a record.
func (r *request) update(t *tx, id int64, values Values, commands []command) error {
	v := maps.Clone(values)
	if err := r.valid(v, id); err != nil {
		return err
	}
	if err := r.s.frozen(r.model, r.s.table(r.model).rows[id], v, commands); err != nil {
		return err
	}
	if err := r.normal(v, id); err != nil {
		return err
	}
	before := r.s.table(r.model).rows[id].clone()
	if r.model == "account.move.line" {
		r.anotherProduct(v, before, commands)
	}
	t.write(r.model, id, v)
	if err := r.apply(t, id, commands); err != nil {
		return err
	}
	r.settle(t, id, before, v)
	return nil
}

// defaults fill what a create leaves out, from the user, the company and the
// records it points at.
func (r *request) defaults(v Values, commands []command) error {
	switch r.model {
	case "account.move":
		r.moveDefaults(v)
	case "account.move.line":
		r.lineDefaults(v, commands)
	case "crm.lead":
		r.leadDefaults(v)
	}
	return nil
}

// normal gives values the form in which Odoo keeps them.
func (r *request) normal(v Values, id int64) error {
	for name, value := range v {
		v[name] = normalValue(r.s.fields[r.model][name], value, r.s.o.Version)
	}
	if r.model == "res.partner" {
		return r.normalVAT(v, id)
	}
	return nil
}

func normalValue(f field, value any, version int) any {
	text, isText := value.(string)
	switch {
	case f.Type == "many2one" && isText:
		return false // without a word: recorded
	case f.Type == "html" && isText:
		return sanitised(text, version)
	case f.Type == "date" && len(text) > len(time.DateOnly):
		return text[:len(time.DateOnly)]
	case f.Type == "monetary":
		return round2(num(value))
	case f.Type == "float":
		return num(value)
	}
	return value
}

// settle does what a change does to others. before is nil for a new record.
func (r *request) settle(t *tx, id int64, before *row, v Values) {
	switch r.model {
	case "res.partner":
		r.settlePartner(t, id, before, v)
	case "crm.lead":
		r.settleLead(t, id, before, v)
	case "account.move":
		r.settleMove(t, id, before, v)
	}
}

// company is the one a new record belongs to.
func (r *request) company(v Values) int64 {
	if id, ok := v["company_id"].(int64); ok {
		return id
	}
	if ids, _ := canonical(r.context["allowed_company_ids"]).([]int64); len(ids) > 0 {
		return ids[0]
	}
	main, _ := r.s.table("res.users").rows[syncUser].get("company_id").(int64)
	return main
}

// first is the lowest id of a model's records that hold the given values.
func (s *Server) first(model string, v Values) any {
	for _, id := range s.table(model).ids() {
		r := s.table(model).rows[id]
		if !slices.ContainsFunc(slices.Collect(maps.Keys(v)), func(name string) bool { return r.get(name) != v[name] }) {
			return id
		}
	}
	return false
}

// absent gives a field a value unless the caller named it.
func absent(v Values, name string, value any) {
	if _, named := v[name]; !named && value != nil {
		v[name] = value
	}
}

func blank(value any) bool {
	text, isText := value.(string)
	return value == nil || value == false || isText && strings.TrimSpace(text) == ""
}
