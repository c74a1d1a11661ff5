// Package figures counts webhooks by the hour, so that a person sees a day, a
// month or a year at once, whatever has become of the webhooks since.
//
// # What is counted
//
// webhook_hours holds, for each hour of receipt, how many webhooks of which event
// stand in which status, for which error, and how long they took, in buckets.
// Second looks that the daemon plans itself were not received, and are left out.
// response_hours holds how long senders waited for their answers.
//
// A quarter of a year has some hundred thousand such rows. So the hours of a day
// are added up again in webhook_days, and those of an hour to three numbers in
// webhook_totals: a range is read from whole days, the hours at its ends, and the
// numbers for its slots.
//
// # How it stays right
//
// Rollup never adds to a count. It takes an hour and counts its webhooks anew, so
// that it may be cut off and run again, and two of them at once do no harm. What
// it needs to know is which hours have changed:
//
//   - those in which webhooks have come or ended since the last time, less an
//     overlap that is longer than any transaction and any two clocks differ;
//   - those in webhook_dirty, where a replay notes the hours of what it takes up,
//     and a purge those of what it removes, each in its own transaction. The note
//     is taken away in the transaction that counts, before it does: a change that
//     comes meanwhile waits for it, and leaves a note again.
//
// A purge takes webhooks out of webhook_logs; Keep moves them, in the same
// transaction, into rows of their own (purged), which no Rollup touches.
//
// # Times
//
// A time is counted in a bucket of a fourth of an octave: FLOOR(4*LOG2(µs)). So
// a percentile is known within 9 %, from some dozens of small numbers that can be
// added up over hours and days. The mean is exact.
package figures
