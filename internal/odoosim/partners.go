package odoosim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// address is what a contact shares with its company.
var address = []string{"street", "street2", "zip", "city", "state_id", "country_id"}

// commercialFields flow from a company to its contacts.
var commercialFields = []string{"vat", "company_registry"}

// normalVAT keeps a VAT number in its normal form and refuses a French one that
// is wrong (base_vat, as measured with partners in France). Where no country is
// known, 16 to 18 go by the number's own prefix and 19 leaves it alone.
func (r *request) normalVAT(v Values, id int64) error {
	text, ok := v["vat"].(string)
	if !ok || text == "" {
		return nil
	}
	if r.s.o.Version >= 19 && len(text) == 1 && text != "/" {
		return &fault{2, "To explicitly indicate no (valid) VAT, use '/' instead. "}
	}
	country, _ := r.after(v, id, "country_id").(int64)
	if r.s.o.Version >= 19 && country == 0 {
		return nil
	}
	compact := strings.ToUpper(strings.NewReplacer(" ", "", ".", "", "-", "").Replace(text))
	if !strings.HasPrefix(compact, "FR") {
		if r.s.o.Version >= 19 {
			v["vat"] = compact
		}
		return nil
	}
	if !frenchVAT(compact) {
		shown, end := compact, " "
		if r.s.o.Version >= 19 {
			shown, end = compact[2:], "  "
		}
		return &fault{2, fmt.Sprintf("\nThe VAT number [%s] for partner [%v] does not seem to be valid.%s\nNote: the expected format is FR23334175221", shown, r.after(v, id, "name"), end)}
	}
	v["vat"] = compact
	return nil
}

// frenchVAT checks a number of two digits and a SIREN. Older ones with letters
// are taken as they are.
func frenchVAT(text string) bool {
	if len(text) != 13 {
		return false
	}
	key, err := strconv.Atoi(text[2:4])
	siren, err2 := strconv.Atoi(text[4:])
	return err != nil || err2 == nil && key == (12+3*(siren%97))%97
}

// after is a field's value once a change is made.
func (r *request) after(v Values, id int64, name string) any {
	if value, sent := v[name]; sent {
		return value
	}
	return r.s.table(r.model).rows[id].get(name)
}

// nameless refuses a contact without a name; an address may have none.
func (r *request) nameless(v Values, id int64) error {
	kind := r.after(v, id, "type")
	_, typed := v["type"]
	if id == 0 && !typed {
		kind = "contact"
	}
	_, named := v["name"]
	if kind != "contact" || !blank(r.after(v, id, "name")) || id != 0 && !named && !typed {
		return nil
	}
	return &worded{fault: &fault{2, "The operation cannot be completed: Contacts require a name"}, text: r.s.since("'Contacts require a name'", 19, "Contacts require a name")}
}

// settlePartner lets the commercial fields, the address, the company and the
// leads follow, as measured: a contact that is given a parent takes its address,
// whatever it came with. 16 to 18 do that whenever parent_id or the type is
// written; 19 only when they change, and else carries a contact's VAT and
// address up to its company.
func (r *request) settlePartner(t *tx, id int64, before *row, v Values) {
	self := r.s.table(r.model).rows[id]
	parent, child := self.get("parent_id").(int64)
	upwards := r.s.o.Version >= 19 && before != nil && child && before.get("parent_id") == parent
	switch {
	case child && r.s.rejoined(before, self, v):
		r.inherit(t, id, parent)
	case upwards:
		r.lift(t, self, parent, v)
	}
	r.spread(t, id, v)
	for _, lead := range r.s.pointing("crm.lead", "partner_id", id) {
		follow := Values{}
		for from, to := range map[string]string{"email": "email_from", "phone": "phone"} {
			if _, sent := v[from]; sent && !blank(self.get(from)) && r.s.table("crm.lead").rows[lead].get(to) != self.get(from) {
				follow[to] = self.get(from)
			}
		}
		if len(follow) > 0 && before != nil {
			t.write("crm.lead", lead, follow)
		}
	}
}

// rejoined reports that a contact takes its parent's values anew.
func (s *Server) rejoined(before, self *row, v Values) bool {
	_, parent := v["parent_id"]
	if s.o.Version < 19 {
		return before == nil || parent || v["type"] == "contact"
	}
	return before == nil || before.get("parent_id") != self.get("parent_id") || before.get("type") != self.get("type")
}

// inherit gives a contact its parent's values.
func (r *request) inherit(t *tx, id, parent int64) {
	rows := r.s.table("res.partner").rows
	self, above, take := rows[id], rows[parent], Values{}
	if self.get("is_company") != true {
		for _, name := range commercialFields {
			take[name] = above.get(name)
		}
	}
	filled := slices.ContainsFunc(address, func(name string) bool { return !blank(above.get(name)) })
	if self.get("type") == "contact" && filled {
		for _, name := range address {
			take[name] = above.get(name)
		}
	}
	r.writeChanged(t, id, take)
}

// lift carries a contact's new VAT and address to its company, as 19 does.
func (r *request) lift(t *tx, self *row, parent int64, v Values) {
	up := Values{}
	for _, name := range commercialFields {
		if value, sent := v[name]; sent && !blank(value) && self.get("is_company") != true {
			up[name] = value
		}
	}
	for _, name := range address {
		if value, sent := v[name]; sent && self.get("type") == "contact" {
			up[name] = value
		}
	}
	if r.writeChanged(t, parent, up) {
		r.spread(t, parent, up)
	}
}

// spread gives a partner's contacts what they share with it.
func (r *request) spread(t *tx, id int64, v Values) {
	for _, child := range r.s.pointing("res.partner", "parent_id", id) {
		self, down := r.s.table("res.partner").rows[child], Values{}
		for _, name := range commercialFields {
			if value, sent := v[name]; sent && self.get("is_company") != true {
				down[name] = value
			}
		}
		for _, name := range address {
			if value, sent := v[name]; sent && self.get("type") == "contact" {
				down[name] = value
			}
		}
		if value, sent := v["company_id"]; sent {
			down["company_id"] = value
		}
		if r.writeChanged(t, child, down) {
			r.spread(t, child, down)
		}
	}
}

// writeChanged writes what differs, where anything does.
func (r *request) writeChanged(t *tx, id int64, v Values) bool {
	self, changed := r.s.table("res.partner").rows[id], Values{}
	for name, value := range v {
		if _, known := r.s.fields["res.partner"][name]; known && self.get(name) != canonical(value) {
			changed[name] = value
		}
	}
	if len(changed) > 0 {
		t.write("res.partner", id, changed)
	}
	return len(changed) > 0
}

// pointing are the records of a model that point at another by a field.
func (s *Server) pointing(model, name string, id int64) []int64 {
	return s.table(model).pointing(name, id)
}
