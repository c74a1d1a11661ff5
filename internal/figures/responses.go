package figures

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"sync"
	"time"

	"odoosync/internal/mysqldb"
)

// Responses counts how long senders waited for their answers, in memory, until
// Flush adds it to response_hours. A process that is killed takes what it has
// counted since with it. It is safe for concurrent use.
type Responses struct {
	mu     sync.Mutex
	counts map[slice]*span
}

// slice is a row of response_hours.
type slice struct {
	hour   time.Time
	class  int
	bucket int
}

type span struct{ n, sumUS int64 }

// Note counts an answer: when it was given, its HTTP status, and how long it took.
func (r *Responses) Note(at time.Time, status int, took time.Duration) {
	key := slice{hourOf(at), status / 100, BucketOf(took)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = map[slice]*span{}
	}
	c := r.counts[key]
	if c == nil {
		c = &span{}
		r.counts[key] = c
	}
	c.n++
	c.sumUS += max(took.Microseconds(), 0)
}

// Flush adds what was counted since the last one. What could not be stored is
// kept for the next; if the server's answer was lost, it may count twice.
func (r *Responses) Flush(ctx context.Context, db Database) error {
	r.mu.Lock()
	taken := r.counts
	r.counts = nil
	r.mu.Unlock()
	if len(taken) == 0 {
		return nil
	}
	err := db.InTx(ctx, func(tx *sql.Tx) error { return addResponses(ctx, tx, taken) })
	if err != nil {
		r.giveBack(taken)
	}
	return mysqldb.Explain(err)
}

func (r *Responses) giveBack(taken map[slice]*span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = map[slice]*span{}
	}
	for key, c := range taken {
		if now := r.counts[key]; now != nil {
			now.n, now.sumUS = now.n+c.n, now.sumUS+c.sumUS
		} else {
			r.counts[key] = c
		}
	}
}

func addResponses(ctx context.Context, tx *sql.Tx, taken map[slice]*span) error {
	keys := make([]slice, 0, len(taken))
	for key := range taken {
		keys = append(keys, key)
	}
	// In the order of the table: two daemons that flush do not wait in a circle.
	slices.SortFunc(keys, func(a, b slice) int {
		if c := a.hour.Compare(b.hour); c != 0 {
			return c
		}
		return (a.class-b.class)*1000 + a.bucket - b.bucket
	})
	for part := range slices.Chunk(keys, rowsAtOnce) {
		var args []any
		for _, key := range part {
			args = append(args, key.hour, key.class, key.bucket, taken[key].n, taken[key].sumUS)
		}
		query := "INSERT INTO response_hours (hour, class, bucket, n, sum_us) VALUES (?, ?, ?, ?, ?)" + strings.Repeat(", (?, ?, ?, ?, ?)", len(part)-1) +
			" ON DUPLICATE KEY UPDATE n = n + VALUES(n), sum_us = sum_us + VALUES(sum_us)"
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return err
		}
	}
	return nil
}
