package reconcile

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/reconcile/merge"
)

// confirm moves the base for a write to Odoo that was made: by this push, or by
// somebody whose time has run out and who left its outcome unknown.
func (w *writer) confirm(p *plan, base record.Base, local *record.Record) (record.Base, error) {
	in, err := intentOf(p.link)
	if err != nil || in == nil {
		return w.revived(p, base, local), err
	}
	mine := p.push != nil && p.push.done != nil && p.push.done.Token == in.Token
	if mine {
		in = p.push.done // it knows the lines' ids
	}
	unknown := (!mine || p.push.unanswered) && p.push.writtenAs() == ""
	if unknown && w.asksWritten(in, p.push) {
		p.unclear = true // the intent stays until it is known what was done
		return base, nil
	}
	if in.Step == stepDelete {
		base = w.archived(p, base, !unknown && w.editedSince(p))
		made := !unknown || p.link.DeletedBy == record.Local
		if !made && w.rests(p) {
			return base, nil
		}
		p.confirmed(in, made)
		return w.revived(p, base, local), nil
	}
	if !in.findLines(base, p.item.record, p.push, !unknown && !in.late) {
		p.unclear = true
		return base, nil
	}
	next, got := merge.Confirm(merge.Written{Base: base, Sent: in.Sent, Odoo: &p.item.record, Local: local, Rules: w.mergeRules(local),
		Unknown: unknown, Late: in.late, Edited: w.editedSince(p), Row: in.Row, Alike: alike})
	if got.Unsure && w.rests(p) {
		return base, nil
	}
	p.confirmed(in, !got.Unsure)
	p.replaced = got.Replaced
	if mine {
		p.ignored = got.Ignored
	}
	return next, nil
}

// confirmed ends an intent. What was not made has no history.
func (p *plan) confirmed(in *intent, made bool) {
	clearIntent(p.link)
	if made {
		p.sent = in
	}
}

// rests reports that a write whose answer was lost may still be made: its intent
// stays until its time is over.
func (w *writer) rests(p *plan) bool {
	p.rests = w.now.Before(p.link.Deadline)
	if p.rests {
		w.waiting[p.item.id] = errBusy(w.entity.Name, p.item.id)
	}
	return p.rests
}

// archived accepts, as the outcome of our own delete, that a record was
// archived: nobody edited it. One that is active because somebody wrote since was
// archived too: that it is active is an edit.
func (w *writer) archived(p *plan, base record.Base, edited bool) record.Base {
	active, read := w.batch.raws[p.item.id]["active"].(bool)
	if !read || active && !edited {
		return base
	}
	if !active {
		p.link.DeletedBy = record.Local
	}
	next := record.Base{Fields: maps.Clone(base.Fields), Lines: base.Lines}
	for _, f := range w.entity.Fields {
		if pair, agreed := next.Fields[f.Name]; agreed && f.Source == "active" {
			pair.Odoo = p.item.record.Fields[f.Name]
			if active {
				pair.Odoo = record.Text("0")
			}
			next.Fields[f.Name] = pair
		}
	}
	return next
}

// revived lets a row that came back to life count, as it stands, as an edit
// over its tombstone.
func (w *writer) revived(p *plan, base record.Base, local *record.Record) record.Base {
	if p.link == nil || p.link.DeletedBy != record.Local || local == nil || w.marked(p) {
		return base
	}
	next := record.Base{Fields: record.Pairs{}, Lines: base.Lines}
	for name, pair := range base.Fields {
		if local.Fields[name] != pair.Odoo {
			pair.Local = record.Null
		}
		next.Fields[name] = pair
	}
	return next
}

// alike tells a normal form from another value: the same letters and digits, or
// a number that was rounded.
func alike(a, b record.Value) bool {
	if a.IsNull() || b.IsNull() {
		return false
	}
	x, errX := decimal.NewFromString(a.Text())
	y, errY := decimal.NewFromString(b.Text())
	if errX == nil && errY == nil { // two numbers: 15 is no spelling of 1.5
		return strings.Contains(a.Text(), ".") && strings.Contains(b.Text(), ".") && x.Sub(y).Abs().LessThan(rounding)
	}
	return mapping.Fold(a.Text()) == mapping.Fold(b.Text())
}

// rounding is more than Odoo's coarsest precision, two decimals, takes away.
var rounding = decimal.New(1, -2)

// findLines gives added lines the ids they got in Odoo: the ones that no base
// knows, in the order they were sent, because Odoo's ids grow. Where somebody
// added lines of his own meanwhile, or a part of ours is not there, the counts
// differ: then false, and the push asks for each by its external id. It always
// asks where the write was not answered just now: a line of somebody's may stand
// in the place of one of ours.
func (in *intent) findLines(base record.Base, r record.Record, push *Push, answered bool) bool {
	for child, lines := range in.Sent.Lines {
		fresh := freshLines(base.Lines[child], r.Lines[child])
		added := 0
		for i := range lines {
			if lines[i].Op != record.LineAdd {
				continue
			}
			switch {
			case push.lineIDs() != nil:
				lines[i].OdooID = push.lineIDs()[in.key(child, lines[i].LocalID)]
			case added < len(fresh):
				lines[i].OdooID = fresh[added]
			}
			added++
		}
		if (len(fresh) != added || !answered) && push.lineIDs() == nil && added > 0 {
			return false
		}
	}
	return true
}

// key is the end of an added line's external id.
func (in *intent) key(child, localID string) string { return in.lineKey(child, localID).Key }

func freshLines(bases []record.LineBase, lines []record.Line) []int64 {
	var fresh []int64
	for _, l := range lines {
		if !slices.ContainsFunc(bases, func(b record.LineBase) bool { return b.OdooID == l.OdooID }) {
			fresh = append(fresh, l.OdooID)
		}
	}
	slices.Sort(fresh)
	return fresh
}

// localTimes are when the fields of a row were edited here, by the labels the
// merge uses.
func (w *writer) localTimes(p *plan) map[string]time.Time {
	columns := w.times[p.localID()]
	if len(columns) == 0 {
		return nil
	}
	out := map[string]time.Time{}
	for _, f := range w.entity.Fields {
		if at, ok := columns[f.Column]; ok {
			out[f.Name] = at
		}
	}
	for _, c := range w.entity.Children {
		for _, line := range p.before.Base.Lines[c.Name] {
			for _, f := range c.Fields {
				if at, ok := columns[c.Table+"."+f.Column]; ok {
					out[lineLabel(c.Name, line.OdooID)+"."+f.Name] = at
				}
			}
		}
	}
	return out
}

// readTimes asks the outbox when the locked rows were edited.
func (w *writer) readTimes(ctx context.Context, localIDs []string) error {
	if w.batch.engine.outbox == nil || w.entity.Direction == mapping.ToAPI || len(localIDs) == 0 {
		return nil
	}
	var err error
	w.times, err = queue.PendingTimesTx(ctx, w.tx, w.entity.Name, localIDs)
	return err
}

// outlive takes an intent off a link once its time is over and no push is left
// to find out what it did: odoo.url was taken out of the settings since.
func (w *writer) outlive(l *store.Link) {
	if w.batch.engine.outbox == nil && l != nil && l.Intent != nil && !w.now.Before(l.Deadline) {
		clearIntent(l)
	}
}

// busy reports a link that is being written to Odoo. Only the push that does it
// may go on, or another once the time is over: what the write did is its
// business to find out, because lines may have to be asked for.
func (w *writer) busy(l *store.Link, push *Push) bool {
	if l == nil || l.Intent == nil {
		return false
	}
	mine := push != nil && push.done != nil && strings.Contains(string(l.Intent), push.done.Token)
	return !mine && (push == nil || w.now.Before(l.Deadline))
}
