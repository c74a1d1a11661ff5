package capture_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"odoosync/configs"
	"odoosync/internal/capture"
	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/store"
	"odoosync/mapping"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("odoosync/internal/localdb.(*Server).watch"), goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"))
}

var ctx = context.Background()

// bench is a database with triggers, seen by the daemon and by an API.
type bench struct {
	t   testing.TB
	dsn string
	db  *mysqldb.DB
	api *sql.Conn
}

// newBench makes the tables of the default mapping and their triggers.
func newBench(t testing.TB) *bench {
	t.Helper()
	b := bare(t)
	b.install(defaultMapping(t, b.db))
	return b
}

// bare has no triggers yet.
func bare(t testing.TB) *bench {
	t.Helper()
	dsn := dbtest.DSN(t)
	return &bench{t: t, dsn: dsn, db: dbtest.Open(t, dsn), api: connect(t, dsn, nil)}
}

// connect is another program's connection, with settings of its own.
func connect(t testing.TB, dsn string, change func(*mysql.Config)) *sql.Conn {
	t.Helper()
	c, err := mysql.ParseDSN(dsn)
	require.NoError(t, err)
	if change != nil {
		change(c)
	}
	connector, err := mysql.NewConnector(c)
	require.NoError(t, err)
	pool := sql.OpenDB(connector)
	t.Cleanup(func() { _ = pool.Close() })
	conn, err := pool.Conn(ctx)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func defaultMapping(t testing.TB, db *mysqldb.DB) *mapping.Mapping {
	t.Helper()
	spec, err := mapping.Parse(configs.Mapping)
	require.NoError(t, err)
	tables, err := store.Tables(ctx, db)
	require.NoError(t, err)
	m, err := spec.Compile(mapping.Schema{Tables: tables})
	require.NoError(t, err)
	return m
}

// contactsOf maps some columns of contacts only.
func contactsOf(entity string, columns ...string) *mapping.Entity {
	e := &mapping.Entity{Name: entity, Table: "contacts", IDColumn: "id", OdooIDColumn: "odoo_id", DeletedColumn: "deleted_at"}
	for _, c := range columns {
		e.Fields = append(e.Fields, &mapping.Field{Name: c, Column: c})
	}
	return e
}

func (b *bench) install(m *mapping.Mapping) []string {
	b.t.Helper()
	changed, err := capture.Install(ctx, b.db, m)
	require.NoError(b.t, err)
	return changed
}

func (b *bench) problems(m *mapping.Mapping) []string {
	b.t.Helper()
	problems, err := capture.Check(ctx, b.db, m)
	require.NoError(b.t, err)
	var out []string
	for _, p := range problems {
		require.NotEmpty(b.t, p.Mend)
		out = append(out, p.What)
	}
	return out
}

// exec runs statements as the API.
func (b *bench) exec(statements ...string) {
	b.t.Helper()
	for _, s := range statements {
		_, err := b.api.ExecContext(ctx, s)
		require.NoError(b.t, err, s)
	}
}

// noted returns the outbox, a line a row, and empties it.
func (b *bench) noted() string {
	b.t.Helper()
	text := rows(b.t, b.db, "SELECT entity, local_id, op, COALESCE(REPLACE(changed_columns, '\", \"', '\",\"'), 'NULL') FROM sync_outbox ORDER BY id")
	_, err := b.db.Exec("DELETE FROM sync_outbox")
	require.NoError(b.t, err)
	return text
}

func rows(t require.TestingT, db *mysqldb.DB, query string, args ...any) string {
	r, err := db.QueryContext(ctx, query, args...)
	require.NoError(t, err)
	defer r.Close()
	columns, err := r.Columns()
	require.NoError(t, err)
	var lines []string
	for r.Next() {
		cells, targets := make([]string, len(columns)), make([]any, len(columns))
		for i := range cells {
			targets[i] = &cells[i]
		}
		require.NoError(t, r.Scan(targets...))
		lines = append(lines, strings.Join(cells, " "))
	}
	require.NoError(t, r.Err())
	return strings.Join(lines, "\n")
}
