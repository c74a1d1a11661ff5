package store

import (
	"context"
	"encoding/json"
	"time"
)

// What daemons have to remember between two runs stands in sync_cursors, a JSON
// value under a name: places (import:, poll:, swept:, deep: and names: before a
// model or an area, polled), what a person asked for (paused, sweep:wanted,
// deletes: and accepted:), halts (halt:), which database was synced
// (odoo:database), and how far webhooks were counted and erased (figures, redacted).

// LoadCursor reads a saved place into value, and leaves it alone when none was
// saved.
func LoadCursor(ctx context.Context, q Queryer, name string, value any) error {
	rows, err := q.QueryContext(ctx, "SELECT value FROM sync_cursors WHERE name = ?", name)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return err
		}
		if err := json.Unmarshal(text, value); err != nil {
			return err
		}
	}
	return rows.Err()
}

// SaveCursor saves a place.
func SaveCursor(ctx context.Context, tx Execer, now time.Time, name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return insertRows(ctx, tx, "sync_cursors", []string{"name", "value", "updated_at"}, [][]any{{name, string(text), now.UTC()}},
		" ON DUPLICATE KEY UPDATE value = VALUES(value), updated_at = VALUES(updated_at)")
}

// CursorsUnder returns the values of all places whose names begin so, by name.
func CursorsUnder(ctx context.Context, q Queryer, prefix string) ([]json.RawMessage, error) {
	found, err := texts(ctx, q, "SELECT value FROM sync_cursors WHERE name LIKE ? ORDER BY name", []any{prefix + "%"})
	out := make([]json.RawMessage, len(found))
	for i, text := range found {
		out[i] = json.RawMessage(text)
	}
	return out, err
}
