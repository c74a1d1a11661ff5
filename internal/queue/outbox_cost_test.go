package queue_test

import (
	"testing"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
)

// A claim reads about as many rows as it takes, whatever waits and whatever is
// done: it must stay so with a hundred thousand and a million, where a plan
// without the right index takes seconds.
func TestAClaimReadsLittle(t *testing.T) {
	db := dbtest.New(t)
	db.SetMaxOpenConns(1) // the counters are the connection's
	many := make([]int, 5000)
	for i := range many {
		many[i] = i + 1
	}
	edit(t, db, outboxStart, many...)
	_, err := db.Exec("UPDATE sync_outbox SET status = 'done'")
	require.NoError(t, err)
	edit(t, db, outboxStart, many...)
	q := newOutbox(db, clockwork.NewFakeClockAt(outboxStart))
	before := rowsRead(t, db)
	edits := claim(t, q, 20)
	require.Len(t, edits, 20)
	require.Less(t, rowsRead(t, db)-before, 1000)
}

func rowsRead(t *testing.T, db *mysqldb.DB) (n int) {
	rows, err := db.Query("SHOW SESSION STATUS WHERE Variable_name LIKE 'Handler_read%'")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		var count int
		require.NoError(t, rows.Scan(&name, &count))
		if name != "Handler_read_rnd_deleted" {
			n += count
		}
	}
	require.NoError(t, rows.Err())
	return n
}
