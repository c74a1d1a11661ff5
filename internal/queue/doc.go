// Package queue keeps the inbox: every webhook received, in the table
// webhook_logs, which is the log a person reads and the queue workers take
// from.
//
// # In
//
// Append returns once the event is committed. Appends that arrive while a
// commit runs wait for the next one together and share it: a commit is a wait
// for the disk, and one serves a hundred events as well as one. Nobody waits
// for company that is not there yet.
//
// # Out
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
package queue
