package reconcile

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/reconcile/merge"
)

// plan is what one transaction does to one record: pure data, made from the
// locked state and carried out by the writer.
type plan struct {
	item   item
	push   *Push       // set when the record is synced to send its changes
	link   *store.Link // nil: no trace of the record here
	before store.Link  // the link as it was
	row    *store.Row  // nil: no row

	insert  bool
	remove  bool           // the row is deleted
	set     record.Fields  // columns by field name
	columns map[string]any // further columns as the driver takes them (deleted_at)
	lines   []record.LineChange
	op      string // what sync_changes calls it; "" when nothing changes
	changes record.Changes
	sent    *intent // a write to Odoo that is confirmed: it goes into the history too

	state     store.State
	message   string
	touch     bool // the link is written
	merged    bool // both sides were compared: conflicts are all there are
	conflicts []record.Conflict
	outcome   Outcome

	ignored  []string          // fields that Odoo kept although they were written
	replaced []record.Conflict // values that were written, and something else is there now
	intent   *intent           // the next write to Odoo
	refusal  error             // why the push's edits end without having arrived
	enqueue  bool              // a push has to follow
	detach   bool              // the row begins anew, without this link

	adopted bool         // the row and the record are linked for the first time
	out     merge.Result // what the merge found for both sides

	unclear bool // Odoo has to be asked what became of a write before it is confirmed
	rests   bool // a write whose answer was lost may still be made
}

// plan decides about one record.
func (w *writer) plan(it item) (*plan, error) {
	p := &plan{item: it, link: w.links[it.id], changes: record.Changes{}, push: w.pushOf(it.id)}
	if p.link != nil {
		p.before = *p.link
		if row, ok := w.rows[p.link.LocalID]; ok && p.link.LocalID != "" {
			p.row = &row
		}
	}
	defer func() { w.outcomes[it.id], w.findings[it.id] = p.outcome, w.finding(p) }()
	defer p.seen()
	switch it.fate {
	case gone:
		return p, w.planGone(p)
	case hidden:
		p.mark(w.entity, store.Hidden, fmt.Sprintf("%s %d exists in Odoo but the sync user may not read it; its row is left as it is",
			w.entity.Model, it.id))
		return p, nil
	case left:
		if p.link == nil {
			p.outcome = Ignored
			p.remember(w.entity.Name, store.Left, "")
			return p, nil
		}
		p.mark(w.entity, store.Left, fmt.Sprintf("%s %d no longer belongs to what is mapped to %s; its row is left as it is",
			w.entity.Model, it.id, w.entity.Table))
		return p, nil
	case unborn:
		if p.row == nil {
			p.outcome = Ignored
			return p, nil
		}
	}
	return p, w.planMerge(p)
}

// pushOf is the push a record is synced for, nil for none of this entity.
func (w *writer) pushOf(id int64) *Push {
	if p := w.batch.targets[id].Push; p != nil && p.Entity == w.entity.Name {
		return p
	}
	return nil
}

// mark notes on a known record why it is not synced. A tombstone stays one, or
// its row would not be revived with its record.
func (p *plan) mark(entity *mapping.Entity, s store.State, message string) {
	p.outcome = Ignored
	if p.push != nil {
		p.refuse(entity, record.Errorf(record.CodeDenied, "%s", message))
	}
	if p.link == nil || p.link.State == s || p.link.State == store.DeletedState {
		return
	}
	p.state, p.message, p.touch = s, message, true
}

// remember makes a link, without a row, for a record that is not ours: another
// sync that read it before must find that it was judged since.
func (p *plan) remember(entity string, s store.State, message string) {
	p.link = &store.Link{Entity: entity, OdooID: p.item.id}
	p.state, p.message, p.touch = s, message, true
}

// planMerge compares the three states of a record that exists in Odoo.
func (w *writer) planMerge(p *plan) error {
	local := w.local(p)
	var base record.Base
	if p.link != nil {
		base = p.link.Base
	}
	base, err := w.confirm(p, base, local)
	if err != nil || p.unclear || p.rests {
		p.outcome = Merged
		return err
	}
	if w.deletedHere(p, local) {
		return w.planLocallyGone(p, base)
	}
	in := merge.Input{Base: base, Odoo: &p.item.record, Local: local, Rules: w.mergeRules(local), OdooTime: p.item.record.WriteDate,
		LocalTimes: w.localTimes(p), Adopt: merge.Policy(w.entity.Adopt), Alike: alike}
	if local == nil { // new, or deleted here where only Odoo may: it comes back
		in.Base = record.Base{}
	}
	out := merge.Merge(in)
	p.merged = true
	p.set, p.lines, p.conflicts = out.ToLocal, out.LocalLines, append(out.Conflicts, p.replaced...)
	p.insert = local == nil
	p.describe(out, local)
	w.revive(p)
	if p.adopted = local != nil && base.IsZero() && p.sent == nil; p.adopted {
		p.op = "adopt"
	}
	p.state = linkState(out)
	p.waitForParents()
	p.outcome = Merged
	if p.op != "" {
		p.outcome = Applied
	}
	p.agree(w.entity.Name, out.Next)
	if err := w.outward(p, out); err != nil {
		return err
	}
	p.touch = p.touch || w.worthSaving(p, base, out.Next)
	return nil
}

// waitForParents shows a row whose reference has no row here yet for what it is:
// it is synced again when the parent has come.
func (p *plan) waitForParents() {
	if len(p.item.missing) == 0 || p.state != store.Synced {
		return
	}
	m := p.item.missing[0]
	p.state = store.Pending
	p.message = fmt.Sprintf("%s is empty until %s, record %d in Odoo, has a row here", m.Field, m.Entity, m.OdooID)
}

func linkState(out merge.Result) store.State {
	for _, c := range out.Conflicts {
		if c.Winner == "" {
			return store.InConflict
		}
	}
	if len(out.ToOdoo) > 0 || len(out.OdooLines) > 0 {
		return store.Pending
	}
	return store.Synced
}

// agree puts the new base into the link, making one for a new record.
func (p *plan) agree(entity string, base record.Base) {
	if p.link == nil {
		p.link = &store.Link{Entity: entity, OdooID: p.item.id}
	}
	p.link.Base = base
	p.link.WriteDate = p.item.record.WriteDate
	p.link.CreateDate = p.item.record.CreateDate
	p.link.DeletedBy = ""
}

// worthSaving spares the poll and the sweep the write of a link that says the
// same as before, once the record is settled. Anybody else raises the version:
// an older read of the record may be on its way here, and must not win.
func (w *writer) worthSaving(p *plan, base, next record.Base) bool {
	l := &p.before
	switch w.batch.targets[p.item.id].Cause.Kind {
	case "poll", "sweep":
	default:
		return true
	}
	return l.ID == 0 || p.op != "" || len(p.conflicts) > 0 || l.State != p.state || l.Error != p.message || l.Intent != nil ||
		!l.WriteDate.Equal(p.item.record.WriteDate) || w.now.Sub(l.WriteDate) < w.batch.engine.settled ||
		len(p.item.missing) > 0 || !reflect.DeepEqual(base, next)
}

// local is the row as the merge sees it, nil when there is none.
func (w *writer) local(p *plan) *record.Record {
	if p.row == nil {
		return nil
	}
	out := &record.Record{Entity: w.entity.Name, LocalID: p.row.ID, OdooID: p.item.id, Fields: w.entity.DecodeRow(p.row.Columns)}
	for _, child := range w.entity.Children {
		out.Lines = withChild(out.Lines, child, w.children[child.Name][p.row.ID])
	}
	return out
}

// describe writes down, for sync_changes, what the plan does to the row.
func (p *plan) describe(out merge.Result, local *record.Record) {
	for _, c := range out.Changes {
		if c.Side == record.Local {
			p.changes[c.Field] = [2]record.Value{c.Old, c.New}
		}
	}
	if p.insert {
		p.describeNew("", p.set)
	}
	for _, l := range p.lines {
		p.describeLine(l, local)
	}
	switch {
	case p.insert:
		p.op = "create"
	case len(p.changes) > 0 || len(p.lines) > 0:
		p.op = "update"
	}
}

// describeNew leaves out what is empty: in a new row it tells nothing.
func (p *plan) describeNew(prefix string, fields record.Fields) {
	for name, v := range fields {
		if !v.IsNull() {
			p.changes[prefix+name] = [2]record.Value{record.Null, v}
		}
	}
}

// describeLine tells what the merge's changes do not: lines that come, go or
// move.
func (p *plan) describeLine(l record.LineChange, local *record.Record) {
	key := lineLabel(l.Child, l.OdooID)
	if l.OdooID == 0 {
		key = fmt.Sprintf("%s[%d]", l.Child, l.Position)
	}
	switch l.Op {
	case record.LineAdd:
		p.describeNew(key+".", l.Fields)
	case record.LineRemove:
		p.changes[key] = [2]record.Value{record.Text("row " + l.LocalID), record.Null}
	case record.LineUpdate:
		i := slices.IndexFunc(local.Lines[l.Child], func(x record.Line) bool { return x.LocalID == l.LocalID })
		if old := local.Lines[l.Child][i].Position; old != l.Position {
			p.changes[key+".position"] = [2]record.Value{record.Text(strconv.Itoa(old)), record.Text(strconv.Itoa(l.Position))}
		}
	}
}

// lineLabel is how changes and conflicts name a line of Odoo's.
func lineLabel(child string, odooID int64) string { return fmt.Sprintf("%s[odoo:%d]", child, odooID) }
