package mysqldb_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
)

func TestMigrateTwiceAndConcurrently(t *testing.T) {
	ctx := context.Background()
	db := dbtest.Empty(t)
	errs := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := db.Migrate(ctx)
			errs <- err
		}()
	}
	for range 3 {
		require.NoError(t, <-errs)
	}
	again, err := db.Migrate(ctx)
	require.NoError(t, err)
	require.Empty(t, again)
	done, err := db.Migrated(ctx)
	require.NoError(t, err)
	require.True(t, done)
}

func TestCheckServerFindsNothingWrong(t *testing.T) {
	problems, err := dbtest.New(t).CheckServer(context.Background())
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestForeignConnectionsAreNotTheDaemons(t *testing.T) {
	dsn := dbtest.DSN(t)
	for foreign, want := range map[bool]sql.NullInt64{false: {Int64: 1, Valid: true}, true: {}} {
		db, err := mysqldb.Open(mysqldb.Options{DSN: dsn, Foreign: foreign})
		require.NoError(t, err)
		t.Cleanup(func() { _ = db.Close() })
		var applying sql.NullInt64
		require.NoError(t, db.QueryRow("SELECT @odoosync_applying").Scan(&applying))
		require.Equal(t, want, applying)
	}
}
