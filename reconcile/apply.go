package reconcile

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
)

// apply writes items of one entity in one transaction. What MySQL refuses, or
// what another program keeps locked, is found by halving: each half is a
// transaction of its own.
func (b *batch) apply(ctx context.Context, entity *mapping.Entity, items []item, last bool) error {
	if len(items) == 0 {
		return nil
	}
	var w *writer
	err := b.engine.db.InTx(ctx, func(tx *sql.Tx) error {
		w = newWriter(b, entity, tx)
		if b.engine.dry != nil {
			return w.preview(ctx, items)
		}
		return w.write(ctx, items, last)
	})
	if errors.Is(err, errPreviewed) {
		w.settle(last)
		return b.previewPlans(ctx, w)
	}
	if record.CodeOf(err) == record.CodeUnknownOutcome {
		// Committed or not, the links tell: whoever looks again merges to nothing
		// or does it now.
		return record.Wrap(record.CodeUnavailable, err, "the connection to MySQL was lost")
	}
	if err == nil {
		w.settle(last)
		return nil
	}
	if record.CodeOf(err) == record.CodeUnavailable || ctx.Err() != nil {
		return err
	}
	if len(items) > 1 {
		half := len(items) / 2
		if err := b.apply(ctx, entity, items[:half], last); err != nil {
			return err
		}
		return b.apply(ctx, entity, items[half:], last)
	}
	return b.refuse(ctx, entity, items[0].id, err)
}

// refuse decides about one record MySQL does not take. Two syncs that create
// the same row collide on its unique key: the loser reads again and finds the
// winner's link.
func (b *batch) refuse(ctx context.Context, entity *mapping.Entity, id int64, cause error) error {
	versions, err := store.Versions(ctx, b.engine.db, entity.Name, []int64{id})
	if err != nil {
		return err
	}
	if version, linked := versions[id]; linked {
		before, known := b.versions[entity.Name][id]
		if !known || before.Version != version.Version {
			b.stale[id] = true
			return nil
		}
	}
	if mysqldb.IsDuplicate(cause) {
		again, err := b.freeLines(ctx, entity, id)
		if err != nil {
			return err
		}
		if again {
			b.stale[id] = true
			return nil
		}
	}
	b.spoil(id, record.Wrap(record.CodeOf(cause), cause, "%s %d (%s): %s", b.model, id, entity.Name, record.Message(cause)))
	return nil
}

// writer is one try of a transaction. It keeps what it learns to itself until
// the commit, because the transaction may be replayed.
type writer struct {
	batch  *batch
	entity *mapping.Entity
	rules  entityRules
	tx     *sql.Tx
	now    time.Time

	links    map[int64]*store.Link
	rows     map[string]store.Row
	children map[string]map[string][]store.Row // by child name and parent's row id

	times map[string]map[string]time.Time // when columns were edited here, by row id

	plans    []*plan
	trusting bool      // the items are no read that could be stale
	creating time.Time // since then a row may have become a record nobody knows yet; zero: none
	stale    []int64
	waiting  map[int64]error // records that somebody else is writing
	outcomes map[int64]Outcome
	findings map[int64]Finding
}

func newWriter(b *batch, entity *mapping.Entity, tx *sql.Tx) *writer {
	return &writer{batch: b, entity: entity, rules: b.engine.rules[entity.Name], tx: tx, now: b.engine.clock.Now().UTC(),
		outcomes: map[int64]Outcome{}, findings: map[int64]Finding{}, waiting: map[int64]error{}}
}

// write is step 3 of the package's documentation.
func (w *writer) write(ctx context.Context, items []item, last bool) error {
	items, err := w.decide(ctx, items)
	if err != nil {
		return err
	}
	if err := w.holdDeletes(ctx); err != nil {
		return err
	}
	items = slices.DeleteFunc(items, func(it item) bool { return w.waiting[it.id] != nil })
	if err := w.writeRows(ctx); err != nil {
		return err
	}
	if err := w.writeLines(ctx); err != nil {
		return err
	}
	if err := w.writeState(ctx); err != nil {
		return err
	}
	if !last {
		return nil
	}
	for _, it := range items {
		outcome := w.outcomes[it.id]
		if before := w.batch.outcomes[it.id]; rank[before] > rank[outcome] {
			outcome = before
		}
		target := w.batch.targets[it.id]
		looks := w.batch.engine.secondLooks(target, it.fate != gone, outcome)
		if err := w.batch.engine.completeHints(ctx, w.tx, target, outcome, looks); err != nil {
			return err
		}
	}
	return nil
}

// decide locks the items and plans each; nothing is written yet. It returns
// those that were planned.
func (w *writer) decide(ctx context.Context, items []item) ([]item, error) {
	items, err := w.lock(ctx, items)
	if err != nil {
		return nil, err
	}
	if err := w.adoptRows(ctx, items); err != nil {
		return nil, err
	}
	items = slices.DeleteFunc(items, func(it item) bool { return slices.Contains(w.stale, it.id) })
	for _, it := range items {
		p, err := w.plan(it)
		if err != nil {
			return nil, err
		}
		w.plans = append(w.plans, p)
	}
	return items, nil
}

// lock takes the links, rows and lines of the items, and leaves out those
// whose link moved since Odoo was read.
func (w *writer) lock(ctx context.Context, items []item) ([]item, error) {
	ids := make([]int64, len(items))
	for i, it := range items {
		ids[i] = it.id
	}
	var err error
	// Before the links: a create that ends in between has its link by then.
	if w.creating, err = w.openCreates(ctx); err != nil {
		return nil, err
	}
	if w.links, err = store.LockLinks(ctx, w.tx, w.entity.Name, ids); err != nil {
		return nil, err
	}
	versions := w.batch.versions[w.entity.Name]
	var kept []item
	var localIDs []string
	for _, it := range items {
		link, before := w.links[it.id], int64(-1)
		if v, known := versions[it.id]; known {
			before = v.Version
		}
		if moved := link != nil && link.Version != before || link == nil && before >= 0; moved && !w.trusting {
			w.stale = append(w.stale, it.id)
			continue
		}
		w.outlive(link)
		if w.busy(link, w.pushOf(it.id)) || w.mayBeOurs(link, it) {
			w.waiting[it.id] = errBusy(w.entity.Name, it.id)
			continue
		}
		if push := w.pushOf(it.id); push != nil && push.done != nil && (link == nil || link.Intent == nil) {
			continue // somebody confirmed it after our time had run out
		}
		kept = append(kept, it)
		if link != nil && link.LocalID != "" {
			localIDs = append(localIDs, link.LocalID)
		}
	}
	slices.Sort(localIDs)
	if w.rows, err = store.LockRows(ctx, w.tx, w.rules.table, localIDs); err != nil {
		return nil, err
	}
	if localIDs, err = w.relink(ctx, kept, localIDs); err != nil {
		return nil, err
	}
	if err := w.readTimes(ctx, localIDs); err != nil {
		return nil, err
	}
	w.children = make(map[string]map[string][]store.Row, len(w.entity.Children))
	return kept, w.lockLines(ctx, localIDs)
}

// lockLines takes the lines of these rows.
func (w *writer) lockLines(ctx context.Context, localIDs []string) error {
	for _, child := range w.entity.Children {
		rows, err := store.LockChildren(ctx, w.tx, w.rules.children[child.Name], localIDs)
		if err != nil {
			return err
		}
		if w.children[child.Name] == nil {
			w.children[child.Name] = map[string][]store.Row{}
		}
		maps.Copy(w.children[child.Name], rows)
	}
	return nil
}

// settle hands the results over once the transaction is committed.
func (w *writer) settle(last bool) {
	for _, id := range w.stale {
		w.batch.stale[id] = true
	}
	for id, err := range w.waiting {
		w.batch.spoil(id, err)
	}
	w.hand(w.plans)
	for id, o := range w.outcomes {
		w.batch.note(id, o)
		if f := w.findings[id]; f != Same && w.batch.findings[id] == Same {
			w.batch.findings[id] = f
		}
		w.batch.ended[id] = last
	}
}
