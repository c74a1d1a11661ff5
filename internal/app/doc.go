// Package app puts the parts together: it owns their start, their schedules
// and their stop.
//
// Start builds from the bottom up and returns once webhooks are accepted. Odoo
// need not be there for that: events are stored, and a background task connects
// to Odoo, binds the mapping, imports what was never imported, and only then
// lets the workers go. Where the tables were filled before anything was
// imported it waits for a resync first (hold). Each part that starts pushes how
// to stop it on a stack; Stop runs it from the top, so that nothing stops before
// what uses it.
package app
