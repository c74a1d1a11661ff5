package sweep

import (
	"context"
	"encoding/json"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/store"
)

// wantedPrefix begins the names of the places that keep the sweeps a person asked
// for: of all, and of each entity.
const wantedPrefix = "sweep:wanted"

func wantedName(entity string) string {
	if entity == "" {
		return wantedPrefix
	}
	return wantedPrefix + ":" + entity
}

// wanted is such a sweep.
type wanted struct {
	Entity string    `json:"entity,omitempty"`
	Cause  string    `json:"cause"`
	At     time.Time `json:"at"`
}

// Want asks for lists of an entity ("" for all) to be compared as soon as a
// daemon looks: deletes that were held were let through.
func Want(ctx context.Context, db store.Execer, now time.Time, entity, cause string) error {
	return store.SaveCursor(ctx, db, now, wantedName(entity), wanted{Entity: entity, Cause: cause, At: now.UTC()})
}

// Due reports a sweep that waits to be worked: one that was cut off, because its
// process died or was stopped, or one that was asked for.
func (s *Sweeper) Due(ctx context.Context) (SweepOptions, bool, error) {
	if o, due, err := s.unfinished(ctx); err != nil || due {
		return o, due, err
	}
	asked, err := store.CursorsUnder(ctx, s.o.DB, wantedPrefix)
	if err != nil {
		return SweepOptions{}, false, mysqldb.Explain(err)
	}
	for _, text := range asked {
		var w wanted
		if err := json.Unmarshal(text, &w); err != nil {
			return SweepOptions{}, false, err
		}
		last, err := store.LastRun(ctx, s.o.DB, kindSweep, w.Entity, string(Lists))
		if err != nil {
			return SweepOptions{}, false, mysqldb.Explain(err)
		}
		if last == nil || last.Started.Before(w.At.Truncate(time.Microsecond)) {
			return SweepOptions{Depth: Lists, Entity: w.Entity, Cause: w.Cause}, true, nil
		}
	}
	return SweepOptions{}, false, nil
}

// Since reports that a sweep of everything began at or after a time.
func (s *Sweeper) Since(ctx context.Context, at time.Time) (bool, error) {
	last, err := store.LastRun(ctx, s.o.DB, kindSweep, "", string(Night))
	return last != nil && !last.Started.Before(at), mysqldb.Explain(err)
}

// unfinished is a sweep that was cut off, and that none of its kind followed. One
// that waits for its pause to end hides no other.
func (s *Sweeper) unfinished(ctx context.Context) (SweepOptions, bool, error) {
	now := s.o.Clock.Now()
	runs, err := store.UnfinishedRuns(ctx, s.o.DB, kindSweep, now.Add(-resumable))
	if err != nil {
		return SweepOptions{}, false, mysqldb.Explain(err)
	}
	for _, cut := range runs {
		if _, due, ok := goesOn(cut, now); !ok || due.After(now) {
			continue
		}
		last, err := store.LastRun(ctx, s.o.DB, kindSweep, cut.Entity, cut.Mode)
		if err != nil {
			return SweepOptions{}, false, mysqldb.Explain(err)
		}
		if last.ID == cut.ID {
			return SweepOptions{Depth: Depth(cut.Mode), Entity: cut.Entity, Cause: cut.Cause}, true, nil
		}
	}
	return SweepOptions{}, false, nil
}
