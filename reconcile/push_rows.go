package reconcile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
)

// pushRun is one batch of edits on its way. It belongs to one goroutine.
type pushRun struct {
	pusher  *Pusher
	engine  *Engine
	visited map[rowKey]bool  // rows that are or were worked: a cycle of references ends there
	later   map[rowKey]*Push // rows without a record that have their turn, unless one that refers to them comes first
	errs    map[rowKey]error
	ended   map[rowKey]bool // went through
	finder  *finder
}

func newPushRun(p *Pusher) *pushRun {
	return &pushRun{pusher: p, engine: p.engine, visited: map[rowKey]bool{}, later: map[rowKey]*Push{}, errs: map[rowKey]error{}, ended: map[rowKey]bool{}, finder: newFinder(p.engine)}
}

func (r *pushRun) fail(push *Push, err error) { r.errs[rowKey{push.Entity, push.LocalID}] = err }

// rows pushes rows of one entity. An error means that a side is out of reach:
// the rows that ended before are marked.
func (r *pushRun) rows(ctx context.Context, entity *mapping.Entity, pushes []*Push) error {
	if why, err := r.engine.haltOf(ctx, entity.Model); err != nil || why != nil {
		for _, push := range pushes {
			r.fail(push, why)
		}
		return mysqldb.Explain(err)
	}
	ids := make([]string, len(pushes))
	for i, push := range pushes {
		ids[i] = push.LocalID
	}
	links, err := store.LinksOfRows(ctx, r.engine.db, entity.Name, ids)
	if err != nil {
		return mysqldb.Explain(err)
	}
	var known []Target
	var unlinked []*Push
	for _, push := range pushes {
		if l := links[push.LocalID]; l != nil && l.OdooID != 0 {
			r.visited[rowKey{entity.Name, push.LocalID}] = true
			known = append(known, Target{OdooID: l.OdooID, Cause: outboxCause(push), Push: push})
			continue
		}
		r.later[rowKey{entity.Name, push.LocalID}] = push
		unlinked = append(unlinked, push)
	}
	detached, err := r.known(ctx, entity, known)
	if err != nil {
		return err
	}
	unlinked = slices.DeleteFunc(unlinked, func(push *Push) bool { // a known one referred to it: it is done
		key := rowKey{entity.Name, push.LocalID}
		before := r.visited[key]
		r.visited[key] = true
		return before
	})
	return r.unlinked(ctx, entity, append(unlinked, detached...))
}

// maxSteps bounds the calls one row may need in a turn: fields, new lines (a call
// for each run of them that fills other columns), and a state on the other end of
// the longest way of methods.
const maxSteps = 50

// known syncs rows that have a record: what the merge finds for Odoo is sent,
// read back and confirmed, a step at a time. It returns those whose record is
// gone for good and that begin anew.
func (r *pushRun) known(ctx context.Context, entity *mapping.Entity, targets []Target) (detached []*Push, err error) {
	for steps := 0; len(targets) > 0; steps++ {
		out := &outbound{}
		results, err := r.engine.syncChunk(ctx, entity.Model, r.engine.mapping.ByModel(entity.Model), targets, newTrail(), out)
		r.note(results)
		if err != nil {
			return detached, err
		}
		detached = append(detached, out.detached...)
		if targets, err = r.ask(ctx, entity, out.unclear); err != nil {
			return detached, err
		}
		if steps >= maxSteps {
			for _, j := range out.jobs {
				r.abandon(ctx, j, record.Errorf(record.CodeRetryable, "%s %s needed more than %d steps; it goes on later", entity.Name, j.push.LocalID, maxSteps))
			}
			continue
		}
		sent, err := r.send(ctx, entity, out.jobs)
		if err != nil {
			return detached, err
		}
		targets = append(targets, sent...)
	}
	return detached, nil
}

// note keeps what became of the rows of a sync.
func (r *pushRun) note(results []Result) {
	for _, result := range results {
		if result.Push == nil {
			continue
		}
		key := rowKey{result.Push.Entity, result.Push.LocalID}
		switch {
		case result.Err != nil:
			r.errs[key] = result.Err
		case result.Push.refused != nil:
			r.errs[key] = result.Push.refused
		default:
			r.ended[key] = true
		}
	}
}

// ask asks Odoo what became of open writes: which lines are ours, by their
// external ids, where the counts left it open, and whether a write was made.
func (r *pushRun) ask(ctx context.Context, entity *mapping.Entity, pushes []*Push) ([]Target, error) {
	var again []Target
	for _, push := range pushes {
		links, err := store.LinksOfRows(ctx, r.engine.db, entity.Name, []string{push.LocalID})
		if err != nil {
			return nil, mysqldb.Explain(err)
		}
		l := links[push.LocalID]
		in, err := intentOf(l)
		if err != nil || in == nil {
			r.fail(push, err)
			continue
		}
		if push.told, err = r.askOne(ctx, entity, l, in); err != nil {
			return again, err
		}
		again = append(again, Target{OdooID: l.OdooID, Cause: outboxCause(push), Push: push})
	}
	return again, nil
}

func (r *pushRun) askOne(ctx context.Context, entity *mapping.Entity, l *store.Link, in *intent) (*told, error) {
	if len(in.Keys) == 0 {
		as, err := r.askWritten(ctx, entity.Model, l.OdooID, in)
		return &told{writtenAs: as}, err
	}
	out := &told{lineIDs: map[string]int64{}}
	for _, k := range in.Keys {
		id, err := r.engine.remote.ExternalID(ctx, externalModule, externalName(entity, l.UUID, k.Key))
		if err != nil {
			return nil, err
		}
		out.lineIDs[k.Key] = id
	}
	return out, nil
}

// abandon takes an intent back whose call was not made, or was refused whole.
func (r *pushRun) abandon(ctx context.Context, j *job, cause error) {
	r.fail(j.push, errors.Join(cause, r.takeBack(ctx, j, cause)))
}

func (r *pushRun) takeBack(ctx context.Context, j *job, cause error) error {
	return r.engine.db.InTx(context.WithoutCancel(ctx), func(tx *sql.Tx) error {
		links, err := store.LockLinksOfRows(ctx, tx, j.entity.Name, []string{j.push.LocalID})
		if err != nil {
			return err
		}
		l := links[j.push.LocalID]
		if in, err := intentOf(l); err != nil || in == nil || in.Token != j.intent.Token {
			return err // another worker knows better by now
		}
		clearIntent(l)
		l.Version++
		if record.CodeOf(cause).Final() {
			l.State, l.Error = store.Failed, record.Message(cause)
		}
		return store.UpdateLinks(ctx, tx, r.engine.clock.Now(), []*store.Link{l})
	})
}

// refusedRow is an error about a row, with its place.
func refusedRow(entity *mapping.Entity, localID string, err error) error {
	return record.Wrap(record.CodeOf(err), err, "%s %s: %s", entity.Name, localID, record.Message(err))
}

// externalModule is the private prefix of our external ids.
const externalModule = "__odoosync__"

// externalName is the record's external id without its module; key names one of
// its lines.
func externalName(entity *mapping.Entity, uuid, key string) string {
	name := fmt.Sprintf("%s_%s", entity.Name, uuid)
	if key != "" {
		name += "_" + key
	}
	return name
}

// unlinked pushes rows that are no record of Odoo's yet, those first that
// others of them refer to.
func (r *pushRun) unlinked(ctx context.Context, entity *mapping.Entity, pushes []*Push) error {
	fresh, err := r.readNew(ctx, entity, pushes)
	if err != nil {
		return err
	}
	if err := r.parents(ctx, entity, fresh); err != nil {
		return err
	}
	if fresh, err = r.matchNew(ctx, entity, fresh); err != nil {
		return err
	}
	for len(fresh) > 0 {
		ready := slices.DeleteFunc(slices.Clone(fresh), func(n *newRow) bool { return n.refersTo(entity, fresh) })
		if len(ready) == 0 {
			for _, n := range fresh {
				r.fail(n.push, errCircle(entity, n.push.LocalID))
			}
			return nil
		}
		if err := r.create(ctx, entity, ready); err != nil {
			return err
		}
		fresh = slices.DeleteFunc(fresh, func(n *newRow) bool { return slices.Contains(ready, n) })
	}
	return nil
}
