// Package odooclient is the wire to Odoo: its XML-RPC dialect, and nothing of
// what the records mean.
//
// # Calls
//
// A Client logs in on first use and is safe for concurrent use; calls run side
// by side, bounded by a rate limit, and a circuit breaker stops asking an Odoo
// that does not answer. kolo/xmlrpc is only the codec: the HTTP client is ours,
// so that every call ends with its context.
//
// # Replies
//
// Replies are scanned by hand (scan.go): read replies are megabytes of one
// simple shape. Whatever the scanner does not know goes to kolo, whole, and
// where both understand a reply they agree (a fuzz test holds them to it).
// Bodies are capped in size and values in depth before kolo sees them.
//
// # Errors
//
// What leaves this package is a *record.Error. Its code says what to do:
//
//	CodeUnavailable     Odoo cannot be reached or asks to wait; nothing was done
//	CodeRetryable       Odoo lost a race in its database; nothing was done
//	CodeRejected        Odoo refuses this data; *Fault in the chain has its words
//	CodeDenied          rights are missing for these records
//	CodeConfig          login, database, model or field are wrong
//	CodeUnknownOutcome  the request went out and no answer came: read back
//
// Odoo commits before it answers, so a lost answer of a write is an unknown
// outcome and never a failure. Business methods that return None answer with a
// fault although they have committed (ErrNoneResult): judge by reading back.
package odooclient
