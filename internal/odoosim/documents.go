package odoosim

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// lineModels are the models whose records are lines, with their parent.
var lineModels = map[string]struct{ parent, field, list string }{
	"sale.order.line":   {"sale.order", "order_id", "order_line"},
	"account.move.line": {"account.move", "move_id", "invoice_line_ids"},
}

// createLines makes the lines that Go code gives with their document.
func (t *tx) createLines(model string, id int64, v Values) {
	for lineModel, p := range lineModels {
		lines, _ := v[p.list].([]Values)
		if p.parent != model {
			continue
		}
		for _, line := range lines {
			line = maps.Clone(line)
			line[p.field] = id
			t.create(lineModel, line)
		}
	}
}

// unnoticed are the fields of a line whose change does not write its document:
// there is nothing to recompute (measured on orders and invoices).
var unnoticed = map[string]bool{"name": true, "sequence": true, "display_type": true}

// wordsOnly reports a section or a note, which counts for nothing.
func wordsOnly(line *row) bool {
	kind, _ := line.get("display_type").(string)
	return strings.HasPrefix(kind, "line_")
}

// follow does what a change of a record does to its document. was is the
// document to which a line belonged; v is what was written, nil of a new record.
func (t *tx) follow(model string, r *row, was any, v Values) {
	p, isLine := lineModels[model]
	if !isLine {
		t.totals(model, r.id)
		return
	}
	old, had := was.(int64)
	parent, _ := r.get(p.field).(int64)
	if had && old != parent {
		t.dropLine(p.parent, old, p.list, r.id, true)
	}
	noticed := v == nil
	for name := range v {
		noticed = noticed || !unnoticed[name]
	}
	if above, there := t.s.table(p.parent).rows[parent]; !noticed && there {
		t.quietly(p.parent, parent)
		t.list(above, p.list, model, r.id) // another sequence is another order
		return
	}
	t.touchParent(p.parent, parent, p.list, r.id)
}

// touchParent lists a line with its parent and recomputes the parent.
func (t *tx) touchParent(model string, id int64, list string, line int64) {
	parent, ok := t.s.table(model).rows[id]
	if !ok {
		return
	}
	t.touch(model, id)
	t.list(parent, list, documents[model].lines, line)
	parent.set("write_date", t.at)
	t.totals(model, id)
}

// list keeps a line in its parent's list.
func (t *tx) list(parent *row, list, model string, line int64) {
	ids, _ := parent.get(list).([]int64)
	if !slices.Contains(ids, line) {
		ids = append(slices.Clone(ids), line)
	}
	parent.set(list, t.ordered(model, ids))
}

// ordered are lines as Odoo lists them: an order's by sequence, an invoice's by
// id, whatever their sequence (measured on 16 to 19).
func (t *tx) ordered(model string, ids []int64) []int64 {
	rows := t.s.table(model).rows
	out := slices.Sorted(slices.Values(ids))
	if model == "sale.order.line" {
		slices.SortStableFunc(out, func(a, b int64) int { return cmp.Compare(num(rows[a].get("sequence")), num(rows[b].get("sequence"))) })
	}
	return out
}

// dropLine takes a line out of its parent's list. The parent is written unless
// the line was words only (measured).
func (t *tx) dropLine(model string, id int64, list string, line int64, written bool) {
	parent, ok := t.s.table(model).rows[id]
	if !ok {
		return
	}
	t.quietly(model, id)
	ids, _ := parent.get(list).([]int64)
	parent.set(list, slices.DeleteFunc(slices.Clone(ids), func(x int64) bool { return x == line }))
	if written {
		t.touch(model, id)
		parent.set("write_date", t.at)
		t.totals(model, id)
	}
}
