package store

import (
	"context"
	"database/sql"
	"time"
)

// LinkCount is how many records of an entity stand in a state.
type LinkCount struct {
	Entity string
	State  State
	N      int64
	Last   time.Time // the latest sync among them, UTC; zero for never
}

// LinkCounts counts the links by entity and state.
func LinkCounts(ctx context.Context, q Queryer) ([]LinkCount, error) {
	rows, err := q.QueryContext(ctx, "SELECT entity, state, COUNT(*), MAX(synced_at) FROM sync_links GROUP BY entity, state ORDER BY entity, state")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []LinkCount
	for rows.Next() {
		var c LinkCount
		var last sql.NullTime
		if err := rows.Scan(&c.Entity, &c.State, &c.N, &last); err != nil {
			return nil, err
		}
		c.Last = last.Time
		out = append(out, c)
	}
	return out, rows.Err()
}

// Trouble is a record that needs a person, and why.
type Trouble struct {
	Entity  string
	LocalID string // "" without a row
	OdooID  int64
	State   State
	Reason  string
}

// Troubles returns up to limit records that are refused or in conflict.
func Troubles(ctx context.Context, q Queryer, limit int) ([]Trouble, error) {
	rows, err := q.QueryContext(ctx, "SELECT entity, COALESCE(local_id, ''), COALESCE(odoo_id, 0), state, COALESCE(error, '') FROM sync_links"+
		" WHERE state IN ('error', 'conflict') ORDER BY id DESC LIMIT ?", limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Trouble
	for rows.Next() {
		var t Trouble
		if err := rows.Scan(&t.Entity, &t.LocalID, &t.OdooID, &t.State, &t.Reason); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// OpenConflictsByEntity counts the conflicts that wait for a person, by entity.
func OpenConflictsByEntity(ctx context.Context, q Queryer) (map[string]int64, error) {
	rows, err := q.QueryContext(ctx, "SELECT entity, COUNT(*) FROM sync_conflicts WHERE state = 'open' GROUP BY entity")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var entity string
		var n int64
		if err := rows.Scan(&entity, &n); err != nil {
			return nil, err
		}
		out[entity] = n
	}
	return out, rows.Err()
}

// OpenConflicts counts the conflicts that wait for a person.
func OpenConflicts(ctx context.Context, q Queryer) (n int64, err error) {
	rows, err := q.QueryContext(ctx, "SELECT COUNT(*) FROM sync_conflicts WHERE state = 'open'")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, err
		}
	}
	return n, rows.Err()
}
