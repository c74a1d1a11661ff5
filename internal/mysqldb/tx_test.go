package mysqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("odoosync/internal/localdb.(*Server).watch"), goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"))
}

var ctx = context.Background()

// Two transactions lock two rows in opposite order: the server rolls one back,
// and it is replayed from its start.
func TestADeadlockIsReplayed(t *testing.T) {
	db := dbtest.New(t)
	_, err := db.Exec("INSERT INTO sync_leases (name, owner, until, fence) VALUES ('a', '', NOW(6), 0), ('b', '', NOW(6), 0)")
	require.NoError(t, err)
	met := make(chan struct{}, 2)
	both := make(chan struct{})
	go func() { <-met; <-met; close(both) }()
	tries := make(chan int, 2)
	cross := func(first, second string) error {
		n := 0
		err := db.InTx(ctx, func(tx *sql.Tx) error {
			n++
			if _, err := tx.Exec("UPDATE sync_leases SET fence = fence + 1 WHERE name = ?", first); err != nil {
				return err
			}
			if n == 1 {
				met <- struct{}{}
				<-both // both hold their first row now
			}
			_, err := tx.Exec("UPDATE sync_leases SET fence = fence + 1 WHERE name = ?", second)
			return err
		})
		tries <- n
		return err
	}
	errs := make(chan error, 2)
	go func() { errs <- cross("a", "b") }()
	go func() { errs <- cross("b", "a") }()
	require.NoError(t, <-errs)
	require.NoError(t, <-errs)
	require.Greater(t, <-tries+<-tries, 2, "one was replayed")
	var sum int
	require.NoError(t, db.QueryRow("SELECT SUM(fence) FROM sync_leases").Scan(&sum))
	require.Equal(t, 4, sum, "each update counted once")
}

func TestAKilledConnectionIsReplayed(t *testing.T) {
	db := dbtest.New(t)
	n := 0
	err := db.InTx(ctx, func(tx *sql.Tx) error {
		n++
		if _, err := tx.Exec("INSERT INTO sync_leases (name, owner, until) VALUES ('x', '', NOW(6))"); err != nil {
			return err
		}
		if n == 1 {
			var id int
			if err := tx.QueryRow("SELECT CONNECTION_ID()").Scan(&id); err != nil {
				return err
			}
			if _, err := db.Exec("KILL ?", id); err != nil {
				return err
			}
		}
		_, err := tx.Exec("UPDATE sync_leases SET owner = 'y'")
		return err
	})
	require.NoError(t, err)
	require.Equal(t, 2, n)
}

func TestErrorsOfTheFunctionRollBack(t *testing.T) {
	db := dbtest.New(t)
	mine := errors.New("mine")
	err := db.InTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO sync_leases (name, owner, until) VALUES ('x', '', NOW(6))")
		require.NoError(t, err)
		return mine
	})
	require.ErrorIs(t, err, mine)
	var n int
	require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM sync_leases").Scan(&n))
	require.Zero(t, n)
}

func TestRefusalsAreSentencesWithoutSQL(t *testing.T) {
	db := dbtest.New(t)
	_, err := db.Exec("INSERT INTO contacts (odoo_id, name) VALUES (1, 'x')")
	require.NoError(t, err)
	for statement, says := range map[string]string{
		"INSERT INTO contacts (odoo_id) VALUES (1)":             "another row has the same value for key",
		"INSERT INTO contacts (country_code) VALUES ('FRA')":    "a text is too long for column country_code",
		"INSERT INTO contacts (parent_id) VALUES (77)":          "the row it refers to does not exist, constraint fk_contacts_parent",
		"INSERT INTO quotes (amount_total) VALUES (1e20)":       "a number is out of range for column amount_total",
		"INSERT INTO travels (quote_id) VALUES (NULL)":          "a value is missing for column quote_id",
		"INSERT INTO leads (status) VALUES ('odd')":             "a value is not allowed, constraint ck_leads_status",
		"INSERT INTO quotes (date_order) VALUES ('2025-02-30')": "a value does not fit its type for column date_order",
		"INSERT INTO webhook_logs (event_type, body, source, status, next_attempt_at, received_us) VALUES ('e', '', 's', 'success', NOW(), NOW())": "a value is not allowed, constraint ck_webhook_logs_done",
	} {
		_, err := db.Exec(statement)
		require.Error(t, err, statement)
		explained := mysqldb.Explain(err)
		require.Equal(t, record.CodeRejected, record.CodeOf(explained), statement)
		require.Contains(t, record.Message(explained), says)
		require.NotContains(t, record.Message(explained), "INSERT")
	}
	_, err = db.Exec("INSERT INTO quotes (name, contact_id) SELECT 'q', id FROM contacts")
	require.NoError(t, err)
	_, err = db.Exec("DELETE FROM contacts")
	require.Contains(t, record.Message(mysqldb.Explain(err)), "other rows still refer to this one")
}

func TestDSNsNeverShowTheirPassword(t *testing.T) {
	for _, dsn := range []string{"u:hush@tcp(h:1)/d", "mysql://u:hush@h/d", "u:hush@h", "hush", "mysql://u:hush@", "u:hush@tcp(h:1/d"} {
		require.NotContains(t, mysqldb.Redact(dsn), "hush", dsn)
		db, err := mysqldb.Open(mysqldb.Options{DSN: dsn})
		if err == nil {
			require.NoError(t, db.Close())
		} else {
			require.Equal(t, record.CodeConfig, record.CodeOf(err))
			require.NotContains(t, err.Error(), "hush", dsn)
		}
	}
	require.Equal(t, "u:***@tcp(h:3306)/d", mysqldb.Redact("mysql://u:hush@h/d"))
	require.True(t, strings.HasPrefix(mysqldb.Redact("u:p@tcp(h:1)/d"), "u:***@"))
}

func TestEveryConnectionIsMarkedStrictAndUTC(t *testing.T) {
	db := dbtest.New(t)
	for range 5 {
		conn, err := db.Conn(ctx)
		require.NoError(t, err)
		defer conn.Close()
		var applying int
		var zone, mode string
		require.NoError(t, conn.QueryRowContext(ctx, "SELECT @odoosync_applying, @@time_zone, @@sql_mode").Scan(&applying, &zone, &mode))
		require.Equal(t, 1, applying)
		require.Equal(t, "+00:00", zone)
		require.Contains(t, mode, "STRICT_ALL_TABLES")
	}
}
