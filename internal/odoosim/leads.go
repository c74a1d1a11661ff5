package odoosim

import "time"

// odds are the probability that odoosim's scoring gives every open lead.
const odds = 10.0

// leadDefaults are what a lead gets from the sync user and its contact. Without
// a salesperson it has neither team nor company.
func (r *request) leadDefaults(v Values) {
	absent(v, "type", "opportunity") // "lead" only where the user may see leads
	absent(v, "user_id", int64(2))
	if user, ok := v["user_id"].(int64); ok && user != 0 {
		absent(v, "team_id", int64(1))
		absent(v, "company_id", r.company(v))
	}
	for _, name := range []string{"team_id", "company_id"} {
		absent(v, name, false)
	}
	absent(v, "stage_id", int64(1))
	if v["user_id"] != false {
		absent(v, "date_open", r.s.clock.Now().UTC().Format(time.DateTime))
	}
	partner, ok := v["partner_id"].(int64)
	if contact, there := r.s.table("res.partner").rows[partner]; ok && there {
		name := "contact_name"
		if contact.get("is_company") == true {
			name = "partner_name"
		}
		absent(v, name, contact.get("name"))
		for from, to := range map[string]string{"email": "email_from", "phone": "phone", "street": "street", "street2": "street2",
			"zip": "zip", "city": "city", "state_id": "state_id", "country_id": "country_id"} {
			absent(v, to, contact.get(from))
		}
	}
}

// settleLead does the scoring and keeps the contact in step.
func (r *request) settleLead(t *tx, id int64, before *row, v Values) {
	self, more := r.s.table(r.model).rows[id], Values{}
	manual := self.get("is_automated_probability") == false
	if _, sent := v["probability"]; sent {
		manual, more["is_automated_probability"] = true, false
	} else if before == nil {
		manual, more["is_automated_probability"] = v["active"] == false, v["active"] != false
	}
	_, staged := v["stage_id"]
	switch {
	case (staged || before == nil) && t.won(self.get("stage_id")):
		more["probability"], more["automated_probability"], more["is_automated_probability"] = 100.0, 100.0, true
		more["date_closed"] = t.at.Truncate(time.Second)
	case before == nil && v["active"] == false:
		more["probability"], more["automated_probability"] = 0.0, odds
	case staged || before == nil:
		more["automated_probability"] = t.score(self)
		if !manual {
			more["probability"] = more["automated_probability"]
		}
		if before != nil && t.won(before.get("stage_id")) {
			more["date_closed"] = false
		}
	}
	if v["active"] == false && before != nil || v["probability"] == 100.0 {
		more["date_closed"] = t.at.Truncate(time.Second)
	}
	if partner, sent := v["partner_id"].(int64); sent && before != nil {
		for from, to := range map[string]string{"email": "email_from", "phone": "phone"} {
			if _, given := v[to]; !given && !blank(r.s.table("res.partner").rows[partner].get(from)) {
				more[to] = r.s.table("res.partner").rows[partner].get(from)
			}
		}
	}
	t.write(r.model, id, more)
	r.tellContact(t, self, v)
}

// tellContact carries a lead's e-mail and phone to its contact. An empty one
// empties the contact's on 16 and 17, 18 and 19 leave it.
func (r *request) tellContact(t *tx, self *row, v Values) {
	partner, ok := self.get("partner_id").(int64)
	if _, there := r.s.table("res.partner").rows[partner]; !ok || !there {
		return
	}
	told := Values{}
	for from, to := range map[string]string{"email_from": "email", "phone": "phone"} {
		if value, sent := v[from]; sent && (!blank(value) || r.s.o.Version < 18) {
			told[to] = value
		}
	}
	contact := r.of("res.partner")
	before := r.s.table("res.partner").rows[partner]
	if contact.writeChanged(t, partner, told) {
		contact.settlePartner(t, partner, before, told)
	}
}

func (t *tx) won(stage any) bool {
	id, _ := stage.(int64)
	return t.s.table("crm.stage").rows[id].get("is_won") == true
}

// score is the automatic probability: none without a stage.
func (t *tx) score(lead *row) float64 {
	if lead.get("stage_id") == false {
		return 0
	}
	return odds
}

// setWon and the next ones are the buttons of a lead.
func (t *tx) setWon(id int64) (any, error) {
	t.write("crm.lead", id, Values{"stage_id": int64(4), "active": true, "probability": 100.0, "automated_probability": 100.0,
		"is_automated_probability": true, "date_closed": t.at.Truncate(time.Second)})
	return true, nil
}

func (t *tx) setLost(id int64, r *row) (any, error) {
	if t.s.o.Version >= 19 && t.won(r.get("stage_id")) {
		return nil, &fault{2, "A lead in a Won stage cannot be lost. Move it to another stage first."}
	}
	t.write("crm.lead", id, Values{"active": false, "probability": 0.0, "automated_probability": 0.0, "is_automated_probability": true,
		"date_closed": t.at.Truncate(time.Second)})
	return nil, none
}

// convert does nothing to a lead that is archived, lost or won, and says true.
// The partner it was called with, which can only be none, becomes the lead's.
func (t *tx) convert(id int64, r *row) (any, error) {
	if r.get("active") != false && num(r.get("probability")) != 100 {
		t.write("crm.lead", id, Values{"type": "opportunity", "date_conversion": t.at.Truncate(time.Second), "partner_id": false})
	}
	return true, nil
}

// archive is the button; on a lead it makes it look lost on 16 to 18, which
// writing active does not. Bringing a lead back scores it anew.
func (t *tx) archive(model string, id int64, active bool) (any, error) {
	v := Values{"active": active}
	switch {
	case model != "crm.lead":
	case active:
		score := t.score(t.s.table(model).rows[id])
		v["probability"], v["automated_probability"], v["lost_reason_id"], v["date_closed"] = score, score, false, false
	default:
		v["date_closed"] = t.at.Truncate(time.Second)
		if t.s.o.Version < 19 {
			v["probability"], v["automated_probability"] = 0.0, 0.0
		}
	}
	t.write(model, id, v)
	return nil, none
}

// wonStatus is 19's field.
func (t *tx) wonStatus(r *row) string {
	switch {
	case t.won(r.get("stage_id")) && r.get("probability") == 100.0:
		return "won"
	case r.get("active") == false && r.get("probability") == 0.0:
		return "lost"
	}
	return "pending"
}
