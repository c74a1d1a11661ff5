package sweep

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
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
	Refused   int64 // their records were read and refused; sync_status says why
	Forgotten int64 // Odoo has no delivery of that number any more, or none that can be read
}

// All are the numbers that were closed.
func (m Missed) All() int64 { return m.Repaired + m.Refused + m.Forgotten }

// Missed finds the events that Odoo sent and nobody received, by the holes in
// their numbers, and reads their records. A number is closed only once its record
// was read: what is cut off in between is done again.
func (s *Sweeper) Missed(ctx context.Context) (Missed, error) {
	l := &look{s: s, now: s.o.Clock.Now(), done: map[reading]verdict{}}
	err := l.run(ctx)
	return l.missed, errors.Join(err, l.keep(ctx))
}

// look is one look for what did not arrive. All of it goes by the time it began
// at: each number has one turn, whatever the clock does meanwhile.
type look struct {
	s       *Sweeper
	now     time.Time
	missed  Missed
	done    map[reading]verdict // once for all numbers that tell of a record
	records int64               // that were read
}

func (l *look) run(ctx context.Context) error {
	s := l.s
	trust, err := l.trust(ctx)
	if err != nil || trust == none {
		return err
	}
	if err := s.askStreams(ctx, l.now); err != nil {
		return err
	}
	skipped, err := queue.NoteMissing(ctx, s.o.DB, l.now, Grace)
	for _, gap := range skipped {
		s.o.Logger.Warn("numbers of webhooks are missing, too many to be looked for: poll and sweep find what they told",
			zap.String("stream", gap.Stream), zap.Int64("from", gap.From), zap.Int64("to", gap.Upto))
	}
	if err != nil || trust != full || !s.showsDeliveries(l.now) {
		return err
	}
	for {
		stream, due, err := queue.DueMissing(ctx, s.o.DB, l.now, deliveriesAtOnce)
		if err != nil || len(due) == 0 {
			return err
		}
		told, err := s.deliveries(ctx, stream, due)
		if s.noteHidden(err, l.now) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := l.settle(ctx, stream, due, told); err != nil {
			return err
		}
	}
}

// trust is how far Odoo's word about numbers goes while models are halted.
type trust int

const (
	full     trust = iota
	counters       // a restored Odoo says how far it is; what it lacks may be in the right one
	none           // it is another database
)

func (l *look) trust(ctx context.Context) (trust, error) {
	halts, err := store.Halts(ctx, l.s.o.DB)
	if err != nil {
		return none, mysqldb.Explain(err)
	}
	least := full
	for _, halt := range halts {
		switch {
		case halt.Kind == reconcile.HaltOtherDatabase:
			return none, nil
		case halt.Wide:
			least = counters
		}
	}
	return least, nil
}

// settle reads the records of what Odoo is done with. What it will still send,
// or cannot be synced now, is looked at again after another grace. When a side is
// out of reach the look ends; what was read before is closed all the same.
func (l *look) settle(ctx context.Context, stream string, due []queue.Missing, told map[int64]delivery) error {
	t := &turn{look: l, stream: stream}
	byModel := t.sort(due, told)
	for _, model := range slices.Sorted(maps.Keys(byModel)) {
		if unreachable := t.model(ctx, model, byModel[model]); unreachable != nil {
			t.forgotten = nil // nobody can be asked whether that is so
			return errors.Join(unreachable, t.close(ctx))
		}
	}
	return errors.Join(t.forget(ctx), t.close(ctx))
}

// keep leaves a run of a look that read something.
func (l *look) keep(ctx context.Context) error {
	if l.records == 0 {
		return nil
	}
	run := &store.Run{Kind: "missed", Cause: "schedule"}
	if err := store.StartRun(ctx, l.s.o.DB, l.now, run); err != nil {
		return mysqldb.Explain(err)
	}
	run.State, run.Counts, run.Done, run.Total = store.RunDone, Counts{Repaired: l.records}, l.records, l.records
	return mysqldb.Explain(store.SaveRun(ctx, l.s.o.DB, l.s.o.Clock.Now(), run))
}
