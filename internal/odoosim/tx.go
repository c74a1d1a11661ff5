package odoosim

import (
	"fmt"
	"time"
)

// tx is one transaction of Odoo: it remembers what it changed, for the
// webhooks that leave after its commit. The server's mutex is held throughout.
type tx struct {
	s     *Server
	at    time.Time
	order []change
	seen  map[touched]bool
	quiet map[touched]bool // changed, but not written: no hook hears of it

	compared []func() // compared writes, noted once the versions are known
}

type touched struct {
	model string
	id    int64
}

// change is one record's state before the transaction; before is nil for a new
// record.
type change struct {
	model  string
	id     int64
	before *row
}

func (s *Server) begin() *tx {
	return &tx{s: s, at: s.clock.Now().UTC().Truncate(time.Microsecond), seen: map[touched]bool{}, quiet: map[touched]bool{}}
}

func (t *tx) touch(model string, id int64) {
	if t.seen == nil {
		return // nobody will ask: see Seed
	}
	delete(t.quiet, touched{model, id})
	if t.seen[touched{model, id}] {
		return
	}
	t.seen[touched{model, id}] = true
	var before *row
	if r, ok := t.s.table(model).rows[id]; ok {
		before = r.clone()
	}
	t.order = append(t.order, change{model, id, before})
}

// quietly touches a record of which no hook is to hear, unless one hears of it
// anyway.
func (t *tx) quietly(model string, id int64) {
	if t.seen != nil && !t.seen[touched{model, id}] {
		t.touch(model, id)
		t.quiet[touched{model, id}] = true
	}
}

func (t *tx) create(model string, v Values) int64 {
	table := t.s.table(model)
	id := table.next
	table.next++
	t.touch(model, id)
	r := &row{id: id, fields: table.fields, cells: make([]cell, 0, len(v)+6)}
	if _, has := t.s.fields[model]["active"]; has {
		r.set("active", true)
	}
	r.set("create_date", t.at)
	if model == externalIDs {
		t.s.externals[fmt.Sprintf("%v.%v", v["module"], v["name"])] = id
	}
	t.defaults(model, r)
	t.assign(model, r, v)
	table.put(r)
	t.createLines(model, id, v)
	t.follow(model, r, nil, nil)
	return id
}

// defaults are what Odoo fills in itself, as far as the recordings show.
func (t *tx) defaults(model string, r *row) {
	id := r.id
	switch model {
	case "res.partner":
		r.set("type", "contact")
		r.set("lang", "fr_FR")
		r.set("commercial_partner_id", id)
	case "sale.order":
		r.fill(Values{"name": fmt.Sprintf("S%05d", id), "state": "draft", "date_order": t.at.Format(time.DateTime), "company_id": int64(1),
			"currency_id": int64(1), "user_id": int64(2), "invoice_status": "no", "team_id": int64(1)})
		if t.s.o.Version > 16 {
			r.set("validity_date", t.at.AddDate(0, 0, 30).Format(time.DateOnly))
		}
	case "account.move":
		r.fill(Values{"state": "draft", "move_type": "out_invoice", "payment_state": "not_paid", "company_id": int64(1), "currency_id": int64(1),
			"journal_id": int64(1), "invoice_date_due": t.at.Format(time.DateOnly), "access_url": fmt.Sprintf("/my/invoices/%d", id)})
		if t.s.o.Version < 18 {
			r.set("name", "/")
		}
	case "crm.lead":
		r.fill(Values{"type": "lead", "stage_id": int64(1), "probability": odds, "automated_probability": odds, "is_automated_probability": true,
			"company_id": int64(1), "team_id": int64(1), "user_id": int64(2)})
	case "account.move.line":
		r.fill(Values{"display_type": "product", "quantity": 1.0, "sequence": int64(100)})
	case "sale.order.line":
		r.fill(Values{"product_uom_qty": 1.0, "sequence": int64(10)})
	}
}

// assign changes a record's own fields.
func (t *tx) assign(model string, r *row, v Values) {
	for name, value := range v {
		if _, lines := value.([]Values); !lines {
			r.set(name, canonical(value))
		}
	}
	r.set("write_date", t.at)
	t.s.digits(model, r)
	t.derive(model, r)
}

// derive computes what hangs on a record's own fields.
func (t *tx) derive(model string, r *row) {
	switch model {
	case "res.partner":
		r.set("commercial_partner_id", t.s.commercial(r))
	case "crm.lead":
		if _, has := t.s.fields[model]["won_status"]; has {
			r.set("won_status", t.wonStatus(r))
		}
	}
}

// commercial is the company a contact belongs to: itself, or its parent's.
func (s *Server) commercial(r *row) any {
	parent, ok := r.get("parent_id").(int64)
	above, there := s.table("res.partner").rows[parent]
	if !ok || !there || r.get("is_company") == true {
		return r.get("id")
	}
	return above.get("commercial_partner_id")
}

func (t *tx) write(model string, id int64, v Values) {
	r, ok := t.s.table(model).rows[id]
	if !ok {
		return
	}
	t.touch(model, id)
	was := r.get(lineModels[model].field)
	t.assign(model, r, v)
	t.createLines(model, id, v)
	t.follow(model, r, was, v)
}

func (t *tx) unlink(model string, id int64) {
	r, ok := t.s.table(model).rows[id]
	if !ok {
		return
	}
	t.touch(model, id)
	t.s.table(model).remove(id)
	t.forget(model, id)
	if d, ok := documents[model]; ok {
		lines, _ := r.get(d.list).([]int64)
		for _, line := range lines {
			t.touch(d.lines, line)
			t.s.table(d.lines).remove(line)
			t.forget(d.lines, line)
		}
	}
	if p, isLine := lineModels[model]; isLine {
		parent, _ := r.get(p.field).(int64)
		t.dropLine(p.parent, parent, p.list, id, !wordsOnly(r))
	}
}

// forget drops a record's external ids with it.
func (t *tx) forget(model string, id int64) {
	for _, data := range t.s.pointing(externalIDs, "res_id", id) {
		if t.s.table(externalIDs).rows[data].get("model") == model {
			t.touch(externalIDs, data)
			t.s.table(externalIDs).remove(data)
		}
	}
}

// written counts the records that were written, without the bookkeeping of
// external ids, which is a part of a record's own cost, and what only followed.
func (t *tx) written() (n int64) {
	for _, c := range t.order {
		if c.model != externalIDs && !t.quiet[touched{c.model, c.id}] {
			n++
		}
	}
	return n
}

func (t *tx) commit() {
	t.s.count(t)
	for _, note := range t.compared {
		note()
	}
	t.s.hooks.committed(t)
}

// rollback puts everything back. Ids that were given are gone, as from a
// PostgreSQL sequence.
func (t *tx) rollback() {
	for _, c := range t.order {
		if c.before == nil {
			t.s.table(c.model).remove(c.id)
			continue
		}
		t.s.table(c.model).put(c.before)
	}
}
