// Package dashboard is the pages for the person in charge, at /: do both sides
// agree, why does a row have its value, and what is to be done about what is
// stuck.
//
// # How it is made
//
// The server renders every page whole (templates, html/template), in French or
// English (locales, lang.go). Reading and acting need no script: an action is a
// form, answered by a redirect that says what was done. With scripts, htmx asks
// for the part of a page that is marked as live every two seconds, and
// assets/app.js leaves alone what a person is using. Everything is embedded, and
// no page asks another host for anything.
//
// # Who may
//
// A login takes the tokens of the admin API and counts wrong ones at the same
// guard. It leaves a cookie that no script reads and no other site sends
// (session.go). It is signed with a key made of the token: a changed token ends
// all sessions, and every daemon of the database accepts them. Who logged in
// with admin.read_token sees no buttons, and is refused what they would do.
// Every action goes into the audit list.
//
// # What is said
//
// verdict.go is the heart: a pure function from what is known (Facts) to what is
// wrong and what to do about each. The package decides nothing else and knows
// neither the engine nor Odoo: it speaks to the few functions of Options. It is
// safe for concurrent use.
package dashboard
