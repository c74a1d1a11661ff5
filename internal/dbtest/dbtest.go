// Package dbtest gives each test a database of its own, with all tables, on a
// private MariaDB server that the test process starts on first use and that
// dies with it. With ODOOSYNC_TEST_DSN set (a DSN whose user may create
// databases) the databases are made on that server instead, to run the suite
// on another version.
package dbtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/localdb"
	"odoosync/internal/mysqldb"
)

// New returns a pool on a fresh, migrated database, dropped after the test.
func New(t testing.TB) *mysqldb.DB {
	t.Helper()
	return Open(t, DSN(t))
}

// Empty returns a pool on a fresh database without tables.
func Empty(t testing.TB) *mysqldb.DB {
	t.Helper()
	return Open(t, create(t, shared(t)))
}

// Open connects to a DSN for the time of the test.
func Open(t testing.TB, dsn string) *mysqldb.DB {
	t.Helper()
	db, err := mysqldb.Open(mysqldb.Options{DSN: dsn})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// DSN returns the address of a fresh, migrated database.
func DSN(t testing.TB) string {
	t.Helper()
	server := shared(t)
	dsn := create(t, server)
	fill(t, server, dsn)
	return dsn
}

// server makes databases; dsn gives the address of one by name.
type server struct {
	dsn func(database string) string

	once   sync.Once
	schema []string // the statements that make a migrated database's tables
	err    error
}

var (
	sharedOnce   sync.Once
	sharedServer *server
	sharedErr    error
)

func shared(t testing.TB) *server {
	t.Helper()
	sharedOnce.Do(func() {
		if dsn := os.Getenv("ODOOSYNC_TEST_DSN"); dsn != "" {
			cut := strings.LastIndex(dsn, "/")
			sharedServer = &server{dsn: func(name string) string { return dsn[:cut+1] + name }}
			return
		}
		var s *localdb.Server
		if s, sharedErr = start(true); sharedErr == nil {
			sharedServer = &server{dsn: s.DSN}
		}
	})
	require.NoError(t, sharedErr)
	return sharedServer
}

// prefix of the folders of test servers; the owner's process id follows.
const prefix = "odoosync-test-"

// start runs a server in a temporary folder. The kernel ends it with this
// process, and the next test process sweeps its folder.
func start(volatile bool) (*localdb.Server, error) {
	sweep()
	dir, err := os.MkdirTemp("", prefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return nil, err
	}
	template, err := templateDir()
	if err != nil {
		return nil, err
	}
	return localdb.Start(context.Background(), localdb.Options{Dir: dir, Volatile: volatile, Template: template})
}

// sweep removes the folders of test processes that are gone.
func sweep() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	for _, dir := range dirs {
		rest := strings.TrimPrefix(filepath.Base(dir), prefix)
		pid, err := strconv.Atoi(strings.SplitN(rest, "-", 2)[0])
		if err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			_ = os.RemoveAll(dir)
		}
	}
}

// NewServer starts a server of the test's own, durable as in production, for
// tests that kill it. Its database of the given name is migrated.
func NewServer(t testing.TB, database string) *localdb.Server {
	t.Helper()
	s, err := start(false)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = s.Stop(ctx)
	})
	require.NoError(t, s.CreateDatabase(context.Background(), database))
	_, err = Open(t, s.DSN(database)).Migrate(context.Background())
	require.NoError(t, err)
	return s
}

func create(t testing.TB, s *server) string {
	t.Helper()
	random := make([]byte, 6)
	_, err := rand.Read(random)
	require.NoError(t, err)
	name := "t_" + hex.EncodeToString(random)
	admin, err := mysqldb.Open(mysqldb.Options{DSN: s.dsn("information_schema"), MaxOpen: 1})
	require.NoError(t, err)
	_, err = admin.Exec("CREATE DATABASE " + name + " CHARACTER SET utf8mb4")
	require.NoError(t, err)
	t.Cleanup(func() {
		_, _ = admin.Exec("DROP DATABASE IF EXISTS " + name)
		_ = admin.Close()
	})
	return s.dsn(name)
}

// fill copies the tables of a database that was migrated once: migrating each
// would take several times as long.
func fill(t testing.TB, s *server, dsn string) {
	t.Helper()
	s.once.Do(func() { s.schema, s.err = migratedSchema(t, s) })
	require.NoError(t, s.err)
	db := Open(t, dsn)
	conn, err := db.Conn(context.Background())
	require.NoError(t, err)
	defer conn.Close()
	for _, statement := range s.schema {
		_, err := conn.ExecContext(context.Background(), statement)
		require.NoError(t, err, statement)
	}
}

func migratedSchema(t testing.TB, s *server) ([]string, error) {
	ctx := context.Background()
	db, err := mysqldb.Open(mysqldb.Options{DSN: create(t, s), MaxOpen: 2})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if _, err := db.Migrate(ctx); err != nil {
		return nil, err
	}
	statements := []string{"SET FOREIGN_KEY_CHECKS = 0"}
	var views []string
	rows, err := db.QueryContext(ctx, "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names [][2]string
	for rows.Next() {
		var n [2]string
		if err := rows.Scan(&n[0], &n[1]); err != nil {
			return nil, err
		}
		names = append(names, n)
	}
	for _, n := range names {
		if n[1] == "VIEW" {
			var view, statement, charset, collation string
			if err := db.QueryRowContext(ctx, "SHOW CREATE VIEW `"+n[0]+"`").Scan(&view, &statement, &charset, &collation); err != nil {
				return nil, err
			}
			views = append(views, strings.ReplaceAll(statement, "`"+db.Name()+"`.", ""))
			continue
		}
		var table, statement string
		if err := db.QueryRowContext(ctx, "SHOW CREATE TABLE `"+n[0]+"`").Scan(&table, &statement); err != nil {
			return nil, err
		}
		statements = append(statements, statement)
	}
	list, err := db.Migrations(ctx)
	if err != nil {
		return nil, err
	}
	statements = append(statements, "INSERT INTO sync_migrations (version_id, is_applied) VALUES (0, 1)")
	for _, m := range list {
		statements = append(statements, fmt.Sprintf("INSERT INTO sync_migrations (version_id, is_applied) VALUES (%d, 1)", m.Version))
	}
	return append(append(statements, views...), "SET FOREIGN_KEY_CHECKS = 1"), rows.Err()
}
