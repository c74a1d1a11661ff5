package store

import (
	"context"
	"encoding/json"
	"time"
)

// Change is an applied change as a person is shown it. Times are UTC.
type Change struct {
	ID      int64           `json:"id"`
	At      time.Time       `json:"at"`
	Entity  string          `json:"entity"`
	LocalID string          `json:"local_id,omitempty"`
	OdooID  int64           `json:"odoo_id,omitempty"`
	Side    string          `json:"side"`    // odoo or local: the side that was changed
	Op      string          `json:"op"`      // create, update, delete, revive, link, adopt
	Changes json.RawMessage `json:"changes"` // {"field": [old, new]}
}

// ChangesOf returns the changes that a cause made, the first first, up to limit.
func ChangesOf(ctx context.Context, q Queryer, kind, id string, limit int) ([]Change, error) {
	rows, err := q.QueryContext(ctx, "SELECT id, at, entity, COALESCE(local_id, ''), COALESCE(odoo_id, 0), side, op, COALESCE(changes, '{}') FROM sync_changes"+
		" WHERE cause_kind = ? AND cause_id = ? ORDER BY id LIMIT ?", kind, id, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Change
	for rows.Next() {
		var c Change
		var changes []byte
		if err := rows.Scan(&c.ID, &c.At, &c.Entity, &c.LocalID, &c.OdooID, &c.Side, &c.Op, &changes); err != nil {
			return nil, err
		}
		c.At, c.Changes = c.At.UTC(), changes
		out = append(out, c)
	}
	return out, rows.Err()
}
