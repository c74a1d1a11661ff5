package main

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

// keep stores a contact's link and conflicts, as a sync that found them does.
func keep(t *testing.T, db *mysqldb.DB, conflicts ...record.Conflict) {
	t.Helper()
	base := record.Base{Fields: record.Pairs{}}
	for _, c := range conflicts {
		base.Fields[c.Field] = c.Base
	}
	require.NoError(t, store.InsertLinks(context.Background(), db, time.Now(), []*store.Link{{Entity: "contacts", LocalID: "3", OdooID: 12, Base: base, State: store.InConflict}}))
	require.NoError(t, store.KeepConflicts(context.Background(), db, time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC), "contacts", "3", 12, conflicts))
}

func asked(field, base, odoo, local string) record.Conflict {
	return record.Conflict{Field: field, Base: record.Same(record.Text(base)), Odoo: record.Text(odoo), Local: record.Text(local), Policy: "ask"}
}

func TestConflictsOnTheCommandLine(t *testing.T) {
	dsn := dbtest.DSN(t)
	db := dbtest.Open(t, dsn)
	environ := []string{"ODOOSYNC_DATABASE_DSN=" + dsn, "ODOOSYNC_ODOO_URL=http://127.0.0.1:1", "ODOOSYNC_ODOO_DATABASE=d", "ODOOSYNC_ODOO_LOGIN=l", "ODOOSYNC_ODOO_API_KEY=k"}
	t.Chdir(t.TempDir())
	do := func(code int, args ...string) string {
		t.Helper()
		out, err := run(t, environ, args...)
		require.Equal(t, code, exitCode(err), "%v", err)
		if err != nil {
			out += sentence(err)
		}
		return out
	}
	require.Equal(t, "No open conflicts.\n", do(exitDone, "conflicts", "list"))
	require.Equal(t, "[]\n", do(exitDone, "conflicts", "list", "--json"))
	keep(t, db, asked("city", "Vannes", "Nantes", "Brest"), asked("phone", "01", "02", "03"), asked("street", "a", "b", "line 1\nline 2, which is much longer than a table has room for"))

	list := do(exitDone, "conflicts", "list")
	require.Contains(t, list, "ID  ENTITY    ROW  ODOO ID  FIELD   AGREED BEFORE  IN ODOO  HERE")
	require.Contains(t, list, "1   contacts  3    12       city    Vannes         Nantes   Brest                                     changed on both sides\n")
	require.Contains(t, list, "line 1 line 2, which is much longer tha…")
	require.Contains(t, list, "odoosync conflicts resolve 3 --take odoo")
	require.Contains(t, do(exitDone, "conflicts", "list", "--limit", "1"), "There are more: go on with --before 3")
	require.Equal(t, "No open conflicts.\n", do(exitDone, "conflicts", "list", "--entity", "leads"))
	var whole []store.KeptConflict
	require.NoError(t, json.Unmarshal([]byte(do(exitDone, "conflicts", "list", "--json", "--before", "2")), &whole))
	require.Len(t, whole, 1)
	require.Equal(t, []any{"city", "Vannes", "Nantes", "Brest", true}, []any{whole[0].Field, whole[0].Base.Local.Text(), whole[0].Odoo.Text(), whole[0].Local.Text(), whole[0].Open})

	require.Contains(t, do(exitDone, "conflicts", "resolve", "1", "--take", "odoo"), "Conflict 1 (contacts, row 3, Odoo id 12, city): Odoo's side is taken.\nThe daemon brings both sides to it with its next push.")
	require.Contains(t, do(exitDone, "conflicts", "resolve", "1", "--take", "odoo"), "is taken", "again")
	require.Contains(t, do(exitFailed, "conflicts", "resolve", "1", "--take", "local"), "was resolved already: odoo was taken (command line)")
	require.Contains(t, do(exitDone, "conflicts", "resolve", "2", "--take", "phone=local,street=odoo"), "the sides you named are taken")
	require.Equal(t, "No open conflicts.\n", do(exitDone, "conflicts", "list"))
	require.Contains(t, do(exitDone, "conflicts", "list", "--all"), "local taken by command line")
	var edits int
	require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM sync_outbox WHERE entity = 'contacts' AND local_id = '3' AND op = 'update' AND status = 'pending'").Scan(&edits))
	require.Equal(t, 1, edits, "the push is asked for")

	for _, tt := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"no such conflict", []string{"resolve", "99", "--take", "odoo"}, exitFailed, "there is no conflict 99"},
		{"no id", []string{"resolve", "--take", "odoo"}, exitUsage, "name one conflict by its id"},
		{"a word for an id", []string{"resolve", "first", "--take", "odoo"}, exitUsage, `"first" is no conflict's id`},
		{"no side", []string{"resolve", "1"}, exitUsage, "take odoo or local"},
		{"another side", []string{"resolve", "1", "--take", "mine"}, exitUsage, `--take: "mine" is no side`},
		{"a field without a conflict", []string{"resolve", "1", "--take", "email=odoo"}, exitFailed, "contacts 3 has no conflict about email"},
		{"a limit of nothing", []string{"list", "--limit", "0"}, exitUsage, "above 0"},
		{"a mistyped command", []string{"lst"}, exitUsage, "did you mean list?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Contains(t, do(tt.code, append([]string{"conflicts"}, tt.args...)...), tt.says)
		})
	}
}
