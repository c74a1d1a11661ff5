package odoosim

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// tx is one transaction of Odoo: it remembers what it changed, for the
// webhooks that leave after its commit. The server's mutex is held throughout.
type tx struct {
	s     *Server
	at    time.Time
	order []change
}

// change is one record's state before the transaction; before is nil for a new
// record.
type change struct {
	model  string
	id     int64
	before row
}

// lineModels are the models whose records are lines, with their parent.
var lineModels = map[string]struct{ parent, field, list string }{
	"sale.order.line":   {"sale.order", "order_id", "order_line"},
	"account.move.line": {"account.move", "move_id", "invoice_line_ids"},
}

func (s *Server) begin() *tx { return &tx{s: s, at: s.clock.Now().UTC().Truncate(time.Microsecond)} }

func (t *tx) touch(model string, id int64) {
	if slices.ContainsFunc(t.order, func(c change) bool { return c.model == model && c.id == id }) {
		return
	}
	var before row
	if r, ok := t.s.table(model).rows[id]; ok {
		before = maps.Clone(r)
	}
	t.order = append(t.order, change{model, id, before})
}

func (t *tx) create(model string, v Values) int64 {
	table := t.s.table(model)
	id := table.next
	table.next++
	t.touch(model, id)
	r := row{}
	for name, f := range t.s.fields[model] {
		r[name] = empty(f)
	}
	table.rows[id] = r
	r["id"] = id
	if _, has := t.s.fields[model]["active"]; has {
		r["active"] = true
	}
	r["create_date"] = t.at
	t.defaults(model, r)
	t.set(model, id, v)
	return id
}

// defaults are what Odoo fills in itself, as far as the recordings show.
func (t *tx) defaults(model string, r row) {
	id := r["id"].(int64)
	switch model {
	case "res.partner":
		r["type"], r["lang"], r["commercial_partner_id"] = "contact", "fr_FR", id
	case "sale.order":
		r["name"], r["state"] = fmt.Sprintf("S%05d", id), "draft"
		r["date_order"], r["company_id"], r["currency_id"], r["user_id"] = t.at.Format(time.DateTime), int64(1), int64(1), int64(2)
		r["invoice_status"], r["team_id"] = "no", int64(1)
		if t.s.o.Version > 16 {
			r["validity_date"] = t.at.AddDate(0, 0, 30).Format(time.DateOnly)
		}
	case "account.move":
		r["name"], r["state"], r["move_type"], r["payment_state"] = any(false), "draft", "out_invoice", "not_paid"
		if t.s.o.Version < 18 {
			r["name"] = "/"
		}
		r["company_id"], r["currency_id"], r["journal_id"] = int64(1), int64(1), int64(1)
		r["invoice_date_due"] = t.at.Format(time.DateOnly)
		r["access_url"] = fmt.Sprintf("/my/invoices/%d", id)
	case "crm.lead":
		r["type"], r["stage_id"], r["probability"] = "lead", int64(1), 10.0
		r["company_id"], r["team_id"], r["user_id"] = int64(1), int64(1), int64(2)
	case "account.move.line":
		r["display_type"], r["quantity"] = "product", 1.0
	case "sale.order.line":
		r["product_uom_qty"] = 1.0
	}
}

// set changes fields, lines included, and recomputes totals.
func (t *tx) set(model string, id int64, v Values) {
	r := t.s.table(model).rows[id]
	for name, value := range v {
		lines, isLines := value.([]Values)
		if !isLines {
			r[name] = canonical(value)
			continue
		}
		for lineModel, p := range lineModels {
			if p.parent != model || p.list != name {
				continue
			}
			for _, line := range lines {
				line = maps.Clone(line)
				line[p.field] = id
				t.create(lineModel, line)
			}
		}
	}
	r["write_date"] = t.at
	if model == "res.partner" {
		r["commercial_partner_id"] = t.s.commercial(r)
	}
	if p, isLine := lineModels[model]; isLine {
		parent, _ := r[p.field].(int64)
		t.touchParent(p.parent, parent, p.list, id)
		return
	}
	t.totals(model, id)
}

// commercial is the company a contact belongs to: itself, or its parent's.
func (s *Server) commercial(r row) any {
	parent, ok := r["parent_id"].(int64)
	above, there := s.table("res.partner").rows[parent]
	if !ok || !there || r["is_company"] == true {
		return r["id"]
	}
	return above["commercial_partner_id"]
}

// touchParent lists a line with its parent and recomputes the parent.
func (t *tx) touchParent(model string, id int64, list string, line int64) {
	parent, ok := t.s.table(model).rows[id]
	if !ok {
		return
	}
	t.touch(model, id)
	ids, _ := parent[list].([]int64)
	if !slices.Contains(ids, line) {
		parent[list] = append(slices.Clone(ids), line)
	}
	parent["write_date"] = t.at
	t.totals(model, id)
}

func (t *tx) write(model string, id int64, v Values) {
	if _, ok := t.s.table(model).rows[id]; !ok {
		return
	}
	t.touch(model, id)
	t.set(model, id, v)
}

func (t *tx) unlink(model string, id int64) {
	r, ok := t.s.table(model).rows[id]
	if !ok {
		return
	}
	t.touch(model, id)
	for lineModel, p := range lineModels {
		if p.parent == model {
			lines, _ := r[p.list].([]int64)
			for _, line := range lines {
				t.touch(lineModel, line)
				delete(t.s.table(lineModel).rows, line)
			}
		}
		if lineModel == model {
			if parent, ok := t.s.table(p.parent).rows[r[p.field].(int64)]; ok {
				t.touch(p.parent, r[p.field].(int64))
				list, _ := parent[p.list].([]int64)
				parent[p.list] = slices.DeleteFunc(slices.Clone(list), func(x int64) bool { return x == id })
				parent["write_date"] = t.at
				delete(t.s.table(model).rows, id)
				t.totals(p.parent, r[p.field].(int64))
			}
		}
	}
	delete(t.s.table(model).rows, id)
}

func (t *tx) commit() { t.s.hooks.committed(t) }

// rollback puts everything back. Ids that were given are gone, as from a
// PostgreSQL sequence.
func (t *tx) rollback() {
	for _, c := range t.order {
		if c.before == nil {
			delete(t.s.table(c.model).rows, c.id)
			continue
		}
		t.s.table(c.model).rows[c.id] = c.before
	}
}
