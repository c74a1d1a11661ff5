package localdb_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"odoosync/internal/localdb"
	"odoosync/internal/mysqldb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

func start(t *testing.T, dir string) *localdb.Server {
	t.Helper()
	s, err := localdb.Start(ctx, localdb.Options{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() {
		bounded, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		require.NoError(t, s.Stop(bounded))
	})
	return s
}

func open(t *testing.T, s *localdb.Server) *mysqldb.DB {
	t.Helper()
	require.NoError(t, s.CreateDatabase(ctx, "d"))
	db, err := mysqldb.Open(mysqldb.Options{DSN: s.DSN("d")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// What was committed survives kill -9; a folder in use is not
// taken over; the folder's path may be longer than a socket's.
func TestDataOutlivesTheServer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 25))
	first := start(t, dir)
	db := open(t, first)
	_, err := db.Exec("CREATE TABLE kept (n INT)")
	require.NoError(t, err)
	_, err = db.Exec("INSERT INTO kept VALUES (1)")
	require.NoError(t, err)
	first.Kill()
	require.Error(t, db.Ping())
	require.NoError(t, first.Resume(ctx))
	_, err = db.Exec("INSERT INTO kept VALUES (2)")
	require.NoError(t, err)

	_, err = localdb.Start(ctx, localdb.Options{Dir: dir})
	require.ErrorIs(t, err, localdb.ErrInUse)
	dsn, err := localdb.Running(dir, "d")
	require.NoError(t, err)
	require.Equal(t, first.DSN("d"), dsn)
	require.NoError(t, first.Stop(ctx))

	second := start(t, dir)
	var tmp string
	require.NoError(t, open(t, second).QueryRow("SELECT @@tmpdir").Scan(&tmp))
	require.Equal(t, filepath.Join(dir, "tmp"), tmp, "no other server's")
	var n int
	require.NoError(t, open(t, second).QueryRow("SELECT SUM(n) FROM kept").Scan(&n))
	require.Equal(t, 3, n)
	require.NotContains(t, second.ConnectHint("d"), strings.Split(second.DSN("d"), ":")[1][:8], "the hint does not show the password")
	info, err := os.Stat(filepath.Join(dir, "password"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestACrashedServerIsStartedAgain(t *testing.T) {
	dir, crashed := t.TempDir(), make(chan error, 16)
	s, err := localdb.Start(ctx, localdb.Options{Dir: dir, OnRestart: func(err error) { crashed <- err }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop(ctx)) })
	text, err := os.ReadFile(filepath.Join(dir, "mariadbd.pid"))
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	require.ErrorContains(t, <-crashed, "started again")
	require.Eventually(t, func() bool { // its port may be another one now
		db, err := mysqldb.Open(mysqldb.Options{DSN: s.DSN("information_schema")})
		require.NoError(t, err)
		defer db.Close()
		return db.Ping() == nil
	}, 30*time.Second, 50*time.Millisecond)
}
