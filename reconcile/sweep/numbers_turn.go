package sweep

import (
	"context"

	"go.uber.org/zap"

	"odoosync/internal/logs"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/reconcile"
)

// turn is what a look does about the numbers of one answer, all of one stream.
type turn struct {
	*look
	stream string

	repaired, refused, forgotten, wait []int64
}

// reading is what a delivery wants to have read.
type reading struct {
	model   string
	id      int64
	into    int64 // the contact that a deleted one was merged into
	deletes bool
}

// verdict is what came of a reading.
type verdict int

const (
	stillOpen verdict = iota
	wasRead
	wasRefused
)

// sort tells what can be read, by model, from what has to wait and from what
// nobody can say any more.
func (t *turn) sort(due []queue.Missing, told map[int64]delivery) map[string][]delivery {
	byModel := map[string][]delivery{}
	for _, missing := range due {
		d, known := told[missing.Number]
		d.late = t.now.Sub(missing.Since) >= patience
		switch {
		case !known, d.nonsense && d.late:
			t.forgotten = append(t.forgotten, missing.Number)
		case d.nonsense, d.open && !d.late:
			t.wait = append(t.wait, missing.Number)
		default:
			byModel[d.model] = append(byModel[d.model], d)
		}
	}
	return byModel
}

// model reads the records of one model. What is wrong with one model keeps no
// other from being read; an error is of a side that is out of reach.
func (t *turn) model(ctx context.Context, model string, list []delivery) error {
	err := t.read(ctx, model, list)
	unreachable := err != nil && away(ctx, err)
	if err != nil && !unreachable {
		t.s.o.Logger.Warn("webhooks did not arrive, and their records cannot be read now", zap.String("model", model), zap.Int("webhooks", len(list)), logs.Failure(err))
	}
	for _, d := range list {
		switch came := t.done[d.reading]; {
		case came == wasRead:
			t.repaired = append(t.repaired, d.number)
		case came == wasRefused:
			t.refused = append(t.refused, d.number)
		case unreachable: // due as before
		case d.late && err != nil:
			t.forgotten = append(t.forgotten, d.number)
		default:
			t.wait = append(t.wait, d.number)
		}
	}
	if unreachable {
		return err
	}
	return nil
}

// read syncs the records that this look has not read yet.
func (t *turn) read(ctx context.Context, model string, list []delivery) error {
	var targets []reconcile.Target
	for _, d := range list {
		if t.done[d.reading] == stillOpen {
			targets = append(targets, reconcile.Target{OdooID: d.id, Into: d.into, Deletion: d.deletes, Cause: store.Cause{Kind: "missed"}})
		}
	}
	if len(targets) == 0 {
		return nil
	}
	results, err := t.s.o.Engine.SyncRecords(ctx, model, targets)
	came := map[int64]verdict{}
	for _, r := range results {
		came[r.OdooID] = t.judge(ctx, model, r)
	}
	for _, d := range list {
		if t.done[d.reading] == stillOpen {
			t.done[d.reading] = came[d.id]
		}
	}
	return err
}

// judge tells what came of a record, and shows why one was refused for good.
func (t *turn) judge(ctx context.Context, model string, r reconcile.Result) verdict {
	log := t.s.o.Logger.With(zap.String("model", model), zap.Int64("odoo_id", r.OdooID))
	switch {
	case r.Err == nil:
		t.records++
		log.Info("a webhook did not arrive; its record was read", zap.String("kind", string(r.Found)))
		return wasRead
	case reconcile.Held(r.Err) || !record.CodeOf(r.Err).Final():
		return stillOpen
	}
	log.Warn("a webhook did not arrive, and its record was refused", logs.Failure(r.Err))
	if err := t.s.o.Engine.ShowRefusal(ctx, model, r); err != nil {
		return stillOpen
	}
	return wasRefused
}

// forget lets go what Odoo cannot say any more, once it has shown that it is the
// database that was synced: another one knows nothing of our numbers.
func (t *turn) forget(ctx context.Context) error {
	if len(t.forgotten) == 0 {
		return nil
	}
	trust, err := none, t.s.o.Engine.GuardDatabase(ctx)
	if err == nil {
		trust, err = t.trust(ctx)
	}
	if err != nil || trust != full {
		t.wait, t.forgotten = append(t.wait, t.forgotten...), nil
		return mysqldb.Explain(err)
	}
	t.s.o.Logger.Warn("webhooks did not arrive, and what they told cannot be read from Odoo: poll and sweep find it", zap.String("stream", t.stream), zap.Int("webhooks", len(t.forgotten)))
	return nil
}

// close ends the numbers whose records were read and puts off the others.
func (t *turn) close(ctx context.Context) error {
	db := t.s.o.DB
	for _, part := range []struct {
		numbers []int64
		count   *int64
	}{{t.repaired, &t.missed.Repaired}, {t.refused, &t.missed.Refused}, {t.forgotten, &t.missed.Forgotten}} {
		if err := queue.CloseMissing(ctx, db, t.stream, part.numbers); err != nil {
			return err
		}
		*part.count += int64(len(part.numbers))
	}
	return queue.WaitMissing(ctx, db, t.stream, t.wait, t.now.Add(Grace))
}
