// Package queue keeps the two queues of work. The inbox is every webhook
// received, in the table webhook_logs, which is the log a person reads and the
// queue workers take from. The outbox is every local edit, in the table
// sync_outbox, which triggers fill (package capture).
//
// # Into the inbox
//
// Append returns once the event is committed. Appends that arrive while a
// commit runs wait for the next one together and share it: a commit is a wait
// for the disk, and one serves a hundred events as well as one. Nobody waits
// for company that is not there yet.
//
// # Out of the inbox
//
// Claim takes due events with a lease. It takes a record whole: all its due
// events at once, and with them those that wait for a retry, so that one read
// serves them all; and never one whose sibling is leased to another worker, so
// that a record has one worker at a time and its events their order. A worker
// that dies loses its lease, and the events are claimed again.
//
// Every claimed event ends in exactly one of: CompleteTx (done, in the very
// transaction that did it), Retry (an attempt failed), Postpone (the other side
// is away; costs no attempt), Fail (refused), or Release (given back untouched).
//
// Finished events go back to pending only by a Replay, which a person asks for.
//
// # The log
//
// What a person reads of webhook_logs (ReadLog) is found by an index each, however
// much there is: error_code is why a webhook fails or waits, subject the name of its
// record as the event told it. Erase takes values out of what webhooks told. Such a
// webhook is a hint and no more: its hash (body_sha) marks it, a Replay with OwnData
// refuses it, and whoever claims it sees Event.Erased. processing_us is counted from
// the latest replay, if there was one (replayed_at).
//
// # The outbox
//
// It works as the inbox does: Claim with a lease, records whole, and each claimed
// edit ends in exactly one of CompleteTx, Retry, Postpone, FailTx and Release.
// What differs:
//
//   - Rows come from the transactions of an API, which may stay open for long.
//     So no claim waits for a lock of theirs: edits are locked with SKIP LOCKED,
//     and whether a record is whole is read without locks. Who takes a record is
//     decided by the lock on its first pending edit; and where two claimers saw
//     different first edits (one was committed in between), the update that takes
//     the lease finds an edit missing, and the later of the two begins anew.
//   - Retry never gives up, and a refused edit stays in the table as error. It
//     is not tried again until the row changes: then Claim brings it along with
//     the new edit, and both end together, so that nothing stays an error after a
//     success.
//   - An edit is due by the daemon's clock and was made by the server's: it waits
//     for as long as the daemon's is behind.
//
// # Who comes first
//
// A person who edits one row must not wait for ten thousand that a program
// imports. So a claim takes a quarter of its edits from the newest end, which
// serves what was edited just now whatever waits before it. Another quarter goes
// by statements in turn: all rows of one statement carry one time, so that a jump
// in the index by time goes from statement to statement, and each gives one edit;
// this serves the edit made between two imports. The rest is taken from the
// oldest end, so that the oldest edit is always in the next claim and nothing
// starves. What one share does not find is left to the oldest end. Each share is
// a walk along an index of what is pending and costs the same however much waits
// or is done.
package queue
