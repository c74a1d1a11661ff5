package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/store"
)

func TestALeaseHasOneHolder(t *testing.T) {
	ctx, db := context.Background(), dbtest.New(t)
	ask := func(owner string, ttl time.Duration) bool {
		has, err := store.Lease(ctx, db, "push", owner, ttl)
		require.NoError(t, err)
		return has
	}
	fence := func() (n int) {
		require.NoError(t, db.QueryRow("SELECT fence FROM sync_leases WHERE name = 'push'").Scan(&n))
		return n
	}
	require.True(t, ask("a", time.Hour))
	require.False(t, ask("b", time.Hour), "a holds it")
	require.True(t, ask("a", time.Hour), "and prolongs it")
	require.Equal(t, 1, fence())
	require.NoError(t, store.EndLease(ctx, db, "push", "b"))
	require.False(t, ask("b", time.Hour), "who does not hold it cannot end it")
	require.NoError(t, store.EndLease(ctx, db, "push", "a"))
	require.True(t, ask("b", time.Hour))
	require.Equal(t, 2, fence())
	require.True(t, ask("b", -time.Second), "a dead holder's time runs out")
	require.True(t, ask("a", time.Hour))
	require.False(t, ask("b", time.Hour))
}
