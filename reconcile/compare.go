package reconcile

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"odoosync/internal/logs"
	"odoosync/internal/record"
	"odoosync/odooclient"
)

// Compare and set: with our module, Odoo itself writes only to the version of a
// record that the merge was based on. The version is asked for before the record
// is read: an edit in between makes the write fail and not the other way round.

// maxRaces is how often a row is merged anew in one turn because its record moved
// on. Whoever edits faster than that is let finish: the row has its next turn later.
const maxRaces = 3

// compareAgain is when a model without the module is asked again: it may have
// been installed since.
const compareAgain = 10 * time.Minute

// errMoved: the record is of another version by now, and nothing was written.
var errMoved = errors.New("the record was changed in Odoo")

// compareAndSet remembers which models have it. A preview's engine shares it.
type compareAndSet struct {
	mu    sync.Mutex
	known map[string]bool
	asked map[string]time.Time
}

func newCompareAndSet() *compareAndSet {
	return &compareAndSet{known: map[string]bool{}, asked: map[string]time.Time{}}
}

func (c *compareAndSet) has(model string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[model]
}

func (c *compareAndSet) due(model string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, asked := c.asked[model]
	return !c.known[model] && (!asked || !now.Before(at.Add(compareAgain)))
}

func (c *compareAndSet) note(model string, has bool, now time.Time) (changed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed = c.known[model] != has
	c.known[model], c.asked[model] = has, now
	return changed
}

// compares reports whether writes to the model's records can compare. Where they
// can, it asks no more: the first call that finds the module gone says so.
func (e *Engine) compares(ctx context.Context, model string) (bool, error) {
	if !e.sets.due(model, e.clock.Now()) {
		return e.sets.has(model), nil
	}
	_, err := e.remote.Versions(ctx, model, nil)
	switch {
	case errors.Is(err, odooclient.ErrNoModule), record.CodeOf(err).Final():
		e.sets.note(model, false, e.clock.Now()) // not there, or not for us
		return false, nil
	case err != nil:
		return false, err
	}
	if e.sets.note(model, true, e.clock.Now()) {
		e.log.Info("Odoo has the module: writes compare versions", zap.String("model", model))
	}
	return true, nil
}

// forgetCompare is called when the module is gone.
func (e *Engine) forgetCompare(model string) {
	if e.sets.note(model, false, e.clock.Now()) {
		e.log.Warn("Odoo's module is gone, or older than this daemon: writes no longer compare versions. Upgrade the module in Odoo (docs/odoo.md)", zap.String("model", model))
	}
}

// originOf is the context that marks our writes, nil without the module.
func (e *Engine) originOf(model string) map[string]any {
	if !e.sets.has(model) {
		return nil
	}
	return odooclient.Origin
}

// readVersions asks for the versions of the records of a push.
func (b *batch) readVersions(ctx context.Context, ids []int64) error {
	if b.out == nil {
		return nil
	}
	has, err := b.engine.compares(ctx, b.model)
	if err != nil || !has {
		return err
	}
	b.odooVersions, err = b.versionsOf(ctx, ids)
	return err
}

// versionsOf asks for versions. Without the module, or where Odoo refuses to tell
// them, there are none: writes have the look before the call instead.
func (b *batch) versionsOf(ctx context.Context, ids []int64) (map[int64]string, error) {
	found, err := b.engine.remote.Versions(ctx, b.model, ids)
	switch {
	case errors.Is(err, odooclient.ErrNoModule):
		b.engine.forgetCompare(b.model)
		return nil, nil
	case record.CodeOf(err).Final():
		b.engine.log.Warn("Odoo does not tell the versions of records: their writes do not compare now", zap.String("model", b.model), zap.Int("records", len(ids)), logs.Failure(err))
		return nil, nil
	}
	return found, err
}

// readWrittenVersions asks again for the versions of what the push has written, once it is
// read: an edit in between would pass for what Odoo made of the write.
func (b *batch) readWrittenVersions(ctx context.Context) error {
	if b.out == nil || b.odooVersions == nil {
		return nil
	}
	var ids []int64
	for id, t := range b.targets {
		if t.Push.writtenAs() != "" {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var err error
	b.writtenVersions, err = b.versionsOf(ctx, ids)
	return err
}

// needsLook reports that only a look right before the call tells whether the record
// moved: its call does not compare, or not in all that it does.
func (j *job) needsLook() bool {
	adds := slices.ContainsFunc(j.lines, func(l lineCells) bool { return l.op == record.LineAdd })
	return j.raw != nil && (j.version == "" || j.intent.Step != stepUpdate || adds)
}

func (j *job) moved() error {
	return record.Errorf(record.CodeRetryable, "%s %d was changed in Odoo while its row was about to be sent", j.entity.Model, j.link.OdooID)
}

// write changes the job's record, or says errMoved and does nothing.
func (r *pushRun) write(ctx context.Context, j *job, values map[string]any) error {
	e, model, extra := r.engine, j.entity.Model, r.contextOf(j.entity, 1, j.company())
	if j.version == "" {
		return e.remote.Write(ctx, model, []int64{j.link.OdooID}, values, extra)
	}
	as, err := e.remote.WriteIf(ctx, model, j.link.OdooID, odooclient.Expected{Version: j.version, Token: j.intent.Token}, values, extra)
	switch {
	case errors.Is(err, odooclient.ErrNoModule):
		e.forgetCompare(model)
		return errMoved // nothing was written: it is merged anew, without a version
	case err == nil && as == "":
		return errMoved
	case err == nil:
		j.push.told = &told{writtenAs: as}
	}
	return err
}

// askWritten asks whether an open write was made, and as which version.
func (r *pushRun) askWritten(ctx context.Context, model string, id int64, in *intent) (string, error) {
	as, err := r.engine.remote.WrittenAs(ctx, model, id, in.Token)
	switch {
	case errors.Is(err, odooclient.ErrNoModule):
		r.engine.forgetCompare(model)
		return "", nil
	case record.CodeOf(err).Final():
		return "", nil // it does not tell: as without the module
	}
	return as, err
}

// asksWritten reports that Odoo can be asked whether the write of the intent was
// made: it remembers the tokens of those that compare.
func (w *writer) asksWritten(in *intent, push *Push) bool {
	compares := in.Step == stepUpdate && len(in.Keys) == 0 || in.Step == stepDelete && w.entity.OnLocalDelete == "archive"
	return push != nil && push.told == nil && compares && w.batch.odooVersions != nil
}

// editedSince reports that somebody wrote to the record after the push did.
func (w *writer) editedSince(p *plan) bool {
	as, is := p.push.writtenAs(), w.batch.writtenVersions[p.item.id]
	return as != "" && is != "" && as != is
}

// mergeAgain takes the intent of a write back that found another version, and
// gives its record another round.
func (r *pushRun) mergeAgain(ctx context.Context, j *job) []Target {
	j.push.races++
	if j.push.races > maxRaces {
		r.abandon(ctx, j, j.moved())
		return nil
	}
	if err := r.takeBack(ctx, j, j.moved()); err != nil {
		r.fail(j.push, errors.Join(j.moved(), err))
		return nil
	}
	return []Target{{OdooID: j.link.OdooID, Cause: outboxCause(j.push), Push: j.push}}
}
