package odoosim

import (
	"fmt"
	"slices"
)

// syncUser is the id under which every call is made.
const syncUser = 2

// SetUserCompanies gives the sync user other companies, the main one first.
// Records of the rest are gone from its sight, as by a record rule, and so are
// those of its own companies that a call's allowed_company_ids leaves out.
func (s *Server) SetUserCompanies(ids ...int64) {
	s.Write("res.users", syncUser, Values{"company_id": ids[0], "company_ids": slices.Clone(ids)})
}

func (s *Server) userCompanies() []int64 {
	ids, _ := s.table("res.users").rows[syncUser].get("company_ids").([]int64)
	return ids
}

// allowedCompanies are those a call names, or all of the user's.
func (r *request) allowedCompanies() []int64 {
	if ids, _ := canonical(r.context["allowed_company_ids"]).([]int64); len(ids) > 0 {
		return ids
	}
	return r.s.userCompanies()
}

// unruled are the methods that look at no record: Odoo checks the companies of
// a call when it first needs them.
var unruled = map[string]bool{"fields_get": true, "has_group": true, "check_access_rights": true, "has_access": true}

// selfReadable are what users may read of their own record, whatever rules say
// (res_users.py, SELF_READABLE_FIELDS; company_ids is not among them).
var selfReadable = []string{"company_id", "email", "lang", "login", "name", "partner_id", "share", "tz", "write_date"}

// readsSelf reports a read of the user's own record that no rule can refuse.
func (r *request) readsSelf(method string) bool {
	names := texts(r.arg(1, "fields"))
	return r.model == "res.users" && method == "read" && slices.Equal(r.ids(0), []int64{syncUser}) && len(names) > 0 &&
		!slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(selfReadable, name) })
}

// inCompanies refuses a call in the name of a company that is not the user's.
func (r *request) inCompanies(method string) error {
	own := r.s.userCompanies()
	if unruled[method] || r.asRoot || !slices.ContainsFunc(r.allowedCompanies(), func(id int64) bool { return !slices.Contains(own, id) }) {
		return nil
	}
	return &fault{4, "Access to unauthorized or invalid companies."}
}

// companyRule is the record rule about companies; nil where it hides nothing. A
// line belongs to its document's company, a user to several.
func (r *request) companyRule() func(*row) bool {
	allowed := r.allowedCompanies()
	f, known := r.s.fields[r.model]["company_id"]
	if !known || f.Relation != "res.company" || !slices.ContainsFunc(r.s.table("res.company").ids(), func(id int64) bool { return !slices.Contains(allowed, id) }) {
		return nil
	}
	line, isLine := lineModels[r.model]
	documents := r.s.table(line.parent)
	return func(row *row) bool {
		if ids, several := row.get("company_ids").([]int64); several {
			return slices.ContainsFunc(ids, func(id int64) bool { return slices.Contains(allowed, id) })
		}
		id, set := row.get("company_id").(int64)
		if !set && isLine {
			document, _ := row.get(line.field).(int64)
			id, set = documents.rows[document].get("company_id").(int64)
		}
		return !set || slices.Contains(allowed, id)
	}
}

// Rule makes a record rule: the sync user does not see the records of a model
// for which visible is false. v holds the fields that are not empty, and is not
// to be changed; visible must not call the server. nil ends it.
func (s *Server) Rule(model string, visible func(id int64, v Values) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules[model] = visible
}

// visible is what the user sees of the model.
func (r *request) visible() func(*row) bool {
	hidden, rule, companies := r.s.hidden[r.model], r.s.rules[r.model], r.companyRule()
	return func(row *row) bool {
		return r.asRoot || !hidden[row.id] && (companies == nil || companies(row)) && (rule == nil || rule(row.id, row.filled()))
	}
}

// sees reports that the user sees a record, which exists.
func (r *request) sees(id int64) bool { return r.visible()(r.s.table(r.model).rows[id]) }

func (s *Server) hiddenRecord(model, operation string, id int64) *fault {
	return &fault{4, fmt.Sprintf("Due to security restrictions, you are not allowed to %s '%s' (%s) records.\n\nRecords: (id=%d)", verbs[operation], model, model, id)}
}
