// Package retention removes what is older than the settings want it kept, and
// erases values that they do not want kept at all.
//
// # What is removed
//
// Each table has a rule that says which of its old rows nobody needs any more
// (rules.go). Never removed is what waits or runs, and what something else still
// reads: of each stream the webhooks above its mark, and the one with its highest
// number, from which missing ones are counted; of each kind of run the latest in
// each state, at which the next one begins; the history of records with an open
// conflict. Nothing goes that is younger than two days, whatever the settings say: the
// deletion brake looks a day back, and a sender may deliver again. Before webhooks
// go, the figures of their hours take them in (figures.Keep), in the transaction
// that removes them. The audit and the tombstones of records (sync_links) stay.
//
// # How
//
// In small batches along the primary key, each a transaction of its own, with a
// pause after each. A batch is chosen without locks and then locked with SKIP
// LOCKED, where its state is asked again; so it waits for nobody, and nobody who
// appends waits for it. Two daemons that purge at once are harmless, and one that
// is stopped has done as much as it has.
//
// # What is erased
//
// The values of the fields in retention.redact, in the bodies and the data of
// webhooks that succeeded, some minutes after they did (redact.go). Replayed, such a
// webhook is still a hint that its record is worth a look; where webhooks are applied
// by their own data, it is refused.
package retention
