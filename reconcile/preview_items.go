package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
)

// errPreviewed ends a plan's transaction: everything was decided, and nothing
// may stay.
var errPreviewed = record.Errorf(record.CodeInternal, "a plan changes nothing")

// preview is write without the writing.
func (w *writer) preview(ctx context.Context, items []item) error {
	if _, err := w.decide(ctx, items); err != nil {
		return err
	}
	return errPreviewed
}

// previewPlans tells what the plans of a transaction would do.
func (b *batch) previewPlans(ctx context.Context, w *writer) error {
	d := b.engine.dry
	asks := map[mapping.Ask]bool{}
	var fresh []*plan
	jobs := map[*plan]*job{}
	for _, p := range w.plans {
		if d.wasTold(w.entity.Name, p.item.id) {
			continue
		}
		fresh = append(fresh, p)
		w.previewLink(d, p)
		if p.waitsForOdoo() {
			jobs[p] = w.previewJob(p)
			jobs[p].asks(asks)
		}
	}
	finder, err := b.engine.previewFinder(ctx, asks)
	if err != nil {
		return err
	}
	maps.Copy(d.coming, finder.coming)
	defer clear(d.coming)
	for _, p := range fresh {
		w.previewLocal(d, p)
		if j := jobs[p]; j != nil {
			w.previewOdoo(d, p, j, finder)
		}
		w.previewOpen(d, p)
	}
	return d.failed
}

// previewLink notes a link that only this plan knows of.
func (w *writer) previewLink(d *preview, p *plan) {
	adopted := w.batch.adoptions[w.entity.Name][p.item.id]
	switch {
	case p.insert:
		d.link(w.entity.Name, p.item.id, "")
	case p.row != nil && p.row.ID == adopted:
		d.link(w.entity.Name, p.item.id, adopted)
	}
}

// rowOf is the id of the plan's row, "" for one that is still to be made.
func (p *plan) rowOf() string {
	if p.insert {
		return ""
	}
	return p.localID()
}

func (p *plan) waitsForOdoo() bool {
	return len(p.out.ToOdoo) > 0 || len(p.out.OdooLines) > 0 || p.out.DeleteOdoo
}

// previewLocal tells what happens to the row.
func (w *writer) previewLocal(d *preview, p *plan) {
	if p.op == "" {
		return
	}
	d.tell(PlanItem{Entity: w.entity.Name, LocalID: p.rowOf(), OdooID: p.item.id, Side: record.Local, Op: PlanOp(p.op), Changes: p.changes,
		Conflicts: conflictsWonBy(p.conflicts, record.Odoo)})
}

// previewOpen tells the conflicts that wait for a person.
func (w *writer) previewOpen(d *preview, p *plan) {
	open := conflictsWonBy(p.conflicts, "")
	if len(open) == 0 {
		return
	}
	reason := "both sides have a value of their own, and both are kept until somebody decides"
	if p.message != "" {
		reason = p.message
	}
	d.tell(PlanItem{Entity: w.entity.Name, LocalID: p.rowOf(), OdooID: p.item.id, Side: record.Local, Op: PlanConflict, Conflicts: open, Reason: reason})
}

func conflictsWonBy(all []record.Conflict, winner record.Side) []FieldConflict {
	var out []FieldConflict
	for _, c := range all {
		if c.Winner == winner {
			out = append(out, FieldConflict{Field: c.Field, Odoo: c.Odoo, Local: c.Local, Policy: c.Policy, Winner: c.Winner})
		}
	}
	return out
}

// previewJob is what a push would send of a record, all steps in one.
func (w *writer) previewJob(p *plan) *job {
	in := newIntent(stepUpdate)
	in.Sent.Fields = w.sendable(p.out.ToOdoo)
	in.lines(w.entity, p.out.OdooLines, p.link.Base)
	row := w.local(p)
	if row == nil {
		row = &record.Record{Fields: record.Fields{}}
	}
	for name, v := range p.set {
		row.Fields[name] = v
	}
	return &job{entity: w.entity, push: &Push{Entity: w.entity.Name, LocalID: p.localID()}, link: p.link, intent: in, raw: w.batch.raws[p.item.id], row: *row}
}

// previewOdoo tells what happens to the record, and what of it Odoo has no place
// for.
func (w *writer) previewOdoo(d *preview, p *plan, j *job, finder mapping.Finder) {
	one := PlanItem{Entity: w.entity.Name, LocalID: p.rowOf(), OdooID: p.item.id, Side: record.Odoo, Op: PlanUpdate}
	refuse := func(err error) {
		refused := one
		refused.Op, refused.Reason = PlanRefused, record.Message(err)
		d.tell(refused)
	}
	if p.state == store.Failed && !p.enqueue {
		refuse(record.Errorf(record.CodeRejected, "Odoo has refused it, and nothing changed since: %s", p.message))
		return
	}
	if _, err := w.nextStep(p, p.out); err != nil && (len(j.intent.Sent.Fields) > 0 || len(j.intent.Sent.Lines) > 0 || p.out.DeleteOdoo) {
		refuse(err)
		return
	}
	if p.out.DeleteOdoo {
		one.Op = PlanDelete
		d.tell(one)
		return
	}
	if err := j.encode(finder); err != nil {
		refuse(err)
		return
	}
	states, failures := w.previewStates(p)
	for name, v := range states {
		j.intent.Sent.Fields[name] = v
	}
	one.Changes = w.batch.engine.nameRows(w.entity, outwardChanges(p.out, j.intent.Sent))
	one.Conflicts = conflictsWonBy(p.conflicts, record.Local)
	if len(one.Changes) > 0 {
		d.tell(one)
	}
	for _, err := range failures {
		refuse(err)
	}
}

// previewStates are the states that business methods lead to, and why others
// cannot be reached.
func (w *writer) previewStates(p *plan) (record.Fields, []error) {
	states := record.Fields{}
	var failures []error
	for _, name := range p.out.ToOdoo.Names() {
		if w.entity.Field(name).Sendable() {
			continue
		}
		way, err := w.entity.Steps(name, p.item.record.Fields[name], p.out.ToOdoo[name])
		posts := slices.ContainsFunc(way, func(m mapping.Method) bool { return m.Post })
		if open := slices.IndexFunc(p.conflicts, func(c record.Conflict) bool { return c.Winner == "" }); err == nil && posts && open >= 0 {
			err = errNotPosted(p.conflicts[open])
		}
		if err != nil {
			failures = append(failures, err)
			continue
		}
		states[name] = p.out.ToOdoo[name]
	}
	return states, failures
}

// nameRows says of references to rows that would become records only by this
// reconcile that they do.
func (e *Engine) nameRows(entity *mapping.Entity, changes record.Changes) record.Changes {
	for _, f := range entity.Fields {
		c, changed := changes[f.Name]
		if !changed || f.Kind != mapping.KindReference || c[1].IsNull() {
			continue
		}
		if _, coming := e.dry.coming[rowKey{f.Entity, c[1].Text()}]; coming {
			c[1] = record.Text(fmt.Sprintf("%s (a new record of Odoo's for this row of %s)", c[1].Text(), f.Entity))
			changes[f.Name] = c
		}
	}
	return changes
}

// previewRefusals tells which records of a batch were refused.
func (b *batch) previewRefusals(results []Result) {
	d := b.engine.dry
	if d == nil {
		return
	}
	for _, r := range results {
		if r.Err == nil {
			continue
		}
		var where *mapping.Entity
		for _, entity := range b.entities {
			if !d.wasTold(entity.Name, r.OdooID) && where == nil {
				where = entity
			}
		}
		if where == nil {
			continue
		}
		op := PlanRefused
		if errors.Is(r.Err, errAmbiguous) {
			op = PlanAmbiguous
		}
		d.tell(PlanItem{Entity: where.Name, OdooID: r.OdooID, Side: record.Local, Op: op, Reason: record.Message(r.Err)})
	}
}
