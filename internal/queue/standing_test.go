package queue_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/queue"
)

func TestWhatStandsInTheOutbox(t *testing.T) {
	db := dbtest.New(t)
	for _, row := range []string{"'1', 'update', 'pending', NULL", "'2', 'insert', 'pending', '2030-01-01'", "'3', 'delete', 'error', NULL", "'3', 'update', 'pending', NULL", "'4', 'update', 'error', NULL", "'5', 'delete', 'done', NULL", "'6', 'delete', 'pending', NULL"} {
		_, err := db.Exec("INSERT INTO sync_outbox (entity, local_id, op, status, lease_until, changed_at, next_attempt_at) VALUES ('contacts', " + row + ", '2025-01-22', '2025-01-22')")
		require.NoError(t, err)
	}
	ids := []string{"1", "2", "3", "4", "5", "6", "7"}
	for i := range 600 { // more than a statement takes
		ids = append(ids, fmt.Sprint(i+1000))
	}
	got, err := queue.StandingOf(context.Background(), db, "contacts", ids)
	require.NoError(t, err)
	require.Equal(t, map[string]queue.Standing{"1": {Waits: true}, "2": {Waits: true}, "3": {Waits: true, RefusedDelete: true}, "4": {}, "6": {Waits: true}}, got)
	other, err := queue.StandingOf(context.Background(), db, "leads", ids)
	require.NoError(t, err)
	require.Empty(t, other)
}
