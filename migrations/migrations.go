// Package migrations holds the database's schema as numbered SQL files for
// goose. They run on MySQL 8 and later and on MariaDB 10.6 and later in one
// dialect, and hold one statement a step, because both commit at every DDL
// statement: a step that was cut off is run again, so each is written to bear
// that (CREATE TABLE IF NOT EXISTS).
package migrations

import "embed"

// FS holds the migration files.
//
//go:embed *.sql
var FS embed.FS
