package mysqldb_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
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
