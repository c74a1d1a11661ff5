package store

import (
	"context"
	"database/sql"
	"strings"
)

// Queryer is what reading needs: *sql.DB, *sql.Conn and *sql.Tx have it.
type Queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Execer is what writing needs: *sql.DB, *sql.Conn and *sql.Tx have it.
type Execer interface {
	Queryer
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// maxPlaceholders stays under the server's 65,535 a statement.
const maxPlaceholders = 60000

// quote makes an identifier safe. Names come from the mapping, whose columns
// were found in the live table, but a name may still hold a backtick.
func quote(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = quote(n)
	}
	return strings.Join(quoted, ", ")
}

// marks returns n placeholders: "?, ?, ?".
func marks(n int) string {
	if n == 0 {
		return "NULL" // IN (NULL) matches nothing, as an empty list should
	}
	return strings.Repeat("?, ", n-1) + "?"
}

// anys turns a list into query arguments.
func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// insertRows writes rows in as few statements as placeholders allow. suffix
// may hold an ON DUPLICATE KEY clause.
func insertRows(ctx context.Context, tx Execer, table string, columns []string, rows [][]any, suffix string) error {
	if len(columns) == 0 {
		return nil
	}
	perStatement := max(1, maxPlaceholders/len(columns))
	head := "INSERT INTO " + quote(table) + " (" + quoteAll(columns) + ") VALUES "
	group := "(" + marks(len(columns)) + ")"
	for len(rows) > 0 {
		n := min(len(rows), perStatement)
		args := make([]any, 0, n*len(columns))
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		query := head + strings.Repeat(group+", ", n-1) + group + suffix
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// texts reads the first column of a query's rows.
func texts(ctx context.Context, q Queryer, query string, args []any) ([]string, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, rows.Err()
}

// scanMaps reads every row into a map by column name, with the driver's own
// types ([]byte, int64, time.Time, nil).
func scanMaps(rows *sql.Rows) ([]map[string]any, error) {
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out []map[string]any
	for rows.Next() {
		cells := make([]any, len(columns))
		targets := make([]any, len(columns))
		for i := range cells {
			targets[i] = &cells[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		m := make(map[string]any, len(columns))
		for i, c := range columns {
			m[c] = cells[i]
		}
		out = append(out, m)
	}
	return out, rows.Err()
}
