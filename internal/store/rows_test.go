package store_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/store"
)

// A new row whose own id the server makes up is found again by Odoo's id, and
// refused where there is none.
func TestRowsWithATextForAnID(t *testing.T) {
	db := dbtest.New(t)
	ctx := context.Background()
	_, err := db.Exec("CREATE TABLE things (no VARCHAR(36) NOT NULL DEFAULT (UUID()) PRIMARY KEY, odoo_id BIGINT NULL UNIQUE, name TEXT) ENGINE=InnoDB")
	require.NoError(t, err)
	things := store.Table{Name: "things", ID: "no", OdooID: "odoo_id", Columns: []string{"name"}}
	tx, err := db.Begin()
	require.NoError(t, err)
	defer func() { _ = tx.Rollback() }()
	ids, err := store.InsertRows(ctx, tx, things, []string{"name"}, []store.NewRow{{OdooID: 7, Values: map[string]any{"name": "a"}}, {OdooID: 8, Values: map[string]any{"name": "b"}}})
	require.NoError(t, err)
	rows, err := store.LockRows(ctx, tx, things, ids)
	require.NoError(t, err)
	require.Equal(t, []int64{7, 8}, []int64{rows[ids[0]].OdooID, rows[ids[1]].OdooID})
	_, err = store.InsertRows(ctx, tx, things, []string{"name"}, []store.NewRow{{Values: map[string]any{"name": "c"}}})
	require.ErrorContains(t, err, "a new row of things was made without Odoo's id and cannot be found again, because its own id no does not increment")
}
