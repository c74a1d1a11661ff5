// Package capture makes the triggers by which edits of the mapped tables reach
// the outbox.
//
// # The idea
//
// An edit is captured by the database itself: three triggers a table (after
// insert, update and delete) write one row a record into sync_outbox, in the
// transaction of whoever edits. So an edit and the note of it are committed or
// rolled back together, whatever program made it and whatever happens to the
// daemon, and the API's code needs to know nothing. Besides these triggers no
// table is altered; other triggers of the same table are left alone.
//
// A row of the outbox is a hint, as a webhook is: it names the record, what
// happened to it, the columns whose values really changed and when, and no
// values. Whoever works it reads the row as it is then.
//
// # What the triggers promise
//
//   - The daemon's own connections have @odoosync_applying = 1 (package
//     mysqldb), and leave nothing.
//   - A column changed when its bytes did: the values are compared as binary
//     text and NULL-safely, so case, accents and spaces at the end count,
//     whatever the column's collation. The one doubled hint that is left: MySQL
//     shows a JSON number written 1.0 over 1 as changed, and keeps the 1.
//   - A line (a row of a child table) is an edit of its parent, of both parents
//     when it moves, with columns named "table.column". A row whose own id
//     changes is a delete of the old id and an insert of the new one.
//   - Times are UTC_TIMESTAMP(6): the same for all rows of one statement, and
//     the server's own, whatever the session's time zone.
//   - A trigger runs with its maker's rights and with the sql_mode and character
//     set it was made with, so neither the API's user nor its session matter.
//     The sql_mode is empty on purpose: in a strict one a value that does not
//     fit sync_outbox would end the API's statement with an error about a table
//     it never heard of.
//
// What no trigger sees: TRUNCATE, a foreign key's CASCADE or SET NULL, and what
// is done while another program sets @odoosync_applying. The sweep finds those. A
// statement that edits a mapped table must not read sync_outbox as well (the
// server refuses that with error 1442); sync_status is what the API reads.
//
// # Making and replacing them
//
// Each body declares a variable with a fingerprint of the rest. It is a variable
// and not a comment because programs that copy databases drop comments. Check
// compares the whole body and the sql_mode with what Want asks for; Install
// changes what differs and nothing else. Daemons take turns by the migrations'
// lock, and one that finds nothing to change does not even take it.
//
// While a trigger is replaced, edits must not go by uncaptured. MariaDB has
// CREATE OR REPLACE TRIGGER, which is one step. MySQL has not, and LOCK TABLES
// would ask for a right that a user of the daemon seldom has: there the new body
// first comes under a second name, then the old one goes, the new one comes
// under its own name and the second goes. In between an edit leaves two rows,
// which are worked as one; and a daemon that dies half-way leaves a trigger too
// many, never one too few, which the next Install drops.
//
// A table whose triggers change is locked for a moment, and whoever comes while
// that lock is waited for waits behind it. So the wait is short (lockWait) and a
// table that a long transaction holds is an error that says so.
//
// A user without the right TRIGGER cannot see on MySQL that triggers are there,
// nor on MariaDB what they do. Where an administrator made them, the daemon can
// run with such a user: it says at its start that it could not look.
//
// Without odoo.url there is nobody to push to: the daemon makes no triggers then,
// and leaves alone what an earlier time with Odoo made. What those go on noting is
// worked when Odoo is there again.
//
// Every function is safe for concurrent use.
package capture
