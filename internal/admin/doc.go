// Package admin is the HTTP API for the person in charge: what the daemon knows
// (GET) and what it is told to do (POST), under /admin/api.
//
// # Who may
//
// Every request carries Authorization: Bearer <token>. The admin token opens
// everything; the read token, where there is one, what only reads. Tokens are
// compared as hashes and in constant time. A client address that shows wrong
// tokens soon waits before its next try (guard.go); so does the right token
// from there, or a guess would be told by its answer. There are no cookies, so
// no other site can make a browser act here.
//
// # What is answered
//
// JSON always. An error has the form of the webhooks', {"status": "error",
// "code": ..., "message": ...}, with a sentence that says what happened and
// what to do, and never SQL or a stack trace. Lists come a page at a time, the
// latest first: "next" is the "before" of the page that follows.
//
// The package decides nothing itself and knows neither the engine nor Odoo: it
// speaks to the few functions of Options. It is safe for concurrent use.
package admin
