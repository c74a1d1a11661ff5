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

// rested is how long a sweep waits for a side that is away.
const rested = time.Minute

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
	if s.rests() {
		return SweepOptions{}, false, nil
	}
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

// rest lets a side that is away have a moment.
func (s *Sweeper) rest(away bool) {
	if !away {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restsUntil = s.o.Clock.Now().Add(rested)
}

func (s *Sweeper) rests() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.o.Clock.Now().Before(s.restsUntil)
}

// Since reports that a sweep of everything began at or after a time.
func (s *Sweeper) Since(ctx context.Context, at time.Time) (bool, error) {
	last, err := store.LastRun(ctx, s.o.DB, kindSweep, "", string(Night))
	return last != nil && !last.Started.Before(at), mysqldb.Explain(err)
}

func (s *Sweeper) unfinished(ctx context.Context) (SweepOptions, bool, error) {
	last, err := store.LatestRun(ctx, s.o.DB, kindSweep)
	if err != nil {
		return SweepOptions{}, false, mysqldb.Explain(err)
	}
	if _, ok := cutOff(last, s.o.Clock.Now()); !ok {
		return SweepOptions{}, false, nil
	}
	return SweepOptions{Depth: Depth(last.Mode), Entity: last.Entity, Cause: last.Cause}, true, nil
}

// cutOff returns the place of a run whose process died or was stopped. One that
// failed by itself, was cancelled, or began long ago is not gone on with: what it
// had done may have changed since.
func cutOff(last *store.Run, now time.Time) (p position, ok bool) {
	if last == nil || last.CancelRequested || now.Sub(last.Started) > resumable {
		return p, false
	}
	err := json.Unmarshal(last.Position, &p)
	return p, last.State == store.RunRunning || last.State == store.RunFailed && err == nil && p.Stopped
}
