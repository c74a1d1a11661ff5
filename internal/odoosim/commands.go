package odoosim

import (
	"fmt"
	"maps"
	"slices"
)

// command is an x2many command: [0, 0, values], [1, id, values], [2, id], ...
type command struct {
	field    string
	code     int64
	id       int64
	value    any
	external string // of a line that a load makes
}

// nothing is the code of an empty list: it keeps defaults away, and no more.
const nothing = -1

// inverses are the fields by which lines point at their record.
var inverses = map[string]string{"sale.order.line": "order_id", "account.move.line": "move_id", "res.partner": "parent_id"}

// split takes the x2many commands out of values. An empty list changes nothing,
// False empties the field (measured on 16 to 19).
func (r *request) split(v map[string]any) (Values, []command) {
	out := Values{}
	var commands []command
	for _, name := range slices.Sorted(maps.Keys(v)) {
		f := r.s.fields[r.model][name]
		if f.Type != "one2many" && f.Type != "many2many" {
			out[name] = v[name]
			continue
		}
		list, isList := v[name].([]any)
		switch {
		case !isList:
			commands = append(commands, command{field: name, code: 5})
		case len(list) == 0:
			commands = append(commands, command{field: name, code: nothing})
		default:
			commands = append(commands, commandsOf(name, list)...)
		}
	}
	return out, commands
}

// commandsOf reads a list of commands, or of plain ids, which replace the field.
func commandsOf(name string, list []any) []command {
	var out []command
	for _, e := range list {
		c, ok := e.([]any)
		if !ok || len(c) == 0 {
			return []command{{field: name, code: 6, value: list}}
		}
		one := command{field: name}
		one.code, _ = c[0].(int64)
		if len(c) > 1 {
			one.id, _ = c[1].(int64)
		}
		if len(c) > 2 {
			one.value = c[2]
		}
		out = append(out, one)
	}
	return out
}

// of is the same request about another model.
func (r *request) of(model string) *request {
	return &request{s: r.s, model: model, kwargs: r.kwargs, context: r.context}
}

// apply runs x2many commands on a record.
func (r *request) apply(t *tx, id int64, commands []command) error {
	for _, c := range commands {
		f, known := r.s.fields[r.model][c.field]
		if !known {
			return r.s.unknownValue(r.model, c.field)
		}
		run := r.applyLine
		if f.Type == "many2many" {
			run = r.applyLink
		}
		if err := run(t, id, f, c); err != nil {
			return err
		}
	}
	return nil
}

// applyLine runs a command on a one2many. Taking a line out (3, 5 or 6) deletes
// it where a line cannot be without its record; contacts only lose their parent.
func (r *request) applyLine(t *tx, id int64, f field, c command) error {
	lines := r.of(f.Relation)
	values, _ := c.value.(map[string]any)
	switch c.code {
	case 0:
		v, more := lines.split(values)
		v[inverses[f.Relation]] = id
		line, err := lines.insert(t, v, more)
		if err == nil && c.external != "" {
			return lines.nameIt(t, c.external, line)
		}
		return err
	case 1:
		if err := lines.exists(c.id); err != nil {
			return err
		}
		v, more := lines.split(values)
		return lines.update(t, c.id, v, more)
	case 2:
		return lines.remove(t, c.id)
	case 3:
		return lines.takeOut(t, c.id)
	case 4:
		return lines.adopt(t, c.id, id)
	case 5, 6:
		return lines.replace(t, id, canonical(c.value))
	}
	return nil // Odoo takes no notice of other codes
}

func (r *request) exists(id int64) error {
	if _, there := r.s.table(r.model).rows[id]; !there {
		return missing(r.model, id)
	}
	return nil
}

func (r *request) takeOut(t *tx, id int64) error {
	if r.model != "res.partner" {
		return r.remove(t, id)
	}
	if err := r.exists(id); err != nil {
		return err
	}
	return r.update(t, id, Values{"parent_id": false}, nil)
}

// adopt moves a line to another record, as loading a line of another invoice by
// its .id does too.
func (r *request) adopt(t *tx, id, parent int64) error {
	if err := r.exists(id); err != nil {
		return err
	}
	if r.s.table(r.model).rows[id].get(inverses[r.model]) != parent {
		t.write(r.model, id, Values{inverses[r.model]: parent})
	}
	return nil
}

// replace leaves a record with the given lines.
func (r *request) replace(t *tx, parent int64, keep any) error {
	kept, _ := keep.([]int64)
	for _, id := range r.s.pointing(r.model, inverses[r.model], parent) {
		if !slices.Contains(kept, id) {
			if err := r.takeOut(t, id); err != nil {
				return err
			}
		}
	}
	for _, id := range kept {
		if err := r.adopt(t, id, parent); err != nil {
			return err
		}
	}
	return nil
}

// applyLink runs a command on a many2many.
func (r *request) applyLink(t *tx, id int64, f field, c command) error {
	have, _ := r.s.table(r.model).rows[id].get(c.field).([]int64)
	next := slices.Clone(have)
	switch c.code {
	case nothing:
		return nil
	case 0:
		values, _ := c.value.(map[string]any)
		made, err := r.of(f.Relation).createOne(t, values)
		if err != nil {
			return err
		}
		next = append(next, made)
	case 2, 3:
		next = slices.DeleteFunc(next, func(x int64) bool { return x == c.id })
	case 4:
		next = append(next, c.id)
	case 5, 6:
		next, _ = canonical(c.value).([]int64)
	}
	next = distinct(next)
	for _, target := range next {
		if _, there := r.s.table(f.Relation).rows[target]; !there {
			return r.s.foreignKey("Unknown", "unknown", c.field)
		}
	}
	if err := r.sameCompany(id, c.field, next); err != nil {
		return err
	}
	t.write(r.model, id, Values{c.field: next})
	return nil
}

func distinct(ids []int64) []int64 {
	out := []int64{}
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// nameIt keeps an external id for a record.
func (r *request) nameIt(t *tx, external string, id int64) error {
	module, name := externalName(external)
	for _, c := range name {
		if c == ' ' {
			return &fault{2, "new row for relation \"ir_model_data\" violates check constraint \"ir_model_data_name_nospaces\"\n" +
				fmt.Sprintf("DETAIL:  Failing row contains (%s).\n", external)}
		}
	}
	t.create(externalIDs, Values{"module": module, "name": name, "model": r.model, "res_id": id, "noupdate": false})
	return nil
}
