package mysqldb

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"odoosync/internal/record"
)

// lockTable holds one row whose lock lets one daemon migrate at a time. It is
// a row lock, so it ends with the connection of a daemon that dies.
const lockTable = "sync_migration_lock"

// LockMigrations lets one daemon at a time change the schema: it waits for the
// lock, for as long as ctx lasts, and returns how to give it back.
func (db *DB) LockMigrations(ctx context.Context) (unlock func(), err error) {
	for {
		unlock, err = db.tryLock(ctx)
		// The one before us may take longer than a lock wait.
		if !replayable(err) && number(err) != errLockTimeout {
			return unlock, Explain(err)
		}
	}
}

func (db *DB) tryLock(ctx context.Context) (func(), error) {
	for _, statement := range []string{
		"CREATE TABLE IF NOT EXISTS " + lockTable + " (id INT PRIMARY KEY) ENGINE=InnoDB",
		"INSERT INTO " + lockTable + " (id) VALUES (1) ON DUPLICATE KEY UPDATE id = id",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return nil, err
		}
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	var id int
	if err := tx.QueryRowContext(ctx, "SELECT id FROM "+lockTable+" WHERE id = 1 FOR UPDATE").Scan(&id); err != nil {
		_ = tx.Rollback()
		return nil, err
	}
	return func() { _ = tx.Rollback() }, nil // nothing was written; the rollback only frees the lock
}

// Server is what the database server says of itself.
type Server struct {
	Version string // as the server writes it: "10.11.14-MariaDB-0+deb12u2"
	MariaDB bool
	Major   int
	Minor   int
}

// String names the server for a person.
func (s Server) String() string {
	name := "MySQL"
	if s.MariaDB {
		name = "MariaDB"
	}
	return fmt.Sprintf("%s %d.%d", name, s.Major, s.Minor)
}

// ServerInfo asks for the server's version.
func (db *DB) ServerInfo(ctx context.Context) (Server, error) {
	var s Server
	if err := db.QueryRowContext(ctx, "SELECT VERSION()").Scan(&s.Version); err != nil {
		return s, Explain(err)
	}
	s.MariaDB = strings.Contains(strings.ToLower(s.Version), "mariadb")
	if _, err := fmt.Sscanf(s.Version, "%d.%d", &s.Major, &s.Minor); err != nil {
		return s, record.Wrap(record.CodeConfig, err, "the database server's version %q cannot be read", s.Version)
	}
	return s, nil
}

// CheckVersion refuses servers without SKIP LOCKED, CHECK and JSON_VALUE.
func (db *DB) CheckVersion(ctx context.Context) error {
	s, err := db.ServerInfo(ctx)
	if err != nil {
		return err
	}
	old := s.Major < 8
	if s.MariaDB {
		old = s.Major < 10 || s.Major == 10 && s.Minor < 6
	}
	if old {
		return record.Errorf(record.CodeConfig, "%s is too old: odoosync needs MySQL 8.0 or MariaDB 10.6, or later", s)
	}
	return nil
}

// Problem is something odoosync check found, with its mend.
type Problem struct {
	What string
	Mend string
}

// CheckServer looks at what the daemon relies on.
func (db *DB) CheckServer(ctx context.Context) ([]Problem, error) {
	var problems []Problem
	if err := db.CheckVersion(ctx); err != nil {
		problems = append(problems, Problem{record.Message(err), "upgrade the server"})
	}
	var mode, zone string
	var applying sql.NullInt64
	err := db.QueryRowContext(ctx, "SELECT @@SESSION.sql_mode, @@SESSION.time_zone, @odoosync_applying").Scan(&mode, &zone, &applying)
	if err != nil {
		return problems, Explain(err)
	}
	if !strings.Contains(mode, "STRICT_ALL_TABLES") {
		problems = append(problems, Problem{"the session is not in strict mode", "remove sql_mode from database.dsn"})
	}
	if zone != "+00:00" {
		problems = append(problems, Problem{"the session's time zone is " + zone + " and not UTC", "remove time_zone from database.dsn"})
	}
	if applying.Int64 != 1 {
		problems = append(problems, Problem{"@odoosync_applying is not set on the connection", "connect without a proxy that shares sessions, such as a transaction pooler"})
	}
	missing, err := db.missingRights(ctx)
	if len(missing) > 0 {
		problems = append(problems, Problem{"the user lacks " + strings.Join(missing, ", ") + " on " + db.name,
			"GRANT " + strings.Join(missing, ", ") + " ON `" + db.name + "`.* TO the user of database.dsn"})
	}
	return problems, err
}

var neededRights = []string{"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "INDEX", "REFERENCES", "CREATE VIEW", "TRIGGER"}

// missingRights reads the grants that hold for the whole database. Grants a
// table at a time are not added up: it then says what to grant at once.
func (db *DB) missingRights(ctx context.Context) ([]string, error) {
	have, err := db.rights(ctx)
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, right := range neededRights {
		if !have[right] {
			missing = append(missing, right)
		}
	}
	return missing, nil
}

func (db *DB) rights(ctx context.Context) (map[string]bool, error) {
	rows, err := db.QueryContext(ctx, "SELECT privilege_type FROM information_schema.user_privileges"+
		" WHERE grantee = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')"+
		" UNION SELECT privilege_type FROM information_schema.schema_privileges"+
		" WHERE grantee = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''') AND DATABASE() LIKE table_schema")
	if err != nil {
		return nil, Explain(err)
	}
	defer rows.Close()
	have := map[string]bool{}
	for rows.Next() {
		var right string
		if err := rows.Scan(&right); err != nil {
			return nil, Explain(err)
		}
		have[right] = true
	}
	return have, Explain(rows.Err())
}
