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
// A conformance test sends it every recorded request and compares the shape of
// its answers; where they differ, the test says why.
//
// One mutex guards the data: a call is a transaction, and one that is refused is
// rolled back. Webhooks leave after the commit from one goroutine, in order,
// unless a fault says otherwise or a Tx tells before its commit.
package odoosim
