package odoosim

import (
	"fmt"
	"slices"
	"strings"
)

// Forbid takes the sync user's right to do some operations on a model: "read",
// "create", "write" or "unlink". Without any, it gives them all back.
func (s *Server) Forbid(model string, operations ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forbidden[model] = operations
}

// verbs are how Odoo's refusals call the operations.
var verbs = map[string]string{"read": "access", "create": "create", "write": "modify", "unlink": "delete"}

// permitted refuses what Forbid took, in the words that were recorded.
func (s *Server) permitted(model, operation string) error {
	if !slices.Contains(s.forbidden[model], operation) {
		return nil
	}
	return &fault{4, fmt.Sprintf("You are not allowed to %s '%s' (%s) records.\n\nThis operation is allowed for the following groups:\n\t- %s\n\nContact your administrator to request access if necessary.",
		verbs[operation], s.title(model), model, strings.Join(s.allowed(model, operation), "\n\t- "))}
}

// allowed are the groups that a refusal names, as measured.
func (s *Server) allowed(model, operation string) []string {
	billing := map[int]string{16: "Invoicing/Billing", 17: "Invoicing/Billing", 18: "Invoicing/Invoicing", 19: "Accounting/Invoicing"}[s.o.Version]
	switch {
	case model == "account.move" || model == "account.move.line":
		return []string{billing}
	case model == "res.partner" && operation == "unlink":
		return []string{s.since("Extra Rights/Contact Creation", 19, "Contact/Creation")}
	case model == "res.partner":
		return []string{s.since("Extra Rights/Contact Creation", 19, "Contact/Creation"), "Sales/Administrator", "Sales/User: Own Documents Only"}
	case model == "crm.lead" && operation == "unlink":
		return []string{"Sales/Administrator"}
	case model == configParameters:
		return []string{s.since("Administration/Settings", 19, "Role / Administrator")}
	}
	return []string{"Sales/Administrator", "Sales/User: Own Documents Only"}
}

// reachable refuses an operation on a record that is gone, hidden or beyond the
// user's rights.
func (r *request) reachable(id int64, operation string) error {
	if err := r.s.permitted(r.model, operation); err != nil {
		return err
	}
	if err := r.exists(id); err != nil {
		return err
	}
	if !r.sees(id) {
		return r.s.hiddenRecord(r.model, operation, id)
	}
	return nil
}
