package retention

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/jonboulle/clockwork"

	"odoosync/internal/figures"
	"odoosync/internal/mysqldb"
)

// Options of a keeper.
type Options struct {
	DB *mysqldb.DB
	// How long webhooks, runs and changes are kept once they are done.
	WebhookLogs, Runs, Changes time.Duration

	Redact []string        // fields whose values are erased
	Clock  clockwork.Clock // nil: the real one
	Pause  time.Duration   // after each batch; 0: 50 ms, less: none
	Batch  int             // rows; 0: 500
	// OnPurged is told of every batch that was removed, and OnErased of webhooks in
	// which values were erased; may be nil.
	OnPurged func(table string, n int64)
	OnErased func(n int64)
}

// Keeper purges and erases. It is safe for concurrent use.
type Keeper struct{ o Options }

// New makes a keeper.
func New(o Options) *Keeper {
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Pause == 0 {
		o.Pause = 50 * time.Millisecond
	}
	if o.Batch == 0 {
		o.Batch = 500
	}
	return &Keeper{o}
}

// Counts are the rows that were removed, by table.
type Counts map[string]int64

// youngest is what stays whatever the settings say.
const youngest = 48 * time.Hour

// Purge removes what is old, until nothing is or ctx ends.
func (k *Keeper) Purge(ctx context.Context) (Counts, error) {
	counts := Counts{}
	for _, r := range k.rules() {
		n, err := k.purge(ctx, r)
		if n > 0 {
			counts[r.table] = n
		}
		if err != nil {
			return counts, mysqldb.Explain(err)
		}
	}
	return counts, mysqldb.Explain(k.purgeFigures(ctx))
}

// purge removes a table's old rows, from its lowest id up.
func (k *Keeper) purge(ctx context.Context, r rule) (int64, error) {
	cutoff := k.o.Clock.Now().UTC().Add(-max(r.keep, youngest))
	beyond, err := k.beyond(ctx, r, cutoff)
	if err != nil {
		return 0, err
	}
	var total int64
	for after := int64(0); ; {
		ids, err := numbers(ctx, k.o.DB, "SELECT t.id FROM "+r.table+" t WHERE t.id > ? AND t.id < ? AND "+r.done+" AND "+r.unneeded+" ORDER BY t.id LIMIT ?",
			append(append([]any{after, beyond}, r.times(cutoff)...), k.o.Batch)...)
		if err != nil || len(ids) == 0 {
			return total, err
		}
		n, err := k.remove(ctx, r, cutoff, ids)
		if total += n; err != nil {
			return total, err
		}
		if n > 0 && k.o.OnPurged != nil {
			k.o.OnPurged(r.table, n)
		}
		after = ids[len(ids)-1]
		if err := k.pause(ctx); err != nil {
			return total, err
		}
	}
}

// beyond is an id from which on no row is old. Rows are added in the order of
// their times, or nearly so: it is found by halving, as not every time has an index.
func (k *Keeper) beyond(ctx context.Context, r rule, cutoff time.Time) (int64, error) {
	ends, err := numbers(ctx, k.o.DB, "SELECT COALESCE(MAX(id), 0) + 1 FROM "+r.table)
	if err != nil {
		return 0, err
	}
	low, high := int64(0), ends[0] // those from high on are not old
	for low < high {
		middle := low + (high-low)/2
		old, err := numbers(ctx, k.o.DB, "SELECT IF("+r.at+" < ?, id, 0) FROM "+r.table+" WHERE id >= ? ORDER BY id LIMIT 1", cutoff.Add(outOfOrder), middle)
		if err != nil {
			return 0, err
		}
		if len(old) > 0 && old[0] > 0 {
			low = old[0] + 1
		} else {
			high = middle
		}
	}
	return high, nil
}

// outOfOrder is by how much the order of ids and that of times may differ.
const outOfOrder = time.Hour

// remove deletes rows that are still done, in a transaction of its own.
func (k *Keeper) remove(ctx context.Context, r rule, cutoff time.Time, ids []int64) (n int64, err error) {
	err = k.o.DB.InTx(ctx, func(tx *sql.Tx) error {
		n = 0
		free, err := numbers(ctx, tx, "SELECT t.id FROM "+r.table+" t WHERE t.id IN ("+marks(len(ids))+") AND "+r.done+" ORDER BY t.id FOR UPDATE SKIP LOCKED",
			append(anys(ids), r.times(cutoff)...)...)
		if err != nil || len(free) == 0 {
			return err
		}
		if r.table == webhookLogs {
			if err := figures.Keep(ctx, tx, free); err != nil {
				return err
			}
		}
		result, err := tx.ExecContext(ctx, "DELETE FROM "+r.table+" WHERE id IN ("+marks(len(free))+")", anys(free)...)
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	return n, err
}

// figuresKept is how long figures are kept: this month beside that of a year ago.
const figuresKept = 400 * 24 * time.Hour

func (k *Keeper) purgeFigures(ctx context.Context) error {
	// Whole days: a day is added up from its hours.
	before := k.o.Clock.Now().UTC().Add(-max(figuresKept, k.o.WebhookLogs+youngest)).Truncate(24 * time.Hour)
	for _, figure := range [][2]string{{"webhook_days", "day"}, {"webhook_totals", "hour"}, {"webhook_hours", "hour"}, {"response_hours", "hour"}} {
		table := figure[0]
		for {
			result, err := k.o.DB.ExecContext(ctx, "DELETE FROM "+table+" WHERE "+figure[1]+" < ? ORDER BY "+figure[1]+" LIMIT ?", before, k.o.Batch)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			if n > 0 && k.o.OnPurged != nil {
				k.o.OnPurged(table, n)
			}
			if n < int64(k.o.Batch) {
				break
			}
			if err := k.pause(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// pause leaves the server to others for a while.
func (k *Keeper) pause(ctx context.Context) error {
	if k.o.Pause < 0 {
		return ctx.Err()
	}
	timer := k.o.Clock.NewTimer(k.o.Pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.Chan():
		return nil
	}
}

// queryer reads; a pool and a transaction do.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func numbers(ctx context.Context, q queryer, query string, args ...any) ([]int64, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, rows.Err()
}

func marks(n int) string { return "?" + strings.Repeat(", ?", n-1) }

func anys(ids []int64) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}
