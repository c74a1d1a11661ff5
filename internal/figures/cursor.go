package figures

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"
)

// cursorName is where a Rollup notes in sync_cursors how far it is.
const cursorName = "figures"

// cursor is how far it is.
type cursor struct {
	At   time.Time `json:"at"`   // what changed before was counted
	Down time.Time `json:"down"` // of the first Rollup: hours from here on were; zero once all were
}

func loadCursor(ctx context.Context, q Queryer) (cursor, error) {
	var c cursor
	rows, err := q.QueryContext(ctx, "SELECT value FROM sync_cursors WHERE name = ?", cursorName)
	if err != nil {
		return c, err
	}
	defer rows.Close()
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return c, err
		}
		if err := json.Unmarshal(text, &c); err != nil {
			return c, err
		}
	}
	return c, rows.Err()
}

func saveCursor(ctx context.Context, db Database, c cursor) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return db.InTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO sync_cursors (name, value, updated_at) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE value = VALUES(value), updated_at = VALUES(updated_at)", cursorName, string(text), c.At)
		return err
	})
}

func hourOf(t time.Time) time.Time { return t.UTC().Truncate(time.Hour) }

// times reads a column of times.
func times(ctx context.Context, q Queryer, query string, args ...any) ([]time.Time, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []time.Time
	for rows.Next() {
		var t time.Time
		if err := rows.Scan(&t); err != nil {
			return nil, err
		}
		out = append(out, t.UTC())
	}
	return out, rows.Err()
}
