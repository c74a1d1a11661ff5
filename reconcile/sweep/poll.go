package sweep

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.uber.org/zap"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/odooclient"
)

// fresh is how old a change must be to count as one that a webhook missed: a
// younger one may be on its way.
const fresh = 10 * time.Second

// pollPlace is where a poll goes on: what was written before it was read for
// good.
type pollPlace struct {
	Settled string           `json:"settled"`        // as Odoo writes times
	Open    map[int64]string `json:"open,omitempty"` // records that could not be applied yet, and when they were written
}

func pollName(a area) string { return "poll:" + a.name() }

// poll is one poll.
type poll struct {
	s      *Sweeper
	counts Counts
	done   map[string]map[int64]bool // records synced by this poll, by model
}

// Poll reads what was written in Odoo since the last one, records and lines. An
// area that Odoo refuses to list does not stop the others; its error is returned
// with the counts of those.
func (s *Sweeper) Poll(ctx context.Context) (Counts, error) {
	p := &poll{s: s, counts: Counts{}, done: map[string]map[int64]bool{}}
	began := s.o.Clock.Now()
	if err := s.o.Engine.GuardDatabase(ctx); err != nil {
		return p.counts, mysqldb.Explain(err)
	}
	var failures []error
	for _, a := range s.areas {
		err := p.area(ctx, a)
		if err == nil {
			continue
		}
		if record.CodeOf(err) == record.CodeDenied {
			err = errors.Join(err, s.guardCompanies(ctx))
		}
		if failures = append(failures, a.blame(mysqldb.Explain(err))); away(ctx, err) {
			break
		}
	}
	return p.counts, errors.Join(append(failures, p.keep(ctx, began))...)
}

// keep leaves a run of a poll that repaired something.
func (p *poll) keep(ctx context.Context, began time.Time) error {
	if p.counts[Repaired] == 0 {
		return nil
	}
	run := &store.Run{Kind: "poll", Cause: "schedule"}
	if err := store.StartRun(ctx, p.s.o.DB, began, run); err != nil {
		return mysqldb.Explain(err)
	}
	run.State, run.Counts, run.Done, run.Total = store.RunDone, p.counts, p.counts[Repaired], p.counts[Repaired]
	return mysqldb.Explain(store.SaveRun(ctx, p.s.o.DB, p.s.o.Clock.Now(), run))
}

// window is the stretch of time that a poll of an area looks at.
type window struct {
	area  area
	place pollPlace
	from  string    // the place when it began
	limit time.Time // what was written up to here is read for good
	now   time.Time
	open  time.Time // the oldest that could not be applied yet and that the place has no room for; zero: none
	first bool      // nothing was saved yet
	held  bool      // the place holds other open records than it did
}

func (p *poll) area(ctx context.Context, a area) error {
	if halt, err := store.HaltOf(ctx, p.s.o.DB, a.entity.Model); err != nil || halt != nil {
		return err // what is written meanwhile waits behind the place
	}
	w := window{area: a, now: p.s.now()}
	w.limit = w.now.Add(-p.s.o.Overlap)
	if err := store.LoadCursor(ctx, p.s.o.DB, pollName(a), &w.place); err != nil {
		return err
	}
	if w.first = w.place.Settled == ""; w.first { // the import reads what is older
		w.place.Settled = w.limit.Format(odooclient.TimeLayout)
	}
	w.from = w.place.Settled
	w.from = p.s.since(timeOf(w.from), w.limit).Format(odooclient.TimeLayout)
	if p.done[a.entity.Model] == nil {
		p.done[a.entity.Model] = map[int64]bool{}
	}
	if err := p.again(ctx, &w); err != nil {
		return err
	}
	seen := false
	err := p.s.o.Odoo.PagesByWriteDate(ctx, a.listing, p.s.o.Page, odooclient.Cursor{WriteDate: w.from}, func(stamps []odooclient.Stamp) error {
		seen = true
		if err := p.page(ctx, &w, stamps); err != nil {
			return err
		}
		return p.pass(ctx, &w, timeOf(stamps[len(stamps)-1].WriteDate), true)
	})
	if err != nil {
		return err
	}
	return p.pass(ctx, &w, w.limit, seen)
}

// mostOpen bounds how many open records a place holds. Beyond it the place stays
// behind the oldest of them, and what was written since is read again.
const mostOpen = 1000

// again reads the records that earlier polls could not apply yet.
func (p *poll) again(ctx context.Context, w *window) error {
	if len(w.place.Open) == 0 {
		return nil
	}
	written := make(map[int64]time.Time, len(w.place.Open))
	for id, at := range w.place.Open {
		written[id] = timeOf(at)
	}
	w.place.Open, w.held = nil, true
	return p.read(ctx, w, written)
}

// keepOpen has the next poll read a record again.
func (w *window) keepOpen(id int64, at time.Time) {
	if len(w.place.Open) >= mostOpen {
		if w.open.IsZero() || at.Before(w.open) {
			w.open = at
		}
		return
	}
	if w.place.Open == nil {
		w.place.Open = map[int64]string{}
	}
	w.place.Open[id], w.held = at.Format(odooclient.TimeLayout), true
}

// page reads those of a page that are not what the shelf says, and those that
// leave the window.
func (p *poll) page(ctx context.Context, w *window, stamps []odooclient.Stamp) error {
	ids := make([]int64, len(stamps))
	for i, s := range stamps {
		ids[i] = s.ID
	}
	shelved, err := store.ShelvedByID(ctx, p.s.o.DB, w.area.shelf, ids)
	if err != nil {
		return err
	}
	model := w.area.entity.Model
	written := map[int64]time.Time{} // by target: the newest of its stamps
	for _, s := range stamps {
		at, target := timeOf(s.WriteDate), w.area.target(s)
		known, there := shelved[s.ID]
		leaving := !at.After(w.limit)
		same := there && !w.area.differs(s, known) || p.s.wasRefused(model, target, at)
		if target == 0 || same && (!leaving || p.done[model][target]) || w.place.Open[target] != "" {
			continue
		}
		if at.After(written[target]) {
			written[target] = at
		}
	}
	return p.read(ctx, w, written)
}

// read syncs records by the times they were written at.
func (p *poll) read(ctx context.Context, w *window, written map[int64]time.Time) error {
	targets := make([]int64, 0, len(written))
	for id := range written {
		targets = append(targets, id)
	}
	slices.Sort(targets)
	done, err := p.s.examine(ctx, w.area, targets, store.Cause{Kind: "poll"}, p.counts)
	for id, found := range done.found {
		p.done[w.area.entity.Model][id] = true
		if repairs[found] && w.now.Sub(written[id]) >= fresh {
			p.counts[Repaired]++
			p.s.o.Logger.Info("a change that no webhook told was found", zap.String("model", w.area.entity.Model), zap.Int64("odoo_id", id), zap.String("kind", string(found)))
		}
	}
	p.s.keepRefused(w.area.entity.Model, done, written)
	for id := range done.open {
		w.keepOpen(id, written[id])
	}
	if err != nil || len(done.undone) == 0 {
		return err
	}
	return p.s.o.Engine.HaltError(ctx, w.area.entity.Model) // the place stays before what a halt keeps waiting
}

// wasRefused reports that a poll of this process has tried that write before.
func (s *Sweeper) wasRefused(model string, id int64, at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	tried, known := s.refused[refusal{model, id}]
	return known && !at.After(tried)
}

// keepRefused remembers the records that were refused, and forgets the others.
func (s *Sweeper) keepRefused(model string, done examined, written map[int64]time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, at := range written {
		delete(s.refused, refusal{model, id})
		if done.refused[id] {
			s.refused[refusal{model, id}] = at
		}
	}
	if len(s.refused) > mostRefused {
		clear(s.refused)
	}
}

// mostRefused bounds what is remembered of refused records.
const mostRefused = 100_000

// pass saves the place: everything before it was applied, and was read when
// every transaction of its time had ended. A place that moved a little over
// nothing is not worth a write.
func (p *poll) pass(ctx context.Context, w *window, reached time.Time, seen bool) error {
	if reached.After(w.limit) {
		reached = w.limit
	}
	if from := timeOf(w.from); reached.Before(from) {
		reached = from
	}
	if !w.open.IsZero() && w.open.Before(reached) {
		reached = w.open
	}
	moved := reached.Sub(timeOf(w.place.Settled)).Abs()
	if !w.first && !w.held && (moved == 0 || !seen && moved < time.Minute) {
		return nil
	}
	w.first, w.held, w.place.Settled = false, false, reached.Format(odooclient.TimeLayout)
	return store.SaveCursor(ctx, p.s.o.DB, p.s.o.Clock.Now(), pollName(w.area), w.place)
}
