// Package reconcile makes both sides agree. Every trigger ends in one call,
// "sync these records": Engine.SyncRecords, or for a row's edits the same sync
// with a Push in its targets, which also sends.
//
// # One sync
//
// For a batch of up to 200 records of one model (batch.go, entity.go, plan.go,
// apply.go, write.go):
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
// What the merge finds for Odoo is not sent by such a sync: it leaves an edit in
// the outbox, unless Odoo has refused the same and neither side changed since.
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
// # The push
//
// A Pusher claims edits of rows from the outbox and works them an entity at a
// time, parents first (push.go, push_rows.go). A row that has a record goes
// round this circle, a step at a time:
//
//  1. it is synced as above. What its merge finds for Odoo is cut into steps of
//     one call (outward.go): fields and known lines, then new lines, then each
//     state by the methods that lead there; a delete stands alone. Of a step of
//     two calls half could be done, which nobody could tell from all of it or
//     nothing. The first is noted as the link's intent
//     in that transaction. Where there is none, that transaction ends the edits;
//  2. names and references become ids (find.go, send_encode.go). A value that
//     has no place in Odoo takes the intent back and refuses the row;
//  3. right before the call write_date and lock are read again; where they
//     moved, the intent is taken back, and the row is tried again soon. Where
//     Odoo compares and sets (compare.go) an update needs no such look: Odoo
//     refuses it itself, and the record has another round at once;
//  4. the call is made (send*.go): many rows in one load where they fill the
//     same columns, else one by one, and so every update that compares;
//  5. back to 1: the record is read, and merge.Confirm moves the base for what
//     was sent, where Odoo has it or its normal form (confirm.go). The intent is
//     gone, all else is merged, and what is then still left is the next step.
//
// A row without a record (push_new.go) first has the rows it refers to pushed.
// Then it is matched: by the id it names, or by the mapping's keys among Odoo's
// records (match*.go), and never where several could be meant. What has no match
// is noted as a create, with the whole row, and sent under an external id made
// of the link's uuid, so that the same load sent twice makes one record.
//
// # Who may write when
//
// An intent has a token and a deadline: one minute in which its call may begin,
// and then as long as Odoo works on a call at most (intent.go, decision 7).
//
//   - Until the deadline the record belongs to the push that holds the token.
//     Any other sync of it waits (writer.busy), even one that only reads; the
//     webhook of our own write is one of them.
//   - A call that would begin after its minute is not made (pushRun.late).
//   - After the deadline any push may take it up (Pusher.takeUp finds those that
//     nobody works); other syncs go on waiting for that. Whether the call was made
//     is not known then: what is found in Odoo is confirmed, and what is not found
//     says nothing. Of a create Odoo is asked for the external id, and of added
//     lines for theirs where the counts leave it open. Without an Odoo in the
//     settings there is no push, and the intent ends with its deadline.
//   - Only who finds its own token confirms or takes back; who comes too late
//     finds another, or none, and leaves the record alone.
//   - While any create of an entity is open, a record that no link knows and that
//     is not older than it gets no row: it may be ours (writer.mayBeOurs,
//     decision 8).
//   - A person's choice (Arbiter) writes nothing and is refused while an intent
//     is open. It moves the base, raises the version and asks for a push.
//
// An intent is taken back (pushRun.abandon) only where the call was surely not
// made, or was refused whole. Whatever may have done something is read back.
//
// # Deletions
//
// Gone in Odoo, deleted here, edited on the other side meanwhile, revived: see
// gone.go. The link stays as a tombstone that knows which side deleted. A record
// that Odoo merged into another one leads to the survivor (survivor.go).
//
// # A plan and a resync
//
// Engine.Plan takes the same steps and rolls step 3 back once it has decided. A
// preview stands for what would have been written by then, so that a record whose
// parent would be made finds it. What it tells is what Engine.Resync does: all
// records of Odoo a page at a time, adopting rows that are the same, then the rows
// that belong to no record by way of the outbox, then the push.
//
// # A sweep of values
//
// Engine.SweepValues finds the rows that differ from their bases for no reason
// that is known: edits that no trigger told of (drift.go). It decides nothing
// about them: it leaves them to the push, or syncs their records. SweepRows does
// the same with rows that are gone.
//
// # A halted model
//
// Where Odoo looks like another one (halt.go; its signs are looked for in lost.go,
// restored.go, identity.go and reconcile/sweep) nothing is done with any record of
// the model, or of all models where the whole database is meant: each sync gives its targets back with the reason, as what waits, and costs them
// no attempt. The halt stands in the database, so that every daemon keeps to it,
// until AllowDeletes accepts what Odoo shows; for an hour none of its kind follows.
//
// # Payload mode
//
// With webhooks.source: payload, Payloads applies the events' own data by the
// same merge and writer (payload.go). Without odoo.url nothing is pushed then.
//
// # Concurrency
//
// Engine, Worker, Pusher and Arbiter are safe for concurrent use, also beside
// those of other daemons on the same database: nothing is kept in memory that
// others would have to know. What two might do to one record is ordered by its
// link, which is locked before its row and its lines, by ascending ids; what
// deadlocks all the same is replayed, and no lock is held during a call to Odoo. Leases on events and edits only spare
// double work: an outlived lease costs time, not correctness. A batch, a writer
// and a pushRun belong to one goroutine each. A writer is one try of a
// transaction that may be replayed, so it hands its results over only after the
// commit (writer.settle). Shared in an engine are the caches of names alone,
// which have locks of their own.
package reconcile
