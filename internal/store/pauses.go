package store

import (
	"context"
	"fmt"
	"time"
)

// pausedName keeps what a person has paused.
const pausedName = "paused"

// Paused says which directions a person has paused.
type Paused struct {
	ToAPI  bool      `json:"to_api"`  // webhooks, import, poll and sweep
	ToOdoo bool      `json:"to_odoo"` // the push
	By     string    `json:"by,omitempty"`
	Since  time.Time `json:"since,omitzero"`
}

// Any tells whether anything is paused.
func (p Paused) Any() bool { return p.ToAPI || p.ToOdoo }

// String says what is paused and since when, for a person; "" for nothing.
func (p Paused) String() string {
	what := "both directions are"
	switch {
	case !p.Any():
		return ""
	case !p.ToOdoo:
		what = "Odoo → MySQL is"
	case !p.ToAPI:
		what = "MySQL → Odoo is"
	}
	return fmt.Sprintf("%s paused since %s UTC by %s; POST /admin/api/resume ends that", what, p.Since.Format(time.DateTime), p.By)
}

// ReadPaused tells what is paused.
func ReadPaused(ctx context.Context, q Queryer) (Paused, error) {
	var p Paused
	err := LoadCursor(ctx, q, pausedName, &p)
	return p, err
}

// SetPaused keeps what is paused from now on.
func SetPaused(ctx context.Context, tx Execer, now time.Time, p Paused) error {
	return SaveCursor(ctx, tx, now, pausedName, p)
}

// ChangePaused changes what is paused, in a transaction, and returns what is
// now. Of two that change it at once neither is lost.
func ChangePaused(ctx context.Context, tx Execer, now time.Time, by string, change func(*Paused)) (Paused, error) {
	err := insertRows(ctx, tx, "sync_cursors", []string{"name", "value", "updated_at"}, [][]any{{pausedName, "{}", now.UTC()}}, " ON DUPLICATE KEY UPDATE name = name")
	if err != nil { // it locks the row, whether it was there or not
		return Paused{}, err
	}
	before, err := ReadPaused(ctx, tx)
	if err != nil {
		return before, err
	}
	after := before
	change(&after)
	switch {
	case !after.Any():
		after = Paused{}
	case after != before:
		after.By, after.Since = by, now.UTC()
	}
	return after, SetPaused(ctx, tx, now, after)
}
