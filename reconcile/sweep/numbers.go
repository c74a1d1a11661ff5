package sweep

import (
	"context"
	"slices"
	"time"

	"go.uber.org/zap"

	"odoosync/internal/logs"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/reconcile"
)

// Grace is how long a number may be late: deliveries wait for one another, and
// several daemons commit side by side.
const Grace = 2 * time.Minute

// deliveriesAtOnce is how many numbers one call asks about.
const deliveriesAtOnce = 200

// patience is how long a number is waited for that Odoo says it will still send,
// or whose record cannot be read. The module itself gives up after a good day.
const patience = 48 * time.Hour

// Missed is what became of numbers that did not arrive.
type Missed struct {
	Repaired  int64 // their records were read
	Forgotten int64 // Odoo has no delivery of that number any more
}

// Missed finds the events that Odoo sent and nobody received, by the holes in
// their numbers, and reads their records. A number is closed only once its record
// was read: what is cut off in between is done again.
func (s *Sweeper) Missed(ctx context.Context) (Missed, error) {
	var m Missed
	now := s.o.Clock.Now()
	if halts, err := store.Halts(ctx, s.o.DB); err != nil || len(halts) > 0 {
		return m, mysqldb.Explain(err) // what Odoo says now may be another one's word
	}
	if err := s.askStreams(ctx, now); err != nil {
		return m, err
	}
	skipped, err := queue.NoteMissing(ctx, s.o.DB, now, Grace)
	for _, gap := range skipped {
		s.o.Logger.Warn("numbers of webhooks are missing, too many to be looked for: poll and sweep find what they told",
			zap.String("stream", gap.Stream), zap.Int64("from", gap.From), zap.Int64("to", gap.Upto))
	}
	if err != nil || !s.showsDeliveries(now) {
		return m, err
	}
	for ctx.Err() == nil {
		stream, missing, err := queue.DueMissing(ctx, s.o.DB, now, deliveriesAtOnce)
		if err != nil || len(missing) == 0 {
			return m, err
		}
		told, err := s.deliveries(ctx, stream, missing)
		if s.noteHidden(err, now) {
			return m, nil
		}
		if err != nil {
			return m, err
		}
		one := look{s: s, stream: stream, now: now, told: told}
		if err := one.repair(ctx, missing, &m); err != nil {
			return m, err
		}
	}
	return m, ctx.Err()
}

// look is one turn of a stream. All of it goes by the time it began at: each
// number has one turn, whatever the clock does meanwhile.
type look struct {
	s      *Sweeper
	stream string
	now    time.Time
	told   map[int64]delivery

	done, forgotten, wait []int64
}

// repair reads the records of what Odoo is done with. What it will still send,
// or cannot be synced now, is looked at again after another grace.
func (l *look) repair(ctx context.Context, missing []queue.Missing, m *Missed) error {
	byModel := map[string][]delivery{}
	for _, one := range missing {
		d, known := l.told[one.Number]
		d.late = l.now.Sub(one.Since) >= patience
		switch {
		case !known, d.nonsense && d.late:
			l.forgotten = append(l.forgotten, one.Number)
		case d.nonsense, d.open && !d.late:
			l.wait = append(l.wait, one.Number)
		default:
			byModel[d.model] = append(byModel[d.model], d)
		}
	}
	for model, list := range byModel {
		if err := l.model(ctx, model, list); err != nil {
			return err // those of this round that were read are read once more
		}
	}
	db := l.s.o.DB
	if n := len(l.forgotten); n > 0 {
		l.s.o.Logger.Warn("webhooks did not arrive, and what they told cannot be read from Odoo: poll and sweep find it", zap.String("stream", l.stream), zap.Int("webhooks", n))
	}
	if err := queue.CloseMissing(ctx, db, l.stream, slices.Concat(l.done, l.forgotten)); err != nil {
		return err
	}
	m.Repaired, m.Forgotten = m.Repaired+int64(len(l.done)), m.Forgotten+int64(len(l.forgotten))
	return queue.WaitMissing(ctx, db, l.stream, l.wait, l.now.Add(Grace))
}

// model reads the records of one model. What is wrong with one model keeps no
// other from being read; a side that is out of reach ends the look.
func (l *look) model(ctx context.Context, model string, list []delivery) error {
	read, err := l.s.readMissed(ctx, model, list)
	if code := record.CodeOf(err); err != nil && (ctx.Err() != nil || !code.Final() && code != record.CodeConfig) { // CodeConfig: no right to the model
		return err
	}
	if err != nil {
		l.s.o.Logger.Warn("webhooks did not arrive, and their records cannot be read now", zap.String("model", model), zap.Int("webhooks", len(list)), logs.Failure(err))
	}
	for _, d := range list {
		switch {
		case read[d.id]:
			l.done = append(l.done, d.number)
		case d.late && err != nil:
			l.forgotten = append(l.forgotten, d.number)
		default:
			l.wait = append(l.wait, d.number)
		}
	}
	return nil
}

// readMissed syncs the records and tells which are through, or refused for good.
func (s *Sweeper) readMissed(ctx context.Context, model string, list []delivery) (map[int64]bool, error) {
	began := s.o.Clock.Now()
	targets := make([]reconcile.Target, len(list))
	for i, d := range list {
		targets[i] = reconcile.Target{OdooID: d.id, Into: d.into, Deletion: d.deletes, Cause: store.Cause{Kind: "missed"}}
	}
	results, err := s.o.Engine.SyncRecords(ctx, model, targets)
	read, counts := map[int64]bool{}, Counts{}
	for _, r := range results {
		final := r.Err != nil && !reconcile.Held(r.Err) && record.CodeOf(r.Err).Final()
		if final {
			s.o.Logger.Warn("a webhook did not arrive, and its record was refused", zap.String("model", model), zap.Int64("odoo_id", r.OdooID), logs.Failure(r.Err))
			if shown := s.o.Engine.ShowRefusal(ctx, model, r); shown != nil {
				continue
			}
		}
		if r.Err == nil || final {
			read[r.OdooID] = true
			counts[Repaired]++
			s.o.Logger.Info("a webhook did not arrive; its record was read", zap.String("model", model), zap.Int64("odoo_id", r.OdooID), zap.String("kind", string(r.Found)))
		}
	}
	if err != nil || counts[Repaired] == 0 {
		return read, err
	}
	run := &store.Run{Kind: "missed", Cause: "schedule"}
	if err := store.StartRun(ctx, s.o.DB, began, run); err != nil {
		return read, mysqldb.Explain(err)
	}
	run.State, run.Counts, run.Done, run.Total = store.RunDone, counts, counts[Repaired], counts[Repaired]
	return read, mysqldb.Explain(store.SaveRun(ctx, s.o.DB, s.o.Clock.Now(), run))
}
