package odoosim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// fault is a refusal with Odoo's code: 1 anything unforeseen, with a traceback;
// 2 what a user may read; 3 a wrong login; 4 missing rights.
type fault struct {
	code int
	text string
}

func (f *fault) Error() string { return f.text }

// traceback is the text of a fault 1; only its last line tells anything.
func traceback(last string) string {
	return "Traceback (most recent call last):\n  File \"odoo/http.py\", line 1, in dispatch\n" + last + "\n"
}

// none is what a method returned when XML-RPC cannot say it: its work is done.
var none = &fault{1, traceback("TypeError: cannot marshal None unless allow_none is enabled")}

func missing(model string, id int64) *fault {
	return &fault{2, fmt.Sprintf("Record does not exist or has been deleted.\n(Record: %s(%d,), User: 2)", model, id)}
}

// since picks the text of a version: each pair is the first version that says so.
func (s *Server) since(first string, version int, then string) string {
	if s.o.Version >= version {
		return then
	}
	return first
}

func (s *Server) invalidField(model, name string) *fault {
	return &fault{1, traceback(fmt.Sprintf("ValueError: Invalid field '%s' on %s'%s'", name, s.since("model ", 19, ""), model))}
}

// unknownValue is a value for a field that does not exist.
func (s *Server) unknownValue(model, name string) *fault {
	if s.o.Version >= 19 {
		return &fault{1, traceback("KeyError: '" + name + "'")}
	}
	return s.invalidField(model, name)
}

func (s *Server) invalidFieldInDomain(model string, term []any) *fault {
	return &fault{1, traceback(fmt.Sprintf("ValueError: Invalid field %s.%v in %s ('%v', '%v', %v)", model, term[0], s.since("leaf", 19, "condition"), term[0], term[1], term[2]))}
}

func (s *Server) noMethod(model, method string) *fault {
	return &fault{1, traceback("AttributeError: " + s.since(fmt.Sprintf("The method '%s' does not exist on the model '%s'", method, model), 18,
		fmt.Sprintf("The method '%s.%s' does not exist", model, method)))}
}

func (s *Server) privateMethod(model, method string) *fault {
	return &fault{4, fmt.Sprintf("Private methods (such as %s) cannot be called remotely.", s.since(method, 18, "'"+model+"."+method+"'"))}
}

func (s *Server) emptyInvoice() *fault {
	return &fault{2, s.since("You need to add a line before posting.", 19, "Even magicians can't post nothing!")}
}

func (s *Server) alreadyPosted(id int64, r row) *fault {
	return &fault{2, fmt.Sprintf("The entry %v (id %d) %s", r["name"], id, s.since("is already posted.", 17, "must be in draft."))}
}

// titles are how Odoo calls its models to a user.
var titles = map[string]string{"sale.order": "Sales Order", "account.move": "Journal Entry", "crm.lead": "Lead/Opportunity", "res.partner": "Contact"}

func (s *Server) required(model, name string) *fault {
	label := s.fields[model][name].Label
	if s.o.Version >= 19 {
		return &fault{2, fmt.Sprintf("The operation cannot be completed: Missing required value for the field '%s' (%s).\nModel: '%s' (%s)\n"+
			"- create/update: a mandatory field is not set\n- delete: another model requires the record being deleted, you can archive it instead\n", label, name, titles[model], model)}
	}
	return &fault{2, fmt.Sprintf("The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n"+
		"- Delete: another model requires the record being deleted. If possible, archive it instead.\n\nModel: %s (%s)\nField: %s (%s)\n", titles[model], model, label, name)}
}

// demanded are the fields without which a record is refused; Odoo fills the
// other required ones itself.
var demanded = map[string][]string{"sale.order": {"partner_id"}, "crm.lead": {"name"}}

// frozen are the fields that Odoo 18 and later refuse to change on a posted
// entry; 16 and 17 take them.
var frozen = []string{"invoice_date", "invoice_line_ids", "line_ids", "partner_id", "currency_id", "journal_id"}

// valid judges values before they are written; id is 0 for a new record.
func (r *request) valid(v map[string]any, id int64) error {
	for name, value := range v {
		f, known := r.s.fields[r.model][name]
		if !known {
			return r.s.unknownValue(r.model, name)
		}
		if err := r.validValue(name, f, value); err != nil {
			return err
		}
	}
	if id == 0 {
		for _, name := range demanded[r.model] {
			if v[name] == nil || v[name] == false || v[name] == "" {
				return r.s.required(r.model, name)
			}
		}
		return nil
	}
	if parent, ok := v["parent_id"].(int64); ok && r.model == "res.partner" && r.s.above(parent, id) {
		return &fault{2, "You cannot create recursive Partner hierarchies."}
	}
	row := r.s.table(r.model).rows[id]
	if r.model != "account.move" || row["state"] != "posted" || r.s.o.Version < 18 {
		return nil
	}
	for _, name := range frozen {
		if value, sent := v[name]; sent && !same(row[name], value) {
			return &fault{2, "You cannot modify the following readonly fields on a posted move: " + name}
		}
	}
	return nil
}

func (r *request) validValue(name string, f field, value any) error {
	text, isText := value.(string)
	switch f.Type {
	case "selection":
		if !f.allows(value) {
			return &fault{1, traceback(fmt.Sprintf("ValueError: Wrong value for %s.%s: '%v'", r.model, name, value))}
		}
	case "datetime":
		if _, err := time.Parse(time.DateTime, text); isText && err != nil {
			return &fault{1, traceback(fmt.Sprintf("ValueError: time data '%s' does not match format '%%Y-%%m-%%d %%H:%%M:%%S'", text))}
		}
	case "many2one":
		target, isID := value.(int64)
		if _, there := r.s.table(f.Relation).rows[target]; isID && !there {
			return missing(f.Relation, target)
		}
	}
	return nil
}

// above reports that a contact is another one, or one of its parents.
func (s *Server) above(id, child int64) bool {
	for seen := 0; id != 0 && seen < 100; seen++ {
		if id == child {
			return true
		}
		id, _ = s.table("res.partner").rows[id]["parent_id"].(int64)
	}
	return false
}

// keeps refuses to delete what Odoo keeps.
func (s *Server) keeps(model string, r row) error {
	state, _ := r["state"].(string)
	switch {
	case model == "sale.order" && slices.Contains([]string{"sent", "sale", "done"}, state):
		return &fault{2, "You can not delete a sent quotation or a confirmed sales order. You must first cancel it."}
	case model == "account.move" && state == "posted":
		return &fault{2, s.since("You cannot delete an item linked to a posted entry.", 17,
			"You can't delete a posted journal item. Don’t play games with your accounting records; reset the journal entry to draft before deleting it.")}
	}
	return nil
}

// databaseID reads a database id written as text, as load takes it.
func databaseID(text string) (int64, bool) {
	var id int64
	_, err := fmt.Sscanf(strings.TrimSpace(text), "%d", &id)
	return id, err == nil && id > 0
}
