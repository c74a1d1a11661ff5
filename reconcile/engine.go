package reconcile

import (
	"cmp"
	"context"
	"database/sql"
	"sync/atomic"
	"time"

	"github.com/jonboulle/clockwork"
	"go.uber.org/zap"

	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// Database is what the engine needs of MySQL. InTx commits when f returns nil
// and replays f from its start after a deadlock, so f must not keep effects of
// an earlier try. Snapshot reads alone, everything as it was at its beginning.
type Database interface {
	store.Execer
	InTx(ctx context.Context, f func(tx *sql.Tx) error) error
	Snapshot(ctx context.Context, f func(tx *sql.Tx) error) error
}

// Reader is what the engine reads of Odoo. each is told of every id: the
// record, or why there is none (odooclient.ErrMissing, odooclient.ErrHidden,
// or what is wrong with it). An error of ReadEach itself means that nothing
// can be read now.
type Reader interface {
	ReadEach(ctx context.Context, model string, ids []int64, fields []string, each func(id int64, raw odooclient.Raw, err error) error) error
}

// Completer ends the hints that a transaction serves, inside it.
type Completer interface {
	CompleteTx(ctx context.Context, tx *sql.Tx, ids []int64, outcome string) error
	LookAgainTx(ctx context.Context, tx *sql.Tx, ids []int64, after []time.Duration) error
}

// Outbox holds the edits that have to go to Odoo.
type Outbox interface {
	CompleteTx(ctx context.Context, tx *sql.Tx, ids []int64) error
	FailTx(ctx context.Context, tx *sql.Tx, ids []int64, cause error) error
	AppendTx(ctx context.Context, tx *sql.Tx, edits []queue.Edit) error
}

// Options are the engine's parts and limits.
type Options struct {
	DB      Database
	Odoo    Reader
	Mapping *mapping.Mapping
	Hints   Completer // nil when targets carry no hints
	Outbox  Outbox    // nil when nothing is sent to Odoo
	Remote  Remote    // for what is sent and searched there; nil with Outbox
	// Companies are those that are synced, the main one first: names that the
	// companies share are looked up in it. Empty: all that the sync user has.
	Companies []int64
	Brake     Brake // holds mass deletes
	// DatabaseUUID tells which database of Odoo's answers, "" where that cannot be
	// seen. nil: nobody looks.
	DatabaseUUID func(context.Context) (string, error)
	Clock        clockwork.Clock // nil: the real one
	Logger       *zap.Logger     // nil: silent
	Batch        int             // records a read and a transaction; 0: 200
	// Settled is longer than Odoo's longest transaction: only after it has
	// passed is what was read of a record sure to be what was committed. The
	// last second look comes then, and a wait's next turn. 0: 10 minutes.
	Settled time.Duration
}

// Engine makes rows agree with records. It is safe for concurrent use: two
// calls for one record are ordered by the record's link.
type Engine struct {
	db      Database
	odoo    Reader
	mapping *mapping.Mapping
	hints   Completer
	outbox  Outbox
	remote  Remote
	clock   clockwork.Clock
	log     *zap.Logger
	batch   int
	settled time.Duration
	rules   map[string]entityRules
	lookups *lookupCache
	names   *nameCache
	sets    *compareAndSet

	identities *identities

	databaseUUID func(context.Context) (string, error)
	looked       *atomic.Int64 // when that was asked last, Unix nanoseconds

	companies []int64
	brake     Brake    // holds mass deletes
	dry       *preview // nil: what is decided is done
}

// New makes an engine.
func New(o Options) *Engine {
	e := &Engine{db: o.DB, odoo: o.Odoo, mapping: o.Mapping, hints: o.Hints, outbox: o.Outbox, remote: o.Remote, clock: o.Clock, log: o.Logger,
		batch: o.Batch, settled: o.Settled, companies: o.Companies, brake: o.Brake,
		names: newNameCache(), identities: newIdentities(), sets: newCompareAndSet(), databaseUUID: o.DatabaseUUID, looked: new(atomic.Int64)}
	if e.clock == nil {
		e.clock = clockwork.NewRealClock()
	}
	if e.log == nil {
		e.log = zap.NewNop()
	}
	if e.batch == 0 {
		e.batch = 200
	}
	if e.settled == 0 {
		e.settled = 10 * time.Minute
	}
	e.rules = make(map[string]entityRules, len(o.Mapping.Entities))
	for _, entity := range o.Mapping.Entities {
		e.rules[entity.Name] = newEntityRules(entity)
	}
	e.lookups = newLookupCache(e.odoo, e.clock)
	return e
}

// Mapping is what the engine works by.
func (e *Engine) Mapping() *mapping.Mapping { return e.mapping }

// Target is a record to sync and why.
type Target struct {
	OdooID int64
	Hints  []int64 // completed by the transaction that serves them
	Cause  store.Cause
	// Deletion: a hint says that the record was deleted.
	Deletion bool
	// Early: a hint may be sent from inside the transaction it tells of.
	Early bool
	Into  int64 // the record that a hint says it was merged into; 0: none does
	Push  *Push // the row's changes are to be sent; nil for a look at Odoo
}

// Outcome says what a sync did to a record here.
type Outcome string

// The outcomes, from the least to the most telling: a record that feeds two
// entities gets the highest.
const (
	Ignored Outcome = "ignored" // not ours: outside the domain, hidden, or never seen and gone
	Merged  Outcome = "merged"  // both sides agreed already
	Deleted Outcome = "deleted"
	Applied Outcome = "applied"
	Refused Outcome = "failed" // Result.Err says why
)

var rank = map[Outcome]int{"": -1, Ignored: 0, Merged: 1, Deleted: 2, Applied: 3, Refused: 4}

// Result is what became of one target. Its hints are completed unless Err is
// set: then they are the caller's to retry or to give up, by the error's code.
type Result struct {
	Target
	Outcome Outcome
	Found   Finding // in what both sides differed
	Err     error
}

// maxRereads bounds how often a record is read again because somebody else
// synced it between our read and our lock.
const maxRereads = 5

// SyncRecords brings the rows of these records up to date and returns a result
// for each, in no certain order. An error means that a side is out of reach:
// the results are those that ended before; the others are untouched.
func (e *Engine) SyncRecords(ctx context.Context, model string, targets []Target) ([]Result, error) {
	if err := e.guardAgain(ctx); err != nil {
		return nil, mysqldb.Explain(err)
	}
	return e.sync(ctx, model, targets, newTrail())
}

func (e *Engine) sync(ctx context.Context, model string, targets []Target, t trail) ([]Result, error) {
	entities := e.mapping.ByModel(model)
	targets = coalesce(targets)
	if len(entities) == 0 {
		return e.ignoreAll(ctx, targets)
	}
	t.enter(model, targets)
	var results []Result
	for len(targets) > 0 {
		n := min(len(targets), e.batch)
		done, err := e.syncChunk(ctx, model, entities, targets[:n], t, nil)
		results = append(results, done...)
		if err != nil {
			return results, err
		}
		targets = targets[n:]
	}
	return results, nil
}

// syncChunk syncs until no record of the chunk moved under its hands. out
// collects what a push has to do next; it is nil for other syncs.
func (e *Engine) syncChunk(ctx context.Context, model string, entities []*mapping.Entity, targets []Target, t trail, out *outbound) ([]Result, error) {
	if halted, err := e.halted(ctx, model, targets); err != nil || halted != nil {
		return halted, err
	}
	var results []Result
	for reread := 0; len(targets) > 0; reread++ {
		b := newBatch(e, model, entities, targets, t)
		b.out = out
		if err := b.run(ctx); err != nil {
			return append(results, b.results()...), mysqldb.Explain(err)
		}
		done := b.results()
		b.previewRefusals(done)
		results = append(results, done...)
		targets = b.moved()
		if reread == maxRereads {
			for _, target := range targets {
				results = append(results, Result{Target: target, Outcome: Refused, Err: record.Errorf(record.CodeRetryable,
					"%s %d keeps changing while it is synced; it will be tried again", model, target.OdooID)})
			}
			break
		}
	}
	return results, nil
}

// ignoreAll completes the hints of a model nothing is mapped to.
func (e *Engine) ignoreAll(ctx context.Context, targets []Target) ([]Result, error) {
	err := e.db.InTx(ctx, func(tx *sql.Tx) error {
		for _, t := range targets {
			if err := e.completeHints(ctx, tx, t, Ignored, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	results := make([]Result, len(targets))
	for i, t := range targets {
		results[i] = Result{Target: t, Outcome: Ignored}
	}
	return results, nil
}

// completeHints ends a target's hints, and plans second looks at its record.
func (e *Engine) completeHints(ctx context.Context, tx *sql.Tx, t Target, o Outcome, looks []time.Duration) error {
	if len(t.Hints) == 0 || e.hints == nil {
		return nil
	}
	if len(looks) > 0 {
		if err := e.hints.LookAgainTx(ctx, tx, t.Hints, looks); err != nil {
			return err
		}
	}
	return e.hints.CompleteTx(ctx, tx, t.Hints, string(o))
}

// secondLooks says when to look at a record again that was not found as its
// hint told, or in which its hint changed nothing: hooks may fire before their
// transaction commits (the guide's own sender does, from inside write), and
// Odoo 17 and 18 send automations' notifications from inside it.
func (e *Engine) secondLooks(t Target, exists bool, o Outcome) []time.Duration {
	switch {
	case t.Deletion && exists, !t.Deletion && (o == Ignored || o == Merged), t.Early:
		return []time.Duration{5 * time.Second, time.Minute, e.settled}
	}
	return nil
}

// coalesce makes one target of all that name the same record: one read serves
// all hints that were claimed before it.
func coalesce(targets []Target) []Target {
	index := make(map[int64]int, len(targets))
	out := make([]Target, 0, len(targets))
	for _, t := range targets {
		if i, seen := index[t.OdooID]; seen {
			out[i].Hints = append(out[i].Hints, t.Hints...)
			out[i].Cause = t.Cause
			out[i].Deletion = out[i].Deletion || t.Deletion
			out[i].Early = out[i].Early || t.Early
			out[i].Into = cmp.Or(t.Into, out[i].Into)
			continue
		}
		index[t.OdooID] = len(out)
		out = append(out, t)
	}
	return out
}
