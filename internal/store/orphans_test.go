package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/store"
)

var contactsTable = store.Table{Name: "contacts", ID: "id", OdooID: "odoo_id"}

func TestRowsThatBelongToNoRecord(t *testing.T) {
	ctx, db := context.Background(), dbtest.New(t)
	for i, state := range []string{"linked", "never seen", "refused so far", "a tombstone's", "deleted here", "linked to a lead"} {
		_, err := db.Exec("INSERT INTO contacts (id, name, deleted_at) VALUES (?, ?, ?)", 8+i, state, map[bool]any{true: time.Now()}[state == "deleted here"])
		require.NoError(t, err)
	}
	for _, link := range []string{"'contacts', 8, 1, 'a', 'synced', NULL", "'contacts', 10, NULL, 'b', 'error', 'why'", "'contacts', 11, 3, 'c', 'deleted', NULL", "'leads', 13, 4, 'd', 'synced', NULL"} {
		_, err := db.Exec("INSERT INTO sync_links (entity, local_id, odoo_id, uuid, state, error) VALUES (" + link + ")")
		require.NoError(t, err)
	}
	all, err := store.OrphanRows(ctx, db, "contacts", contactsTable, "deleted_at", "", 10)
	require.NoError(t, err)
	require.Equal(t, []string{"9", "10", "13"}, all)
	rest, err := store.OrphanRows(ctx, db, "contacts", contactsTable, "deleted_at", "9", 1)
	require.NoError(t, err)
	require.Equal(t, []string{"10"}, rest, "in the order of numbers")
}

func TestARunFromItsBeginningToItsEnd(t *testing.T) {
	ctx, db, now := context.Background(), dbtest.New(t), time.Date(2025, 1, 22, 10, 0, 0, 0, time.UTC)
	none, err := store.LastRun(ctx, db, "resync", "", "full")
	require.NoError(t, err)
	require.Nil(t, none)
	r := &store.Run{Kind: "resync", Mode: "full", Cause: "test"}
	require.NoError(t, store.StartRun(ctx, db, now, r))
	r.Done, r.Total, r.Position, r.Counts = 5, 9, []byte(`{"at": 5}`), map[string]int64{"adopted": 2}
	require.NoError(t, store.SaveRun(ctx, db, now.Add(time.Second), r))
	done, err := store.LastDone(ctx, db, "resync", "contacts")
	require.NoError(t, err)
	require.True(t, done.IsZero(), "it still runs")
	got, err := store.LastRun(ctx, db, "resync", "", "full")
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(r.ID, " running 5 9 ", `{"at": 5}`, " ", now), fmt.Sprint(got.ID, " ", got.State, " ", got.Done, " ", got.Total, " ", string(got.Position), " ", got.Started))
	other, err := store.LastRun(ctx, db, "resync", "contacts", "full")
	require.NoError(t, err)
	require.Nil(t, other)
	r.State = store.RunDone
	require.NoError(t, store.SaveRun(ctx, db, now.Add(time.Minute), r))
	done, err = store.LastDone(ctx, db, "resync", "contacts")
	require.NoError(t, err)
	require.Equal(t, now, done, "a run over all is one over contacts too")
}
