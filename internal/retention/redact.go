package retention

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/store"
)

// settled is how long after its success a webhook is left alone: by then
// whatever commits has committed, and the place below can pass.
const settled = 10 * time.Minute

const redactedName = "redacted"

// redacted is up to where webhooks were gone through, and for which fields.
type redacted struct {
	At    time.Time `json:"at"`
	ID    int64     `json:"id"`
	Names []string  `json:"names"`
}

// Redact erases the values of the fields in Options.Redact from webhooks that
// succeeded since the last time; from all of them once the fields have changed.
func (k *Keeper) Redact(ctx context.Context) (int64, error) {
	if len(k.o.Redact) == 0 {
		return 0, nil
	}
	var at redacted
	if err := store.LoadCursor(ctx, k.o.DB, redactedName, &at); err != nil {
		return 0, mysqldb.Explain(err)
	}
	if names := slices.Sorted(slices.Values(k.o.Redact)); !slices.Equal(names, at.Names) {
		at = redacted{At: time.Unix(1, 0).UTC(), Names: names}
	}
	erase := queue.EraseFields(k.o.Redact)
	var total int64
	for {
		ids, err := k.nextSucceeded(ctx, &at)
		if err != nil || len(ids) == 0 {
			return total, mysqldb.Explain(err)
		}
		n, err := queue.Erase(ctx, k.o.DB, ids, erase)
		if err != nil {
			return total, err
		}
		if total += n; n > 0 && k.o.OnErased != nil {
			k.o.OnErased(n)
		}
		if err := store.SaveCursor(ctx, k.o.DB, k.o.Clock.Now(), redactedName, at); err != nil {
			return total, mysqldb.Explain(err)
		}
		if err := k.pause(ctx); err != nil {
			return total, mysqldb.Explain(err)
		}
	}
}

// nextSucceeded are the webhooks behind a place in the order of their ends, and
// moves it.
func (k *Keeper) nextSucceeded(ctx context.Context, at *redacted) ([]int64, error) {
	rows, err := k.o.DB.QueryContext(ctx, "SELECT id, finished_us FROM webhook_logs WHERE finished_us >= ? AND finished_us < ? AND (finished_us > ? OR id > ?) AND status = 'success'"+
		" ORDER BY finished_us, id LIMIT ?", at.At, k.o.Clock.Now().UTC().Add(-settled), at.At, at.ID, k.o.Batch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		var finished sql.NullTime
		if err := rows.Scan(&id, &finished); err != nil {
			return nil, err
		}
		ids, at.ID, at.At = append(ids, id), id, finished.Time.UTC()
	}
	return ids, rows.Err()
}
