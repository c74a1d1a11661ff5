package sweep

import (
	"context"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"odoosync/internal/logs"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/odooclient"
	"odoosync/reconcile"
)

// Grace is how long a number may be late: deliveries wait for one another, and
// several daemons commit side by side.
const Grace = 2 * time.Minute

// deliveriesAtOnce is how many numbers one call asks about.
const deliveriesAtOnce = 200

// askAgain is how long Odoo is left alone that does not show its deliveries.
const askAgain = 10 * time.Minute

const deliveries = "webhook.delivery"

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
	if err := s.sent(ctx, now); err != nil {
		return m, err
	}
	skipped, err := queue.NoteMissing(ctx, s.o.DB, now, now.Add(Grace))
	for _, gap := range skipped {
		s.o.Logger.Warn("numbers of webhooks are missing, too many to be looked for: poll and sweep find what they told",
			zap.String("stream", gap.Stream), zap.Int64("from", gap.From), zap.Int64("to", gap.Upto))
	}
	if err != nil || !s.showsDeliveries(now) {
		return m, err
	}
	for ctx.Err() == nil {
		stream, numbers, err := queue.DueMissing(ctx, s.o.DB, now, deliveriesAtOnce)
		if err != nil || len(numbers) == 0 {
			return m, err
		}
		told, err := s.deliveries(ctx, stream, numbers)
		if s.hidesDeliveries(err, now) {
			return m, nil
		}
		if err != nil {
			return m, err
		}
		if err := s.repair(ctx, stream, numbers, told, &m); err != nil {
			return m, err
		}
	}
	return m, ctx.Err()
}

// sent keeps the highest number that Odoo has given out in each stream of which
// anything arrived. Where there is none, Odoo is not asked.
func (s *Sweeper) sent(ctx context.Context, now time.Time) error {
	if !s.showsDeliveries(now) {
		return nil
	}
	streams, err := queue.Streams(ctx, s.o.DB)
	if err != nil || len(streams) == 0 {
		return err
	}
	names := make([]any, len(streams))
	for i, one := range streams {
		names[i] = one.Stream
	}
	told := map[string]int64{}
	err = s.o.Odoo.SearchRead(ctx, "webhook.config", []any{[]any{"stream", "in", names}}, []string{"stream", "last_sequence"}, odooclient.Page{Order: "id asc"}, func(raw odooclient.Raw) error {
		if name, _ := raw["stream"].(string); slices.Contains(names, any(name)) {
			told[name], _ = raw["last_sequence"].(int64)
		}
		return nil
	})
	if s.hidesDeliveries(err, now) {
		return nil
	}
	for name, number := range told {
		if err := queue.NoteSent(ctx, s.o.DB, now, name, number); err != nil {
			return err
		}
	}
	return err
}

// delivery is what Odoo says of a number.
type delivery struct {
	number int64
	model  string
	id     int64
	open   bool // it is still to be sent
}

func (s *Sweeper) deliveries(ctx context.Context, stream string, numbers []int64) (map[int64]delivery, error) {
	out := map[int64]delivery{}
	domain := []any{[]any{"config_id.stream", "=", stream}, []any{"sequence", "in", numbers}}
	err := s.o.Odoo.SearchRead(ctx, deliveries, domain, []string{"sequence", "model", "res_id", "state"}, odooclient.Page{Order: "id asc"}, func(raw odooclient.Raw) error {
		var d delivery
		d.number, _ = raw["sequence"].(int64)
		d.model, _ = raw["model"].(string)
		d.id, _ = raw["res_id"].(int64)
		d.open = raw["state"] == "pending"
		if d.model == "" || d.id <= 0 || !slices.Contains(numbers, d.number) {
			return record.Errorf(record.CodeRejected, "Odoo answered with a delivery that was not asked for (number %v)", raw["sequence"])
		}
		out[d.number] = d
		return nil
	})
	return out, err
}

// repair reads the records of what Odoo is done with. What it will still send,
// or cannot be synced now, is looked at again after another grace.
func (s *Sweeper) repair(ctx context.Context, stream string, numbers []int64, told map[int64]delivery, m *Missed) error {
	byModel := map[string][]delivery{}
	var over, wait []int64
	for _, n := range numbers {
		d, known := told[n]
		switch {
		case !known:
			over = append(over, n)
		case d.open:
			wait = append(wait, n)
		default:
			byModel[d.model] = append(byModel[d.model], d)
		}
	}
	forgotten := int64(len(over))
	if forgotten > 0 {
		s.o.Logger.Warn("webhooks did not arrive and Odoo no longer knows what they told: poll and sweep find it", zap.String("stream", stream), zap.Int64("webhooks", forgotten))
	}
	for model, list := range byModel {
		read, err := s.readMissed(ctx, model, list)
		for _, d := range list {
			if read[d.id] {
				over = append(over, d.number)
			} else {
				wait = append(wait, d.number)
			}
		}
		if err != nil {
			return err // those of this round that were read are read once more
		}
	}
	if err := queue.CloseMissing(ctx, s.o.DB, stream, over); err != nil {
		return err
	}
	m.Forgotten, m.Repaired = m.Forgotten+forgotten, m.Repaired+int64(len(over))-forgotten
	return queue.WaitMissing(ctx, s.o.DB, stream, wait, s.o.Clock.Now().Add(Grace))
}

// readMissed syncs the records and tells which are through, or refused for good.
func (s *Sweeper) readMissed(ctx context.Context, model string, list []delivery) (map[int64]bool, error) {
	began := s.o.Clock.Now()
	targets := make([]reconcile.Target, len(list))
	for i, d := range list {
		targets[i] = reconcile.Target{OdooID: d.id, Cause: store.Cause{Kind: "missed"}}
	}
	results, err := s.o.Engine.SyncRecords(ctx, model, targets)
	read, counts := map[int64]bool{}, Counts{}
	for _, r := range results {
		final := r.Err != nil && !reconcile.Held(r.Err) && record.CodeOf(r.Err).Final()
		if final {
			s.o.Logger.Warn("a record was refused", zap.String("model", model), zap.Int64("odoo_id", r.OdooID), logs.Failure(r.Err))
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

// showsDeliveries is false for a while after Odoo did not.
func (s *Sweeper) showsDeliveries(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hidden.IsZero() || !now.Before(s.hidden.Add(askAgain))
}

// hidesDeliveries reports that Odoo has no deliveries, or not for this user, and
// says so once.
func (s *Sweeper) hidesDeliveries(err error, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, isFault := odooclient.AsFault(err)
	hides := isFault && (f.Code == 4 || f.Code == 2 && strings.HasPrefix(f.Message, "Object webhook."))
	if hides && s.hidden.IsZero() {
		s.o.Logger.Warn("Odoo does not show its deliveries: what webhooks that do not arrive told is found by poll and sweep only. Give the sync user the group \"Webhooks: see deliveries\" (docs/odoo.md)",
			logs.Failure(err))
	}
	switch {
	case hides:
		s.hidden = now
	case err == nil:
		s.hidden = time.Time{}
	}
	return hides
}
