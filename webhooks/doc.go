// Package webhooks receives Odoo's events over HTTP: the guide's four endpoints
// with its fifteen events, and Odoo's own automation webhooks as hints.
//
// A request is authenticated, decoded strictly, checked, and stored; 200 is
// answered once the event is committed, and not before. Nothing is processed
// here: an event that was stored is worked by package reconcile, so the sender
// never waits for Odoo or for our tables, and a crash loses nothing.
//
// # What a sender is told
//
// Every reply is JSON. An error names a code and, for the person who reads the
// sender's log, what was wrong with which field. It never holds SQL, a stack
// trace, or anything of our side. An authenticated event that is refused with
// 422 is still logged, as the guide wants all received webhooks logged.
//
// # Signatures
//
// With signing secrets set, a request must be signed by Standard Webhooks
// headers, or by the guide's X-Webhook-Signature: the HMAC of Python's
// json.dumps(payload, sort_keys=True), which pyjson.go writes again from the
// body, to the byte.
package webhooks
