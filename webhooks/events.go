package webhooks

import "slices"

// endpoint is one of the guide's four, and the events it takes.
type endpoint struct {
	path   string
	model  string
	events []string
}

// endpoints is the guide's table: fifteen events.
var endpoints = []endpoint{
	{"sale-order", "sale.order", []string{"sale.order.created", "sale.order.updated", "sale.order.state.changed", "sale.order.deleted"}},
	{"invoice", "account.move", []string{"account.move.created", "account.move.validated", "account.move.updated", "account.move.cancelled"}},
	{"partner", "res.partner", []string{"res.partner.created", "res.partner.updated", "res.partner.deleted"}},
	{"lead", "crm.lead", []string{"crm.lead.created", "crm.lead.updated", "crm.lead.converted", "crm.lead.won"}},
}

// eventName is an event's type as the log has it: a sender's own word may be
// anything, and stands in webhook_logs alone.
func eventName(given string) string {
	for _, ep := range endpoints {
		if given == ep.path || slices.Contains(ep.events, given) {
			return given
		}
	}
	if given == "any" || given == "automation" {
		return given
	}
	return "unknown"
}
