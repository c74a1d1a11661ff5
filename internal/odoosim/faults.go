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

func (s *Server) alreadyPosted(id int64, r *row) *fault {
	name, named := r.get("name").(string)
	if !named {
		name = "False"
	}
	return &fault{2, fmt.Sprintf("The entry %s (id %d) %s", name, id, s.since("is already posted.", 17, "must be in draft."))}
}

// worded is a fault that load puts into other words, on a field or on none.
type worded struct {
	*fault
	field, text string
}

func (w *worded) Unwrap() error { return w.fault }

// titles are how Odoo calls its models to a user.
var titles = map[string]string{"sale.order": "Sales Order", "account.move": "Journal Entry", "account.move.line": "Journal Item", "crm.lead": "Lead/Opportunity",
	"res.partner": "Contact", configParameters: "System Parameter"}

func (s *Server) title(model string) string {
	if model == "crm.lead" && s.o.Version >= 19 {
		return "Lead"
	}
	return titles[model]
}

func (s *Server) required(model, name string) error {
	label := s.fields[model][name].Label
	says := fmt.Sprintf("Missing required value for the field '%s' (%s)", label, name)
	if model == "account.move.line" { // it fails in the database, which knows no labels
		return &worded{fault: &fault{2, "The operation cannot be completed: " + says}, text: fmt.Sprintf("Missing required value for the field '%s'", name) +
			map[int]string{18: " on a linked model [account_move_line]", 19: ".\nModel: Unknown\n- create/update: a mandatory field is not set\n- delete: another model requires the record being deleted, you can archive it instead\n"}[s.o.Version]}
	}
	if s.o.Version >= 19 {
		says += fmt.Sprintf(".\nModel: '%s' (%s)\n- create/update: a mandatory field is not set\n- delete: another model requires the record being deleted, you can archive it instead\n", s.title(model), model)
		return &worded{&fault{2, "The operation cannot be completed: " + says}, name, says}
	}
	return &worded{&fault{2, fmt.Sprintf("The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n"+
		"- Delete: another model requires the record being deleted. If possible, archive it instead.\n\nModel: %s (%s)\nField: %s (%s)\n", s.title(model), model, label, name)}, name, says}
}

// demanded are the fields without which a new record is refused, and that
// nobody may empty.
var demanded = map[string][]string{"sale.order": {"partner_id"}, "crm.lead": {"name"}}

// neverEmpty are fields that have a default, but refuse an empty value.
var neverEmpty = map[string][]string{"account.move": {"company_id", "currency_id", "journal_id"}, "account.move.line": {"display_type"}, "crm.lead": {"type"}}

// valid judges values before they are written; id is 0 for a new record.
func (r *request) valid(v Values, id int64) error {
	for name, value := range v {
		f, known := r.s.fields[r.model][name]
		if !known {
			return r.s.unknownValue(r.model, name)
		}
		if err := r.validValue(name, f, value); err != nil {
			return err
		}
	}
	for _, name := range append(slices.Clone(demanded[r.model]), neverEmpty[r.model]...) {
		value, sent := v[name]
		if blank(value) && (sent || id == 0 && slices.Contains(demanded[r.model], name)) {
			return r.s.required(r.model, name)
		}
	}
	switch {
	case r.model == "account.move" && id == 0:
		return r.validMove(v)
	case r.model != "res.partner":
		return nil
	}
	if parent, ok := v["parent_id"].(int64); ok && id != 0 && r.s.above(parent, id) {
		return &fault{2, "You cannot create recursive Partner hierarchies."}
	}
	if v["active"] == false && len(r.s.pointing("res.users", "partner_id", id)) > 0 {
		return &fault{2, "You cannot archive contacts linked to an active user.\nYou first need to archive their associated user."}
	}
	return r.nameless(v, id)
}

func (r *request) validValue(name string, f field, value any) error {
	text, isText := value.(string)
	switch f.Type {
	case "selection":
		anything := name == "lang" && r.s.o.Version >= 18 // measured: 18 and 19 take a language that is not there
		if !f.allows(value) && !anything {
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
		id, _ = s.table("res.partner").rows[id].get("parent_id").(int64)
	}
	return false
}

// databaseID reads a database id written as text, as load takes it.
func databaseID(text string) (int64, bool) {
	var id int64
	_, err := fmt.Sscanf(strings.TrimSpace(text), "%d", &id)
	return id, err == nil && id > 0
}
