// Package localdb runs a private MariaDB server of our own: for the demo, for
// serve --local-db, and for the tests. It needs the mariadbd program (Debian's
// mariadb-server) and nothing else: no running server, no fixed port, no
// password to know.
//
// A server owns one folder with the data, its password (mode 0600), its port
// and its log. It listens on 127.0.0.1 and on a socket, with one user,
// "odoosync". It dies with the process that started it, is started again when
// it crashes, and recovers from kill -9 by InnoDB's own log. A server left over
// in the same folder is stopped before a new one starts.
package localdb
