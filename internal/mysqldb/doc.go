// Package mysqldb connects to MySQL or MariaDB the one way the daemon needs it
// and is the only place that knows the driver and its error numbers.
//
// Every connection runs in UTC, in strict mode, at READ COMMITTED (gap locks
// would make two imports wait for each other), and with
// @odoosync_applying = 1, by which the triggers on mapped tables recognise the
// daemon's own writes. Prepared statements are interpolated on our side, which
// saves a round trip, and is safe with utf8mb4.
//
// InTx replays a whole transaction that the server rolled back (a deadlock, a
// lock wait that timed out, a connection that died), so its function must start
// from nothing each time. Nothing is replayed once COMMIT was sent and its
// answer lost: that is CodeUnknownOutcome, and the caller's next look at the
// database tells what happened.
package mysqldb
