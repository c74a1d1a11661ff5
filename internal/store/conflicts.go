package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"odoosync/internal/record"
)

// KeptConflict is a row of sync_conflicts: two values of which one had to give
// way, or has to once a person has decided.
type KeptConflict struct {
	ID      int64  `json:"id"`
	Entity  string `json:"entity"`
	LocalID string `json:"local_id,omitempty"`
	OdooID  int64  `json:"odoo_id,omitempty"`
	Field   string `json:"field"` // a line's is "order_line[odoo:12].name"
	Base    Kept   `json:"base"`
	Kept
	Policy     string      `json:"policy"`
	Open       bool        `json:"open"`
	Winner     record.Side `json:"winner,omitempty"`
	ResolvedBy string      `json:"resolved_by,omitempty"`
	CreatedAt  time.Time   `json:"created_at"`
	UpdatedAt  time.Time   `json:"updated_at"`
	ResolvedAt *time.Time  `json:"resolved_at,omitempty"`
}

// Kept are the two sides' values of a field.
type Kept struct {
	Odoo  record.Value `json:"odoo"`
	Local record.Value `json:"local"`
}

// Why says in a few words what the conflict is about.
func (c KeptConflict) Why() string {
	switch c.Policy {
	case "deleted":
		if c.Local.IsNull() {
			return "deleted here, edited in Odoo"
		}
		return "deleted in Odoo, edited here"
	case "expected":
		return "Odoo computes another value"
	case "direction":
		return "may not change on that side"
	}
	return "changed on both sides"
}

// Conflict is the conflict as the merge told it.
func (c KeptConflict) Conflict() record.Conflict {
	return record.Conflict{Field: c.Field, Base: record.Pair{Odoo: c.Base.Odoo, Local: c.Base.Local}, Odoo: c.Odoo, Local: c.Local, Policy: c.Policy, Winner: c.Winner}
}

// ErrNoConflict: there is no such conflict.
var ErrNoConflict = errors.New("no such conflict")

// ErrDecided: the conflict was resolved, and not as is wanted now.
var ErrDecided = errors.New("the conflict is over")

// ConflictFilter chooses conflicts; the zero filter takes the latest ones,
// whatever their state.
type ConflictFilter struct {
	Entity string
	State  string // "open", "resolved", "" for both
	Before int64  // only those with a smaller id, to page on; 0 for the latest
	Limit  int    // 0: 100
}

// Conflicts returns conflicts, the latest first.
func Conflicts(ctx context.Context, q Queryer, f ConflictFilter) ([]KeptConflict, error) {
	var where []string
	var args []any
	add := func(term string, arg any) { where, args = append(where, term), append(args, arg) }
	if f.Entity != "" {
		add("entity = ?", f.Entity)
	}
	if f.State != "" {
		add("state = ?", f.State)
	}
	if f.Before > 0 {
		add("id < ?", f.Before)
	}
	if len(where) == 0 {
		where = []string{"TRUE"}
	}
	if f.Limit == 0 {
		f.Limit = 100
	}
	return selectConflicts(ctx, q, strings.Join(where, " AND ")+" ORDER BY id DESC LIMIT ?", append(args, f.Limit))
}

// ConflictByID returns one conflict, nil for none.
func ConflictByID(ctx context.Context, q Queryer, id int64) (*KeptConflict, error) {
	return firstConflict(ctx, q, "id = ?", id)
}

// LatestConflict returns the latest conflict about a field of a record, nil for
// none.
func LatestConflict(ctx context.Context, q Queryer, entity string, odooID int64, field string) (*KeptConflict, error) {
	return firstConflict(ctx, q, "entity = ? AND odoo_id = ? AND field = ? ORDER BY id DESC LIMIT 1", entity, odooID, field)
}

func firstConflict(ctx context.Context, q Queryer, where string, args ...any) (*KeptConflict, error) {
	found, err := selectConflicts(ctx, q, where, args)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// LockOpenConflicts returns a record's open conflicts, the oldest first, and
// locks them. Whoever writes conflicts of a record has locked its link before:
// so must the caller.
func LockOpenConflicts(ctx context.Context, tx *sql.Tx, entity string, odooID int64) ([]KeptConflict, error) {
	return selectConflicts(ctx, tx, "entity = ? AND odoo_id = ? AND state = 'open' ORDER BY id FOR UPDATE", []any{entity, odooID})
}

// OpenConflictsOf returns the open conflicts of these records, by Odoo's id.
func OpenConflictsOf(ctx context.Context, q Queryer, entity string, odooIDs []int64) (map[int64][]KeptConflict, error) {
	out := map[int64][]KeptConflict{}
	if len(odooIDs) == 0 {
		return out, nil
	}
	found, err := selectConflicts(ctx, q, "entity = ? AND odoo_id IN ("+marks(len(odooIDs))+") AND state = 'open' ORDER BY id", append([]any{entity}, anys(odooIDs)...))
	for _, c := range found {
		out[c.OdooID] = append(out[c.OdooID], c)
	}
	return out, err
}

// DecideConflicts ends open conflicts as somebody has decided.
func DecideConflicts(ctx context.Context, tx Execer, now time.Time, ids []int64, winner record.Side, by string) error {
	if len(ids) == 0 {
		return nil
	}
	args := append([]any{string(winner), by, now.UTC(), now.UTC()}, anys(ids)...)
	_, err := tx.ExecContext(ctx, "UPDATE sync_conflicts SET state = 'resolved', winner = ?, resolved_by = ?, resolved_at = ?, updated_at = ?"+
		" WHERE id IN ("+marks(len(ids))+") AND state = 'open'", args...)
	return err
}

func selectConflicts(ctx context.Context, q Queryer, where string, args []any) ([]KeptConflict, error) {
	rows, err := q.QueryContext(ctx, "SELECT id, entity, COALESCE(local_id, ''), COALESCE(odoo_id, 0), field, base_odoo, base_local, odoo_value, local_value,"+
		" policy, state = 'open', COALESCE(winner, ''), COALESCE(resolved_by, ''), created_at, updated_at, resolved_at FROM sync_conflicts WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []KeptConflict
	for rows.Next() {
		var c KeptConflict
		var values [4]sql.NullString
		err := rows.Scan(&c.ID, &c.Entity, &c.LocalID, &c.OdooID, &c.Field, &values[0], &values[1], &values[2], &values[3],
			&c.Policy, &c.Open, &c.Winner, &c.ResolvedBy, &c.CreatedAt, &c.UpdatedAt, &c.ResolvedAt)
		if err != nil {
			return nil, err
		}
		for i, into := range []*record.Value{&c.Base.Odoo, &c.Base.Local, &c.Odoo, &c.Local} {
			if values[i].Valid {
				*into = record.Text(values[i].String)
			}
		}
		out = append(out, c)
	}
	return out, rows.Err()
}
