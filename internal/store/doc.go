// Package store is the daemon's own state in MySQL: the links between rows and
// records with the base each merge starts from, the mapped tables themselves,
// the history of changes and the stories told from it (timeline.go, reasons.go),
// conflicts, and records that wait for a parent; what people did (audit.go); what
// the daemons share, which is cursors, runs, leases, halts and pauses; and what a
// sweep compares without reading a record: when Odoo had written each record and
// line (listing.go, lines.go), the names that rows show (names.go), and the hashes
// of rows (rowhash.go).
//
// It knows no table, column or model by name beyond the sync_* tables: the
// mapping passes those in. Every function takes the transaction (or a pool) it
// works in, so that a caller can make several of them one atomic step; none
// opens a transaction of its own.
//
// # Locks
//
// A link is the lock of its record. Whoever changes a row that is linked locks
// its link first (LockLinks), then the row (LockRows), then its lines, always
// in the order of ids. Link.Version counts what was agreed on: a reader
// remembers it, reads Odoo, locks, and starts over when it has moved.
package store
