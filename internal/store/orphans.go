package store

import "context"

// rowsOfNobody is the condition of rows that belong to no record of Odoo's: not
// linked to one, and not marked as deleted. The link is asked for by a value, and
// its key compared as it is stored, so that the server looks one up for each row
// it comes to: NOT EXISTS has it read all links for every page.
func rowsOfNobody(t Table, deleted string) string {
	where := "(SELECT l.odoo_id FROM sync_links l WHERE l.entity = ?" +
		" AND l.local_id = CONVERT(CAST(t." + quote(t.ID) + " AS CHAR) USING ascii) COLLATE ascii_bin) IS NULL"
	if deleted != "" {
		where += " AND t." + quote(deleted) + " IS NULL"
	}
	return where
}

// OrphanRows returns the ids of up to limit rows that belong to no record of
// Odoo's, in the order of their ids, from the one after `after` ("" for the
// first).
func OrphanRows(ctx context.Context, q Queryer, entity string, t Table, deleted, after string, limit int) ([]string, error) {
	where, args := rowsOfNobody(t, deleted), []any{entity}
	if after != "" {
		where, args = where+" AND t."+quote(t.ID)+" > ?", append(args, after)
	}
	return texts(ctx, q, "SELECT CAST(t."+quote(t.ID)+" AS CHAR) FROM "+quote(t.Name)+" t WHERE "+where+" ORDER BY t."+quote(t.ID)+" LIMIT ?", append(args, limit))
}

// NamedRows returns, by Odoo's id, the rows that say themselves in their column
// which of these records they are, and that are linked to none yet.
func NamedRows(ctx context.Context, q Queryer, entity string, t Table, odooIDs []int64) (map[int64]string, error) {
	if t.OdooID == "" || len(odooIDs) == 0 {
		return nil, nil
	}
	named, err := idsByOdooID(ctx, q, t, odooIDs)
	if err != nil || len(named) == 0 {
		return nil, err
	}
	ids := make([]string, 0, len(named))
	for _, id := range named {
		ids = append(ids, id)
	}
	links, err := LinksOfRows(ctx, q, entity, ids)
	for odooID, id := range named {
		if l := links[id]; l != nil && (l.OdooID != 0 || l.Intent != nil) {
			delete(named, odooID)
		}
	}
	return named, err
}

// CursorExists reports whether a place was saved under a name that begins so.
func CursorExists(ctx context.Context, q Queryer, prefix string) (bool, error) {
	found, err := texts(ctx, q, "SELECT name FROM sync_cursors WHERE LEFT(name, CHAR_LENGTH(?)) = ? LIMIT 1", []any{prefix, prefix})
	return len(found) > 0, err
}

// LeaseHolder tells who has a lease now, "" for nobody.
func LeaseHolder(ctx context.Context, q Queryer, name string) (string, error) {
	found, err := texts(ctx, q, "SELECT owner FROM sync_leases WHERE name = ? AND until >= UTC_TIMESTAMP(6)", []any{name})
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}
