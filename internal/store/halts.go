package store

import (
	"context"
	"encoding/json"
	"time"
)

// haltPrefix begins the names of the places that keep halts.
const haltPrefix = "halt:"

// Halt stops everything that would be done with a model's records until a
// person has accepted what Odoo shows now.
type Halt struct {
	Model  string    `json:"model"`
	Kind   string    `json:"kind"`           // other_database, older_copy, empty, hidden, company
	Reason string    `json:"reason"`         // a sentence that says what to do
	Wide   bool      `json:"wide,omitempty"` // of all models: it takes the place of a reason that is of one
	Of     string    `json:"of,omitempty"`   // what was seen: another database's uuid
	Since  time.Time `json:"since"`
}

// SetHalts halts models, all or none. One that is halted already keeps its first
// reason, unless that is narrower.
func SetHalts(ctx context.Context, tx Execer, now time.Time, halts ...Halt) error {
	rows := make([][]any, len(halts))
	for i, h := range halts {
		h.Since = now.UTC()
		text, err := json.Marshal(h)
		if err != nil {
			return err
		}
		rows[i] = []any{haltPrefix + h.Model, string(text), now.UTC()}
	}
	return insertRows(ctx, tx, "sync_cursors", []string{"name", "value", "updated_at"}, rows,
		" ON DUPLICATE KEY UPDATE value = IF(JSON_UNQUOTE(JSON_EXTRACT(VALUES(value), '$.wide')) = 'true' AND COALESCE(JSON_UNQUOTE(JSON_EXTRACT(value, '$.wide')), '') <> 'true', VALUES(value), value)")
}

// EndHalt lets a model's records be worked again.
func EndHalt(ctx context.Context, tx Execer, model string) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM sync_cursors WHERE name = ?", haltPrefix+model)
	return err
}

// HaltOf returns a model's halt, nil for none.
func HaltOf(ctx context.Context, q Queryer, model string) (*Halt, error) {
	var h Halt
	if err := LoadCursor(ctx, q, haltPrefix+model, &h); err != nil || h.Model == "" {
		return nil, err
	}
	return &h, nil
}

// Halts returns all halts, by model.
func Halts(ctx context.Context, q Queryer) ([]Halt, error) {
	found, err := CursorsUnder(ctx, q, haltPrefix)
	if err != nil {
		return nil, err
	}
	out := make([]Halt, len(found))
	for i, text := range found {
		if err := json.Unmarshal(text, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
