package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/store"
)

var (
	hashedTable = store.Table{Name: "things", ID: "id", OdooID: "odoo_id", Columns: []string{"a", "b", "n", "at", "list", "kind"}}
	hashedLines = store.Table{Name: "thing_lines", ID: "id", OdooID: "odoo_id", Parent: "thing_id", Position: "position", Columns: []string{"name"}}
)

func hashBench(t *testing.T) (context.Context, *mysqldb.DB, store.Hasher) {
	t.Helper()
	ctx, db := context.Background(), dbtest.New(t)
	for _, s := range []string{
		"CREATE TABLE things (id BIGINT AUTO_INCREMENT PRIMARY KEY, odoo_id BIGINT NULL, a VARCHAR(100) CHARACTER SET latin1 NULL, b VARCHAR(100) CHARACTER SET utf8mb4 NULL, n DECIMAL(16,2) NULL, at DATETIME(3) NULL, list JSON NULL, kind ENUM('x', 'y') NULL) ENGINE=InnoDB",
		"CREATE TABLE thing_lines (id BIGINT AUTO_INCREMENT PRIMARY KEY, odoo_id BIGINT NULL, thing_id BIGINT NOT NULL, position INT NOT NULL, name LONGTEXT CHARACTER SET utf8mb4 NULL, INDEX (thing_id)) ENGINE=InnoDB",
	} {
		_, err := db.Exec(s)
		require.NoError(t, err)
	}
	return ctx, db, store.NewHasher("1", hashedTable, []store.Table{hashedLines})
}

// link gives each row a link.
func link(t *testing.T, db *mysqldb.DB) {
	t.Helper()
	_, err := db.Exec("INSERT INTO sync_links (entity, local_id, odoo_id, uuid, state) SELECT 'things', id, id, UUID(), 'synced' FROM things")
	require.NoError(t, err)
}

func unsettled(t *testing.T, db *mysqldb.DB, h store.Hasher) []store.Unsettled {
	t.Helper()
	last, _, err := h.Page(context.Background(), db, "", 1000)
	require.NoError(t, err)
	out, err := h.Unsettled(context.Background(), db, "things", "", last)
	require.NoError(t, err)
	return out
}

func hashes(found []store.Unsettled) []store.LinkHash {
	out := make([]store.LinkHash, len(found))
	for i, u := range found {
		out[i] = store.LinkHash{LinkID: u.LinkID, Was: u.Was, Hash: u.Hash}
	}
	return out
}

// No two of these rows may look the same, and each must look the same again.
func TestRowsThatDifferHaveOtherHashes(t *testing.T) {
	ctx, db, h := hashBench(t)
	rows := []string{
		"NULL, NULL, NULL, NULL, NULL, NULL, NULL", "NULL, '', NULL, NULL, NULL, NULL, NULL", "NULL, NULL, '', NULL, NULL, NULL, NULL", "1, NULL, NULL, NULL, NULL, NULL, NULL",
		"NULL, 'a', 'b', NULL, NULL, NULL, NULL", "NULL, 'ab', '', NULL, NULL, NULL, NULL", "NULL, '', 'ab', NULL, NULL, NULL, NULL", "NULL, 'a1:b', NULL, NULL, NULL, NULL, NULL", "NULL, 'a', '-', NULL, NULL, NULL, NULL",
		"NULL, 'A', 'b', NULL, NULL, NULL, NULL", "NULL, 'a ', 'b', NULL, NULL, NULL, NULL", "NULL, 'é', 'b', NULL, NULL, NULL, NULL", "NULL, 'a', 'É', NULL, NULL, NULL, NULL", "NULL, 'a', 'é', NULL, NULL, NULL, NULL", "NULL, 'a', 'e', NULL, NULL, NULL, NULL",
		"NULL, NULL, NULL, 0, NULL, NULL, NULL", "NULL, NULL, NULL, 0.01, NULL, NULL, NULL", "NULL, NULL, NULL, -0.01, NULL, NULL, NULL",
		"NULL, NULL, NULL, NULL, '2025-01-22 10:00:00', NULL, NULL", "NULL, NULL, NULL, NULL, '2025-01-22 10:00:00.001', NULL, NULL",
		"NULL, NULL, NULL, NULL, NULL, '[]', NULL", "NULL, NULL, NULL, NULL, NULL, 'null', NULL", `NULL, NULL, NULL, NULL, NULL, '["é"]', NULL`, `NULL, NULL, NULL, NULL, NULL, '["É"]', NULL`, "NULL, NULL, NULL, NULL, NULL, NULL, 'x'",
	}
	for _, row := range rows {
		_, err := db.Exec("INSERT INTO things (odoo_id, a, b, n, at, list, kind) VALUES (" + row + ")")
		require.NoError(t, err, row)
	}
	// All under one id, as the id is hashed too.
	seen := map[string]string{}
	for i, row := range rows {
		_, err := db.Exec("CREATE TABLE one LIKE things")
		require.NoError(t, err)
		_, err = db.Exec("INSERT INTO one SELECT 7, odoo_id, a, b, n, at, list, kind FROM things WHERE id = ?", i+1)
		require.NoError(t, err)
		table := hashedTable
		table.Name = "one"
		found := unsettled(t, db, store.NewHasher("1", table, nil))
		require.Len(t, found, 1)
		require.Len(t, found[0].Hash, 16)
		require.Empty(t, seen[string(found[0].Hash)], "%s looks like it", row)
		seen[string(found[0].Hash)] = row
		_, err = db.Exec("DROP TABLE one")
		require.NoError(t, err)
	}
	link(t, db)
	require.NoError(t, store.SaveHashes(ctx, db, hashes(unsettled(t, db, h))))
	require.Empty(t, unsettled(t, db, h))
	require.Len(t, unsettled(t, db, store.NewHasher("2", hashedTable, []store.Table{hashedLines})), len(rows), "another layout")
	fewer := hashedTable
	fewer.Columns = fewer.Columns[1:]
	require.Len(t, unsettled(t, db, store.NewHasher("1", fewer, []store.Table{hashedLines})), len(rows), "other columns")
	require.Len(t, unsettled(t, db, store.NewHasher("1", hashedTable, nil)), len(rows), "no lines")
}

func TestWhatHappensToLinesShowsInTheHash(t *testing.T) {
	ctx, db, h := hashBench(t)
	exec := func(query string) {
		t.Helper()
		_, err := db.Exec(query)
		require.NoError(t, err, query)
	}
	exec("INSERT INTO things (a) VALUES ('one'), ('two'), ('none')")
	// More text than group_concat_max_len.
	exec("INSERT INTO thing_lines (id, thing_id, position, name) VALUES (1, 1, 0, REPEAT('é', 600000)), (2, 1, 1, REPEAT('é', 600000)), (3, 1, 2, NULL), (4, 2, 0, 'x'), (5, 2, 1, 'x')")
	link(t, db)
	for _, edit := range []string{
		"UPDATE things SET a = 'uno' WHERE id = 1", "UPDATE thing_lines SET name = CONCAT(name, 'e') WHERE id = 2", "UPDATE thing_lines SET name = '' WHERE id = 3", "UPDATE thing_lines SET odoo_id = 9 WHERE id = 1",
		"UPDATE thing_lines SET position = 1 - position WHERE id IN (1, 2)", "UPDATE thing_lines SET thing_id = 3 WHERE id = 3", "DELETE FROM thing_lines WHERE id = 2",
		"INSERT INTO thing_lines (id, thing_id, position, name) VALUES (6, 1, 0, 'y'), (7, 1, 0, 'y')", "UPDATE thing_lines SET id = 8 WHERE id = 7",
	} {
		require.NoError(t, store.SaveHashes(ctx, db, hashes(unsettled(t, db, h))))
		require.Empty(t, unsettled(t, db, h))
		exec(edit)
		found := unsettled(t, db, h)
		require.NotEmpty(t, found, edit)
		require.Equal(t, "1", found[0].ID, edit)
		require.NotEqual(t, found[0].Was, found[0].Hash)
	}
}

func TestPagesAndLinksOfRows(t *testing.T) {
	ctx, db, h := hashBench(t)
	for i := range 25 {
		_, err := db.Exec("INSERT INTO things (id, a) VALUES (?, ?)", i+1, fmt.Sprint(i))
		require.NoError(t, err)
	}
	link(t, db)
	_, err := db.Exec("DELETE FROM sync_links WHERE local_id = '9'")
	require.NoError(t, err)
	var ids []string
	for after := ""; ; {
		last, n, err := h.Page(ctx, db, after, 10)
		require.NoError(t, err)
		if n == 0 {
			break
		}
		found, err := h.Unsettled(ctx, db, "things", after, last)
		require.NoError(t, err)
		require.Len(t, found, int(n))
		for _, u := range found {
			ids = append(ids, u.ID)
			require.Equal(t, u.ID == "9", u.LinkID == 0)
		}
		after = last
	}
	require.Equal(t, "25", ids[24], "in the order of numbers")
	require.Len(t, ids, 25)
}

// A link that was written since the row was read keeps what it says.
func TestAHashIsNotedOnTheLinkThatWasRead(t *testing.T) {
	ctx, db, h := hashBench(t)
	_, err := db.Exec("INSERT INTO things (a) VALUES ('one'), ('two'), ('three')")
	require.NoError(t, err)
	link(t, db)
	found := hashes(unsettled(t, db, h))
	_, err = db.Exec("UPDATE sync_links SET version = 1 WHERE local_id = '1'")
	require.NoError(t, err)
	_, err = db.Exec("UPDATE sync_links SET row_hash = UNHEX(REPEAT('ab', 16)) WHERE local_id = '2'")
	require.NoError(t, err)
	require.NoError(t, store.SaveHashes(ctx, db, found))
	left := unsettled(t, db, h)
	require.Len(t, left, 2)
	var version int64
	require.NoError(t, db.QueryRow("SELECT SUM(version) FROM sync_links").Scan(&version))
	require.EqualValues(t, 1, version)
	require.NotEqual(t, left[0].Hash, store.Differing(left[0].Hash))
	require.Equal(t, left[0].Hash, store.Differing(store.Differing(left[0].Hash)))
}

// The server must come to each link by its key, and to the page by the table's.
func TestALinkIsLookedUpByItsKey(t *testing.T) {
	ctx, db, h := hashBench(t)
	_, err := db.Exec("INSERT INTO things (a) VALUES ('one'), ('two')")
	require.NoError(t, err)
	for range 10 {
		_, err = db.Exec("INSERT INTO things (a) SELECT a FROM things")
		require.NoError(t, err)
	}
	link(t, db)
	_, err = db.Exec("INSERT INTO thing_lines (thing_id, position) SELECT id, 0 FROM things")
	require.NoError(t, err)
	_, err = db.Exec("ANALYZE TABLE things, thing_lines, sync_links")
	require.NoError(t, err)
	// Two ways to tell the same, by the server.
	plan := explain(t, ctx, db, store.UnsettledQuery(h), "things", "1500", "500")
	for _, want := range []string{`\|l\|.*\|uq_links_local\||index lookup on l using uq_links_local`, `\|t\|.*\|PRIMARY\||range scan on t using PRIMARY`, `\|c\|.*\|thing_id\||index lookup on c using thing_id`} {
		require.Regexp(t, "(?i)"+want, plan)
	}
}

// explain is the server's plan of a query, a line a row, cells between bars.
func explain(t *testing.T, ctx context.Context, db *mysqldb.DB, query string, args ...any) string {
	t.Helper()
	rows, err := db.QueryContext(ctx, "EXPLAIN "+query, args...)
	require.NoError(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	out := ""
	for rows.Next() {
		cells, targets := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range cells {
			targets[i] = &cells[i]
		}
		require.NoError(t, rows.Scan(targets...))
		for _, c := range cells {
			out += "|" + c.String
		}
		out += "|\n"
	}
	require.NoError(t, rows.Err())
	return out
}
