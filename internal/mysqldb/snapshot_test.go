package mysqldb_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
)

func TestASnapshotIsOfOneMomentAndReadsAlone(t *testing.T) {
	ctx, db := context.Background(), dbtest.Empty(t)
	_, err := db.Exec("CREATE TABLE things (id INT PRIMARY KEY, n INT) ENGINE=InnoDB")
	require.NoError(t, err)
	_, err = db.Exec("INSERT INTO things VALUES (1, 1)")
	require.NoError(t, err)
	require.NoError(t, db.Snapshot(ctx, func(tx *sql.Tx) error {
		for range 2 {
			var sum int
			require.NoError(t, tx.QueryRow("SELECT SUM(n) FROM things").Scan(&sum))
			require.Equal(t, 1, sum)
			_, err := db.Exec("UPDATE things SET n = n + 1") // waits for nobody
			require.NoError(t, err)
		}
		_, err := tx.Exec("UPDATE things SET n = 9")
		require.Error(t, err)
		return nil
	}))
	var n int
	require.NoError(t, db.QueryRow("SELECT n FROM things").Scan(&n))
	require.Equal(t, 3, n)
}
