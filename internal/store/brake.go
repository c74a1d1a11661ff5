package store

import (
	"context"
	"time"

	"odoosync/internal/record"
)

// RecentDeletes counts the deletes of an entity that were applied on a side
// since a time, archivings by a delete included.
func RecentDeletes(ctx context.Context, q Queryer, entity string, side record.Side, since time.Time) (int64, error) {
	return count(ctx, q, "SELECT COUNT(*) FROM sync_changes WHERE op = 'delete' AND entity = ? AND side = ? AND at >= ?", entity, string(side), since.UTC())
}

// LiveLinks counts an entity's rows that are records.
func LiveLinks(ctx context.Context, q Queryer, entity string) (int64, error) {
	return count(ctx, q, "SELECT COUNT(*) FROM sync_links WHERE entity = ? AND local_id IS NOT NULL AND odoo_id IS NOT NULL AND state <> 'deleted'", entity)
}

func count(ctx context.Context, q Queryer, query string, args ...any) (int64, error) {
	found, err := texts(ctx, q, query, args)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return cellInt(found[0]), nil
}

// LostRow is a link whose row is not there any more.
type LostRow struct {
	LinkID  int64
	LocalID string
}

// LostRows returns, behind a link's id and in that order, links whose row is
// gone although nobody noted its deletion: TRUNCATE and cascades fire no
// trigger. Deletions that wait for a person's choice are noted.
func LostRows(ctx context.Context, q Queryer, entity string, t Table, after int64, limit int) ([]LostRow, error) {
	rows, err := q.QueryContext(ctx, "SELECT l.id, l.local_id FROM sync_links l LEFT JOIN "+quote(t.Name)+" r ON r."+quote(t.ID)+" = l.local_id"+
		" WHERE l.entity = ? AND l.id > ? AND l.local_id IS NOT NULL AND l.odoo_id IS NOT NULL AND l.state <> 'deleted' AND l.intent IS NULL AND NOT (l.state = 'conflict' AND l.deleted_by <=> 'local') AND r."+quote(t.ID)+" IS NULL"+
		" ORDER BY l.id LIMIT ?", entity, after, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []LostRow
	for rows.Next() {
		var l LostRow
		if err := rows.Scan(&l.LinkID, &l.LocalID); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, rows.Err()
}
