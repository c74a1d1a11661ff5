package sweep

import (
	"context"
	"strings"

	"go.uber.org/zap"

	"odoosync/internal/logs"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/reconcile"
)

// Counts are what was found, by entity and kind: "contacts.stale". The kinds are
// the engine's findings, and refused, held and waiting for what could not be
// repaired.
type Counts map[string]int64

// The kinds of what is left.
const (
	refused = "refused" // by one side, with a reason on the record
	held    = "held"    // a mass delete that waits for a person
	waiting = "waiting" // somebody else is writing it
)

// repairs are the findings that a webhook should have told.
var repairs = map[reconcile.Finding]bool{reconcile.Missing: true, reconcile.Stale: true, reconcile.Archived: true, reconcile.Gone: true, reconcile.MergedIn: true}

// Repaired is the key of the count of repairs that a webhook should have told.
const Repaired = "repaired"

// Mended are the counts of what was found and repaired.
func (c Counts) Mended() map[string]int64 {
	out := map[string]int64{}
	for key, n := range c {
		if _, kind, ok := strings.Cut(key, "."); ok && (repairs[reconcile.Finding(kind)] || kind == string(reconcile.Drifted)) {
			out[key] = n
		}
	}
	return out
}

func (c Counts) add(entity, kind string, n int64) {
	if kind != "" && n != 0 {
		c[entity+"."+kind] += n
	}
}

// examined is what became of records that were synced.
type examined struct {
	found   map[int64]reconcile.Finding
	undone  map[int64]bool // refused, held or waiting
	open    map[int64]bool // of those, waiting: to be tried again soon
	refused map[int64]bool // of those: for good, until they change
}

// examine syncs records of an area's entity, a page at a time, and counts what
// was found. Records that a side refuses are passed with the reason on them.
func (s *Sweeper) examine(ctx context.Context, a area, ids []int64, cause store.Cause, counts Counts) (examined, error) {
	out := examined{found: map[int64]reconcile.Finding{}, undone: map[int64]bool{}, open: map[int64]bool{}, refused: map[int64]bool{}}
	for len(ids) > 0 {
		n := min(len(ids), s.o.Page)
		targets := make([]reconcile.Target, n)
		for i, id := range ids[:n] {
			targets[i] = reconcile.Target{OdooID: id, Cause: cause}
		}
		results, err := s.o.Engine.SyncRecords(ctx, a.entity.Model, targets)
		for _, r := range results {
			s.note(ctx, a, r, &out, counts)
		}
		if err != nil {
			return out, err
		}
		ids = ids[n:]
	}
	return out, nil
}

func (s *Sweeper) note(ctx context.Context, a area, r reconcile.Result, out *examined, counts Counts) {
	entity := a.entity.Name
	switch {
	case r.Err == nil:
		out.found[r.OdooID] = r.Found
		counts.add(entity, string(r.Found), 1)
		return
	case reconcile.Held(r.Err):
		counts.add(entity, held, 1)
	case record.CodeOf(r.Err).Final():
		counts.add(entity, refused, 1)
		s.o.Logger.Warn("a record was refused", zap.String("model", a.entity.Model), zap.Int64("odoo_id", r.OdooID), logs.Failure(r.Err))
		if err := s.o.Engine.ShowRefusal(ctx, a.entity.Model, r); err != nil && record.CodeOf(err) == record.CodeUnavailable {
			out.open[r.OdooID] = true
		} else {
			out.refused[r.OdooID] = true
		}
	default:
		counts.add(entity, waiting, 1)
		out.open[r.OdooID] = true
	}
	out.undone[r.OdooID] = true
}
