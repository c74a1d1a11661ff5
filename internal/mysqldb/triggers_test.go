package mysqldb_test

import (
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
)

func TestABinaryLogThatForbidsTriggersIsExplainedWithBothWaysOut(t *testing.T) {
	err := mysqldb.Explain(&mysql.MySQLError{Number: 1419, Message: "You do not have the SUPER privilege and binary logging is enabled"})
	require.Equal(t, record.CodeConfig, record.CodeOf(err))
	require.Contains(t, record.Message(err), "set log_bin_trust_function_creators = 1 on the server, or run odoosync migrate up once with an account")
}

func TestWhatKeepsAUserFromMakingTriggers(t *testing.T) {
	dsn := dbtest.DSN(t)
	db := dbtest.Open(t, dsn)
	problems, err := db.TriggerProblems(ctx)
	require.NoError(t, err)
	require.Empty(t, problems)

	c, err := mysql.ParseDSN(dsn)
	require.NoError(t, err)
	c.User, c.Passwd = "plain_"+db.Name()[2:], "Plain-pass-1"
	for _, s := range []string{"CREATE USER '" + c.User + "'@'%' IDENTIFIED BY 'Plain-pass-1'", "GRANT SELECT ON `" + db.Name() + "`.* TO '" + c.User + "'@'%'"} {
		_, err := db.Exec(s)
		require.NoError(t, err)
	}
	t.Cleanup(func() { _, _ = db.Exec("DROP USER '" + c.User + "'@'%'") })
	problems, err = dbtest.Open(t, c.FormatDSN()).TriggerProblems(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, problems)
	require.Contains(t, problems[0].What, "it lacks TRIGGER on "+db.Name())
	require.Contains(t, problems[0].Mend, "GRANT TRIGGER")
}

// A daemon waits for another's migration for longer than a lock wait lasts,
// which is a second here.
func TestTheMigrationLockIsWaitedFor(t *testing.T) {
	c, err := mysql.ParseDSN(dbtest.DSN(t))
	require.NoError(t, err)
	c.Params = map[string]string{"innodb_lock_wait_timeout": "1"}
	db := dbtest.Open(t, c.FormatDSN())
	unlock, err := db.LockMigrations(ctx)
	require.NoError(t, err)
	got := make(chan error, 1)
	go func() {
		second, err := db.LockMigrations(ctx)
		if err == nil {
			second()
		}
		got <- err
	}()
	select {
	case err := <-got:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(1500 * time.Millisecond): // longer than the lock wait
	}
	unlock()
	require.NoError(t, <-got)
}
