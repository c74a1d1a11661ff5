// Package sweep finds what no webhook told and no trigger noted, and has the
// engine repair it. It decides which records are worth reading; what becomes of
// them is the engine's, by the same sync as for a webhook.
//
// # The poll
//
// Every area (the records of an entity, and its lines as a model of their own)
// is listed by write_date from a place that is overlap behind Odoo's own clock.
// A record is read when its write_date is not the one on its link, and once more
// when it leaves the overlap: a transaction that commits late, or a second write
// within one second, is seen then at the latest. So whatever was written more
// than overlap ago was read after every transaction of that time had ended, and
// a poll in which nothing happened is a list of nothing. The place is saved once
// what is before it was applied.
//
// # The sweep
//
// An area is compared in three depths, each only where the one above differs:
//
//  1. counts by the day of the write_date, on both sides. A change moves a record
//     to the newest day, so a day that was compared by a list after it had closed
//     can only lose records: equal counts prove it unchanged. Days that are open,
//     that were never listed, or that were left with something undone are listed;
//  2. lists of ids and write_dates, first of the open days, because what is
//     repaired there leaves the older ones;
//  3. full reads of the ids that differ: the engine's sync.
//
// Records that the lists lack are told apart by reading them: deleted, hidden
// from us, out of the domain, merged into another one.
//
// Then the names that rows show of other records (a stage, a tax, a product) are
// compared with what they were, and records that show a changed one are read.
// The rows here follow: those that vanished, were inserted or were edited without
// a trigger (reconcile.Engine.SweepValues). Last, a seventh of all records is
// read in full each night, because SQL inside Odoo leaves no date.
//
// # Missed webhooks
//
// Odoo's module numbers its webhooks. With each poll the numbers that did not
// arrive are looked up in Odoo, and their records are read (numbers.go; what is
// asked of Odoo, numbers_odoo.go; the numbers themselves are internal/queue's).
// So a deletion is found, too, which no list by write_date shows.
//
// # What must not happen
//
// A sweep never deletes because a list is short. Records that are missing go
// through the engine's read by id and its deletion brake; and an Odoo that looks
// like another one (another database, an older copy, an empty model, a rule or a
// company that was taken away) halts the model first (guard.go).
//
// # Concurrency
//
// A Sweeper is safe for concurrent use, but one poll and one sweep at a time are
// enough: the caller holds a lease for each. A sweep that was cut off goes on
// where it stopped, by the place in its run; the records between are compared
// again, which changes nothing. How a run ends, and who goes on with it, is told
// in ending.go.
//
// A lease is no fence: a process may be frozen until its lease is another's. So a
// run is its last taker's (store.TakeRun), and neither the run nor a place that
// follows from it is saved by any other.
package sweep
