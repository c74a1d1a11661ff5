package queue_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
)

// Events of the allowed size that arrive together are stored, although their
// shared statement would be larger than the server takes: max_allowed_packet
// is 16 MiB where nobody set it on MariaDB.
func TestManyLargeEventsAtOnceAreStored(t *testing.T) {
	dsn := dbtest.DSN(t)
	admin := dbtest.Open(t, dsn)
	var before int64
	require.NoError(t, admin.QueryRow("SELECT @@GLOBAL.max_allowed_packet").Scan(&before))
	_, err := admin.Exec("SET GLOBAL max_allowed_packet = 16777216")
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := admin.Exec(fmt.Sprint("SET GLOBAL max_allowed_packet = ", before))
		require.NoError(t, err)
	})
	db := dbtest.Open(t, dsn)
	q := newInbox(t, db, nil)
	data, err := json.Marshal(string(bytes.Repeat([]byte("x"), 1<<20-200)))
	require.NoError(t, err)
	const senders = 16
	errs := make([]error, senders)
	var group sync.WaitGroup
	for i := range senders {
		group.Go(func() {
			e := event(int64(i + 1))
			e.Data, e.Body = data, []byte(fmt.Sprintf(`{"data": %s}`, data))
			_, errs[i] = q.Append(ctx, e)
		})
	}
	group.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, senders, count(t, db, "status = 'pending'"))
}
