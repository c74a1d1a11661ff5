// Package reconcile makes both sides agree. Every trigger ends in one call:
// Engine.SyncRecords, "sync these records".
//
// # One sync
//
// For a batch of up to 200 records of one model:
//
//  1. remember the version of each record's link;
//  2. read the records from Odoo, then their lines, then the names behind
//     their ids (cached); sync the records they reference first;
//  3. in one transaction: lock the links and the rows. A record whose link has
//     moved since step 1 was synced by somebody who may have read later than
//     we did: it is left out and goes back to step 1. Merge base, record and
//     row; write the changed columns; save the base, the history and the
//     conflicts; complete the hints that were claimed before step 2.
//
// So an event is only a hint that a record is worth reading. Lost, doubled,
// late and reordered events change nothing in the end, an echo of our own
// write merges to nothing, and a process killed at any point leaves either the
// whole step 3 or none of it.
//
// # A bad record stops nobody
//
// A record Odoo cannot send, that the mapping rejects, or that MySQL refuses is
// told apart by halving the batch; the others go through. The refusal is shown
// on the record (sync_status) and returned for its hints. Only an unreachable
// side ends a call early, and then it consumes no attempt.
//
// # Parents
//
// A record that references another one without a row here has that one synced
// first. Where that is impossible (a cycle, a hidden or deleted parent) the
// column stays NULL and the record is noted in sync_waits, to be synced again
// when the parent arrives.
//
// # Two entities on one model
//
// A confirmed order is a row in quotes and a row in travels. The entities of a
// model are synced in the mapping's order, each in its own transaction, and the
// hints end with the last one.
//
// # A plan
//
// Engine.Plan takes the same steps and rolls step 3 back once it has decided. A
// preview stands for what would have been written by then, so that a record whose
// parent would be made finds it. What it tells is what Engine.Resync does.
package reconcile
