// Package forget erases what the daemon keeps of a person (or of any record) once
// both sides have deleted it.
//
// # When
//
// Only then: while one side still has the record, a sync would bring it back to the
// other, with everything. So Odoo is asked whether the record is gone (archived is
// not gone, and hidden cannot be told), the row must be gone or carry the mark of
// a deletion, the link must be a tombstone, and nothing about the record may wait:
// no webhook, no edit, no write to Odoo, no conflict. Without an Odoo to ask, the
// tombstone alone must do: its deletion was told by a webhook.
//
// # What
//
// The values in sync_changes, sync_conflicts, sync_outbox and sync_links; what the
// record's own webhooks told; and what webhooks of records that refer to it say of
// it, under the names that the mapping knows (a stub's: partner_name beside
// partner_id). There is no index for the latter: all webhooks of those models are
// gone through. What stays says that something happened, and when, and not what: ids,
// times, names of events and fields. The tombstone stays, with the ids alone, so
// that an old event or a restored list does not bring the record back.
//
// The row is the API's, and so is erasing it: nothing here writes to its tables. A
// row with the mark of a deletion can be emptied or deleted by the API at any
// time; its edit goes nowhere.
//
// # Cut off
//
// Webhooks are erased in batches, each a transaction of its own; everything can be
// done again.
package forget
