// Package logs makes the daemon's log, and keeps what the records say out of it.
//
// # What is in the log
//
// One line for each webhook received, refused, processed or failed, and for each
// row pushed, with what it was (event, model, Odoo's id, the row), why (webhook,
// request, run), how long it took and, of a failure, its code. Ids are no secret
// and lead to the rest: webhook_logs, sync_status and the admin API have the
// sentences, behind a token or the database's own rights.
//
// # What is not
//
// Names, addresses and other values of records. They can only come in by the words
// of others: a sentence of Odoo's ("the e-mail x is not valid") or of MySQL's
// ("Duplicate entry 'x'"), or our own around a value. So every error goes through
// Failure, and every text of a sender through Text:
//
//	code                                  what the log shows of the error
//	rejected, denied                      its code: such sentences are about data
//	unavailable, unknown_outcome,         the sentence and the cause, which are about
//	retryable, config                     connections and settings
//	internal, and words of Odoo's         the same, without what stands in quotes
//
// From what is shown, e-mail addresses, IBANs and long numbers are cut. This
// cannot be complete for an internal error, whose text nobody foresaw: a value
// that it tells without quotes stays. log.personal_data shows everything, for the
// time of a search. Secrets have types of their own (configs.Secret) and are not
// put into errors; this package is not what keeps them out.
//
// A logger redacts because of what its fields are, not because of how it was
// made: a Failure that meets any other zap logger is redacted too. A test refuses
// zap.Error and its like outside of this package.
package logs
