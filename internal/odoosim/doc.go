// Package odoosim is a stand-in for Odoo: a database in memory behind Odoo's
// XML-RPC, which sends the guide's webhooks and injects faults. The demo and the
// end-to-end tests run on it; it is no ERP, and knows only what the daemon asks.
//
// It answers as real Odoo was recorded to: empty values are False, a many2one is
// a pair or, with load="_classic_write", an id, write_date is shown to the
// second and kept to the microsecond, archived records are hidden unless
// active_test is off, missing ids are left out of a read, and refusals are
// faults with Odoo's codes and texts.
//
// Its companies are French and Belgian; user 2 is the sync user, the time zone is
// Paris, every lead scores 10 %, and a payment term's days begin its name.
//
// A conformance test sends it every recorded request and compares the shape of
// its answers; where they differ, the test says why.
//
// It is made to hold a million records. A row keeps what is not empty, a domain
// is compiled once a call, and a search walks the records by id or by write_date,
// whichever leaves less to look at, and ends with the page. Seed makes so many at
// once; Stats.Busy is the server's own share of what a benchmark measured.
//
// What an administrator does: Forbid takes rights, Hide and Rule make record
// rules, SetUserCompanies the user's companies, which hide the records of others;
// Snapshot and Restore are a backup, SetDatabaseUUID makes a copy another one.
//
// What is written over XML-RPC goes through the rules that a push must know, each
// measured on real servers of the four versions: defaults that leak in, normal
// forms, what follows from a change, and what is refused. Go code that calls
// Create, Write and Unlink gets what it says and nothing more; only the business
// methods of Call are the same for both.
//
// One mutex guards the data: a call is a transaction, and one that is refused is
// rolled back. Webhooks leave after the commit from one goroutine, in order,
// unless a fault says otherwise or a Tx tells before its commit.
package odoosim
