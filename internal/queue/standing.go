package queue

import "context"

// Standing is what the outbox holds of a row.
type Standing struct {
	Waits         bool // an edit is pending, whether a worker holds it or not
	RefusedDelete bool // Odoo refused a delete, and no later edit has gone through
}

// StandingOf tells what the outbox holds of these rows of an entity. Rows it
// holds nothing of, or only what went through, are left out.
func StandingOf(ctx context.Context, db Querier, entity string, localIDs []string) (map[string]Standing, error) {
	out := map[string]Standing{}
	for len(localIDs) > 0 {
		n := min(len(localIDs), perStatement)
		if err := standing(ctx, db, entity, localIDs[:n], out); err != nil {
			return nil, err
		}
		localIDs = localIDs[n:]
	}
	return out, nil
}

func standing(ctx context.Context, db Querier, entity string, localIDs []string, out map[string]Standing) error {
	args := []any{entity}
	for _, id := range localIDs {
		args = append(args, id)
	}
	rows, err := db.QueryContext(ctx, "SELECT local_id, status = 'pending', op FROM sync_outbox"+byRecord+
		" WHERE entity = ? AND local_id IN ("+marks(len(localIDs))+") AND status IN ('pending', 'error')", args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, op string
		var waits bool
		if err := rows.Scan(&id, &waits, &op); err != nil {
			return err
		}
		s := out[id]
		s.Waits = s.Waits || waits
		s.RefusedDelete = s.RefusedDelete || !waits && op == OpDelete
		out[id] = s
	}
	return rows.Err()
}
