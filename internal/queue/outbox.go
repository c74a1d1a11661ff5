package queue

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jonboulle/clockwork"

	"odoosync/internal/mysqldb"
)

// What happened to a row, as the triggers write it.
const (
	OpInsert = "insert"
	OpUpdate = "update"
	OpDelete = "delete"
)

// Edit is one row of the outbox: something happened to a row of ours that Odoo
// may have to hear of.
type Edit struct {
	ID        int64
	Entity    string
	LocalID   string
	Op        string   // one of the Op constants
	Columns   []string // what changed; a line's are named "table.column"; nil when a row was deleted
	ChangedAt time.Time
	Attempts  int
}

// OutboxOptions of an outbox.
type OutboxOptions struct {
	Owner string          // of leases; "": a random name
	Clock clockwork.Clock // nil: the real one
}

// Outbox is the queue of local edits. It is safe for concurrent use.
type Outbox struct {
	db    *mysqldb.DB
	owner string
	clock clockwork.Clock
	turn  atomic.Uint64 // counts claims

	entities, localIDs []string // that Claim keeps to; none: all
}

// Only is the same outbox for some work alone: its claims keep to these entities
// and, where any are named, to these rows.
func (q *Outbox) Only(entities, localIDs []string) *Outbox {
	return &Outbox{db: q.db, owner: q.owner, clock: q.clock, entities: entities, localIDs: localIDs}
}

// NewOutbox makes an outbox. It needs no stop.
func NewOutbox(db *mysqldb.DB, o OutboxOptions) *Outbox {
	q := &Outbox{db: db, owner: o.Owner, clock: o.Clock}
	if q.owner == "" {
		q.owner = uuid.NewString()
	}
	if q.clock == nil {
		q.clock = clockwork.NewRealClock()
	}
	return q
}

func (q *Outbox) now() time.Time { return q.clock.Now().UTC() }

// recordOf is the record an edit belongs to.
type recordOf struct{ entity, localID string }

// perStatement bounds the rows of an INSERT and the records of a WHERE.
const perStatement = 500

// AppendTx adds edits of the engine's own: records that have work for Odoo of
// which no trigger told. A record for which a pending edit waits gets none; one
// that a worker holds does not count, because the worker may have read the row
// before.
func (q *Outbox) AppendTx(ctx context.Context, tx *sql.Tx, edits []Edit) error {
	for len(edits) > 0 {
		n := min(len(edits), perStatement)
		if err := q.append(ctx, tx, edits[:n]); err != nil {
			return err
		}
		edits = edits[n:]
	}
	return nil
}

func (q *Outbox) append(ctx context.Context, tx *sql.Tx, edits []Edit) error {
	now := q.now()
	known, err := waiting(ctx, tx, now, edits)
	if err != nil {
		return err
	}
	var args []any
	rows := 0
	for _, e := range edits {
		r := recordOf{e.Entity, e.LocalID}
		if known[r] {
			continue
		}
		known[r] = true
		var columns any
		if e.Columns != nil {
			encoded, err := json.Marshal(e.Columns)
			if err != nil {
				return err
			}
			columns = string(encoded)
		}
		at, op := e.ChangedAt.UTC(), e.Op
		if e.ChangedAt.IsZero() {
			at = now
		}
		if op == "" {
			op = OpUpdate
		}
		args = append(args, e.Entity, e.LocalID, op, columns, at, now)
		rows++
	}
	if rows == 0 {
		return nil
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO sync_outbox (entity, local_id, op, changed_columns, changed_at, next_attempt_at) VALUES (?, ?, ?, ?, ?, ?)"+
		strings.Repeat(", (?, ?, ?, ?, ?, ?)", rows-1), args...)
	return err
}

// waiting finds the records of edits that have a pending edit nobody works on.
func waiting(ctx context.Context, tx *sql.Tx, now time.Time, edits []Edit) (map[recordOf]bool, error) {
	records := make([]recordOf, len(edits))
	for i, e := range edits {
		records[i] = recordOf{e.Entity, e.LocalID}
	}
	where, args := whereRecords(records)
	rows, err := tx.QueryContext(ctx, "SELECT DISTINCT entity, local_id FROM sync_outbox"+byRecord+" WHERE "+where+
		" AND status = 'pending' AND (lease_until IS NULL OR lease_until < ?)", append(args, now)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[recordOf]bool{}
	for rows.Next() {
		var r recordOf
		if err := rows.Scan(&r.entity, &r.localID); err != nil {
			return nil, err
		}
		out[r] = true
	}
	return out, rows.Err()
}

// whereRecords is a condition for these records, in the one form both servers
// answer from the index: MariaDB does not for (entity, local_id) IN (...).
func whereRecords(records []recordOf) (string, []any) {
	byEntity := map[string][]any{}
	var order []string
	for _, r := range records {
		if byEntity[r.entity] == nil {
			order = append(order, r.entity)
		}
		byEntity[r.entity] = append(byEntity[r.entity], r.localID)
	}
	var terms []string
	var args []any
	for _, entity := range order {
		ids := byEntity[entity]
		terms = append(terms, "entity = ? AND local_id IN ("+marks(len(ids))+")")
		args = append(append(args, entity), ids...)
	}
	return "(" + strings.Join(terms, " OR ") + ")", args
}
