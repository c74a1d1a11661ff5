package store

import (
	"context"
	"strings"
	"time"
)

// Wait is a record that references another one that has no row here yet.
type Wait struct {
	Entity     string
	OdooID     int64
	WantEntity string
	WantOdooID int64
}

// SetWaits ends what these records of an entity waited for and starts waits.
func SetWaits(ctx context.Context, tx Execer, now time.Time, entity string, odooIDs []int64, waits []Wait) error {
	if len(odooIDs) > 0 {
		_, err := tx.ExecContext(ctx, "DELETE FROM sync_waits WHERE entity = ? AND odoo_id IN ("+marks(len(odooIDs))+")",
			append([]any{entity}, anys(odooIDs)...)...)
		if err != nil {
			return err
		}
	}
	return AddWaits(ctx, tx, now, waits)
}

// AddWaits starts waits.
func AddWaits(ctx context.Context, tx Execer, now time.Time, waits []Wait) error {
	rows := make([][]any, len(waits))
	for i, w := range waits {
		rows[i] = []any{w.Entity, w.OdooID, w.WantEntity, w.WantOdooID, now.UTC()}
	}
	return insertRows(ctx, tx, "sync_waits", []string{"entity", "odoo_id", "want_entity", "want_odoo_id", "created_at"}, rows,
		" ON DUPLICATE KEY UPDATE created_at = created_at")
}

// PostponeWaits lets other waits go first until a time.
func PostponeWaits(ctx context.Context, tx Execer, until time.Time, waits []Wait) error {
	if len(waits) == 0 {
		return nil
	}
	args := []any{until.UTC()}
	for _, w := range waits {
		args = append(args, w.Entity, w.OdooID)
	}
	_, err := tx.ExecContext(ctx, "UPDATE sync_waits SET next_at = ? WHERE (entity, odoo_id) IN ((?, ?)"+strings.Repeat(", (?, ?)", len(waits)-1)+")", args...)
	return err
}

// ReadyWaits returns up to limit records whose awaited parent has a row now and
// that were not postponed beyond now.
func ReadyWaits(ctx context.Context, q Queryer, now time.Time, limit int) ([]Wait, error) {
	rows, err := q.QueryContext(ctx, "SELECT w.entity, w.odoo_id, w.want_entity, w.want_odoo_id FROM sync_waits w"+
		" JOIN sync_links l ON l.entity = w.want_entity AND l.odoo_id = w.want_odoo_id AND l.local_id IS NOT NULL"+
		" WHERE w.next_at IS NULL OR w.next_at <= ? ORDER BY w.next_at, w.entity, w.odoo_id LIMIT ?", now.UTC(), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Wait
	for rows.Next() {
		var w Wait
		if err := rows.Scan(&w.Entity, &w.OdooID, &w.WantEntity, &w.WantOdooID); err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, rows.Err()
}
