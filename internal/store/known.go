package store

import (
	"context"
	"database/sql"
	"strconv"
	"time"
)

// LinkOfRecord returns a record's or a row's link as it stands, nil for none.
// Exactly one of both ids is given.
func LinkOfRecord(ctx context.Context, q Queryer, entity string, odooID int64, localID string) (*Link, error) {
	where, args := "entity = ? AND odoo_id = ?", []any{entity, odooID}
	if localID != "" {
		where, args = "entity = ? AND local_id = ?", []any{entity, localID}
	}
	found, err := selectLinks(ctx, q, where, args)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// Caused is a change with the entity of its record.
type Caused struct {
	Moment
	Entity string
}

// CausedBy returns what was changed because of a webhook of a record, the latest
// first. Parents and children that it brought along are among it where they have
// the record's Odoo id alone: the history has no index by cause.
func CausedBy(ctx context.Context, q Queryer, webhook int64, entities []string, odooID int64) ([]Caused, error) {
	out := []Caused{}
	for _, entity := range entities {
		found, err := selectMoments(ctx, q, "SELECT "+momentColumns+" FROM sync_changes c WHERE entity = ? AND odoo_id = ? AND cause_kind = 'webhook' AND cause_id = ? ORDER BY id DESC LIMIT 100",
			[]any{entity, odooID, strconv.FormatInt(webhook, 10)})
		if err != nil {
			return nil, err
		}
		if err := explainCauses(ctx, q, found); err != nil {
			return nil, err
		}
		for _, m := range found {
			out = append(out, Caused{m, entity})
		}
	}
	return out, nil
}

// FirstSync tells when the first link that is kept was made; zero for none.
func FirstSync(ctx context.Context, q Queryer) (time.Time, error) {
	rows, err := q.QueryContext(ctx, "SELECT created_at FROM sync_links ORDER BY id LIMIT 1")
	if err != nil {
		return time.Time{}, err
	}
	defer rows.Close()
	var at sql.NullTime
	for rows.Next() {
		if err := rows.Scan(&at); err != nil {
			return time.Time{}, err
		}
	}
	return at.Time, rows.Err()
}
