package reconcile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/reconcile/merge"
)

// Push makes a target one whose changes are sent to Odoo: of an entity's row,
// for edits that end with it.
type Push struct {
	Entity  string
	LocalID string
	RunID   int64   // of a resync; 0 for none
	Edits   []int64 // completed in the transaction that finds nothing left to send
	refused error   // why its changes did not arrive, once that is noted
	done    *intent // a write that was made: confirm it
	failed  error   // it was refused half-way: what it did is confirmed, then this is shown
	told    *told   // what Odoo said of the write, where it did or was asked

	races      int  // how often its write found a newer record in this turn
	unanswered bool // nobody knows whether the write that is done was made, or will still be
}

// told is what Odoo knows of a write.
type told struct {
	lineIDs   map[string]int64 // its ids of added lines, by their keys; nil: not asked
	writtenAs string           // the version a compared write left; "": not asked, or it was not made
}

func (p *Push) lineIDs() map[string]int64 {
	if p == nil || p.told == nil {
		return nil
	}
	return p.told.lineIDs
}

func (p *Push) writtenAs() string {
	if p == nil || p.told == nil {
		return ""
	}
	return p.told.writtenAs
}

// outward decides what becomes of the changes that Odoo does not have.
//
// A sync for a push notes the next step as an intent, which is sent after the
// commit. Any other sync leaves the work to the push, by way of the outbox,
// unless a trigger has put it there already, or Odoo has refused it and neither
// side changed since.
func (w *writer) outward(p *plan, out merge.Result) error {
	p.out = out
	waits := len(out.ToOdoo) > 0 || len(out.OdooLines) > 0 || out.DeleteOdoo
	if p.push == nil {
		w.leaveToPush(p, waits)
		return nil
	}
	if err := p.push.failed; err != nil {
		p.refuse(w.entity, err)
		return nil
	}
	if !waits {
		return nil
	}
	if len(p.ignored) > 0 {
		out = merge.Result{OdooLines: addedOnly(out.OdooLines)} // new lines are a call of their own, and do not wait for what Odoo keeps
	}
	if len(p.ignored) > 0 && len(out.OdooLines) == 0 {
		p.refuse(w.entity, record.Errorf(record.CodeRejected, "Odoo took the write and kept its own value of %s: Odoo computes it there, or does not let it change now",
			strings.Join(p.ignored, ", ")))
		return nil
	}
	next, err := w.nextStep(p, out)
	if err != nil {
		p.refuse(w.entity, err)
		return nil
	}
	p.intent = next
	p.state, p.touch = store.Pending, true
	return next.note(p.link, w.now)
}

func (w *writer) leaveToPush(p *plan, waits bool) {
	if !waits || w.batch.engine.outbox == nil {
		return
	}
	refused := p.before.State == store.Failed && p.before.WriteDate.Equal(p.item.record.WriteDate)
	if refused {
		p.state, p.message = store.Failed, p.before.Error
		return
	}
	p.enqueue = true
}

// refuse shows why the record's changes cannot go to Odoo. The row keeps them.
func (p *plan) refuse(entity *mapping.Entity, err error) {
	p.state, p.touch = store.Failed, true
	p.message = record.Message(err)
	p.refusal = record.Wrap(record.CodeOf(err), err, "%s %s: %s", entity.Name, p.localID(), record.Message(err))
}

// nextStep is the first of the calls that are still to be made: fields and known
// lines in a write, then new lines, a load for each run of them, then states one
// by one; a delete stands alone. Each is confirmed before the next is noted: a
// call that fails then leaves no half of an intent behind.
func (w *writer) nextStep(p *plan, out merge.Result) (*intent, error) {
	raw := w.batch.raws[p.item.id]
	locked, except := w.entity.Locked(raw)
	if out.DeleteOdoo {
		if locked {
			return nil, record.Errorf(record.CodeRejected, "the row was deleted here, but %s %d is locked in Odoo (an entry that was posted stays): it is kept there", w.entity.Model, p.item.id)
		}
		return newIntent(stepDelete), nil
	}
	in := newIntent(stepUpdate)
	in.Sent.Fields = w.sendable(out.ToOdoo)
	if stays := lockedFields(in.Sent.Fields, except, out.OdooLines); locked && len(stays) > 0 {
		// What may change goes first; the rest is refused once that is there.
		maps.DeleteFunc(in.Sent.Fields, func(name string, _ record.Value) bool { return slices.Contains(stays, name) })
		if len(in.Sent.Fields) == 0 {
			return nil, record.Errorf(record.CodeRejected, "%s %d is locked in Odoo (posted), where only %s may change: %s is not sent", w.entity.Model, p.item.id,
				strings.Join(except, ", "), strings.Join(stays, ", "))
		}
		out.OdooLines = nil
	}
	in.lines(w.entity, knownOnly(out.OdooLines), p.link.Base)
	w.wholeLines(p, out, in)
	if len(in.Sent.Fields) == 0 && len(in.Sent.Lines) == 0 {
		in.lines(w.entity, w.firstRun(out.OdooLines), p.link.Base)
	}
	if len(in.Sent.Fields) > 0 || len(in.Sent.Lines) > 0 {
		in.Changes = outwardChanges(out, in.Sent)
		return in, nil
	}
	return w.stateStep(p, out.ToOdoo)
}

// sendable are the fields that travel as plain values.
func (w *writer) sendable(fields record.Fields) record.Fields {
	out := record.Fields{}
	for name, v := range fields {
		if f := w.entity.Field(name); f != nil && f.Sendable() {
			out[name] = v
		}
	}
	return out
}

func lockedFields(fields record.Fields, except []string, lines []record.LineChange) []string {
	var stays []string
	for _, name := range fields.Names() {
		if !slices.Contains(except, name) {
			stays = append(stays, name)
		}
	}
	for _, l := range lines {
		if !slices.Contains(stays, l.Child) {
			stays = append(stays, l.Child)
		}
	}
	return stays
}

// wholeLines completes lines that will point at another record: Odoo gives a
// line with another product that one's price, taxes and name, unless they come
// with the same write. What the line follows Odoo in is left out.
func (w *writer) wholeLines(p *plan, out merge.Result, in *intent) {
	row := w.local(p)
	for _, child := range w.entity.Children {
		follows := map[string]record.Fields{}
		for _, l := range out.LocalLines {
			if l.Child == child.Name && l.Op == record.LineUpdate {
				follows[l.LocalID] = l.Fields
			}
		}
		for _, sent := range in.Sent.Lines[child.Name] {
			var moved []string // Odoo's fields that point elsewhere
			for name := range sent.Fields {
				if f := child.Field(name); f.Kind == mapping.KindRawID || f.Kind == mapping.KindLookup || f.Kind == mapping.KindReference {
					moved = append(moved, f.Source)
				}
			}
			if sent.Op != record.LineUpdate || len(moved) == 0 || row == nil {
				continue
			}
			i := slices.IndexFunc(row.Lines[child.Name], func(l record.Line) bool { return l.LocalID == sent.LocalID })
			if i < 0 {
				continue
			}
			for _, f := range child.Fields {
				v := row.Lines[child.Name][i].Fields[f.Name]
				_, changes := sent.Fields[f.Name]
				_, follow := follows[sent.LocalID][f.Name]
				if !changes && !follow && !v.IsNull() && f.Sendable() && !slices.Contains(moved, f.Source) {
					sent.Fields[f.Name] = v
				}
			}
		}
	}
}

// stateStep is the business method that brings the first state nearer to what
// the row wants. A posting waits until every expectation agrees.
func (w *writer) stateStep(p *plan, toOdoo record.Fields) (*intent, error) {
	names := toOdoo.Names()
	if len(names) == 0 {
		return nil, record.Errorf(record.CodeInternal, "nothing of %s %d can be sent to Odoo", w.entity.Model, p.item.id)
	}
	name := names[0]
	is := p.item.record.Fields[name]
	way, err := w.entity.Steps(name, is, toOdoo[name])
	if err != nil {
		return nil, err
	}
	method := way[0]
	if method.Post {
		if c := slices.IndexFunc(p.conflicts, func(c record.Conflict) bool { return c.Winner == "" }); c >= 0 {
			return nil, errNotPosted(p.conflicts[c])
		}
	}
	in := newIntent(stepMethod)
	in.Method = &method
	in.Sent.Fields = record.Fields{name: record.Text(method.To)}
	in.Changes = record.Changes{name: {is, record.Text(method.To)}}
	return in, nil
}

func errNotPosted(c record.Conflict) error {
	return record.Errorf(record.CodeRejected, "it is not posted while a conflict is open: Odoo has %s in %s, the row %s (see odoosync conflicts list)", c.Odoo, c.Field, c.Local)
}

// lines notes what happens to lines, and makes the external ids of new ones.
func (in *intent) lines(entity *mapping.Entity, changes []record.LineChange, base record.Base) {
	for _, c := range changes {
		c.Fields = sendableLine(entity.Child(c.Child), c)
		if c.Op == record.LineUpdate && len(c.Fields) == 0 {
			continue
		}
		if in.Sent.Lines == nil {
			in.Sent.Lines = map[string][]merge.SentLine{}
		}
		in.Sent.Lines[c.Child] = append(in.Sent.Lines[c.Child], merge.SentLine{Op: c.Op, OdooID: c.OdooID, LocalID: c.LocalID, Fields: c.Fields})
		if c.Op == record.LineAdd {
			key := lineKey{Child: c.Child, LocalID: c.LocalID, Key: uuid.NewString(), Place: c.Position}
			if known := base.Lines[c.Child]; c.Base > 0 && c.Base <= len(known) {
				key.Behind = known[c.Base-1].OdooID
			}
			in.Keys = append(in.Keys, key)
		}
	}
}

func addedOnly(changes []record.LineChange) []record.LineChange {
	return slices.DeleteFunc(slices.Clone(changes), func(c record.LineChange) bool { return c.Op != record.LineAdd })
}

func knownOnly(changes []record.LineChange) []record.LineChange {
	return slices.DeleteFunc(slices.Clone(changes), func(c record.LineChange) bool { return c.Op == record.LineAdd })
}

// firstRun are the first new lines that fill the same fields: a load has the same
// columns for all of its lines, and an empty cell would empty what Odoo fills.
func (w *writer) firstRun(changes []record.LineChange) []record.LineChange {
	shape := func(c record.LineChange) string {
		child := w.entity.Child(c.Child)
		return c.Child + ":" + strings.Join(child.Fills(sendableLine(child, c)), ",")
	}
	added := addedOnly(changes)
	for i := range added {
		if shape(added[i]) != shape(added[0]) {
			return added[:i]
		}
	}
	return added
}

// sendableLine are the line's fields that travel; of a new line those that say
// something.
func sendableLine(child *mapping.Child, c record.LineChange) record.Fields {
	out := record.Fields{}
	for name, v := range c.Fields {
		if f := child.Field(name); f != nil && f.Sendable() && (c.Op == record.LineUpdate || !v.IsNull()) {
			out[name] = v
		}
	}
	return out
}

// outwardChanges tells, for sync_changes, what a write does to Odoo's record.
func outwardChanges(out merge.Result, sent merge.Sent) record.Changes {
	changes := record.Changes{}
	for _, c := range out.Changes {
		if _, whole := sent.Fields[c.Field]; c.Side == record.Odoo && (whole || strings.Contains(c.Field, "[")) {
			changes[c.Field] = [2]record.Value{c.Old, c.New}
		}
	}
	for child, lines := range sent.Lines {
		for _, l := range lines {
			switch l.Op {
			case record.LineAdd:
				for name, v := range l.Fields {
					if !v.IsNull() {
						changes[fmt.Sprintf("%s[local:%s].%s", child, l.LocalID, name)] = [2]record.Value{record.Null, v}
					}
				}
			case record.LineRemove:
				changes[lineLabel(child, l.OdooID)] = [2]record.Value{record.Text(fmt.Sprintf("line %d", l.OdooID)), record.Null}
			}
		}
	}
	return changes
}

// edit is the outbox entry of a record whose work for Odoo no trigger told of.
func (w *writer) edit(p *plan) queue.Edit {
	return queue.Edit{Entity: w.entity.Name, LocalID: p.localID(), Op: queue.OpUpdate, ChangedAt: w.now}
}

// hand gives the pusher what a committed transaction left to do.
func (w *writer) hand(plans []*plan) {
	out := w.batch.out
	if out == nil {
		return
	}
	for _, p := range plans {
		switch {
		case p.unclear:
			out.unclear = append(out.unclear, p.push)
		case p.detach:
			out.detached = append(out.detached, p.push)
		case p.intent != nil:
			row := w.local(p)
			if row == nil {
				row = &record.Record{}
			}
			for name, v := range p.set {
				row.Fields[name] = v
			}
			p.push.done, p.push.failed, p.push.told = nil, nil, nil
			out.jobs = append(out.jobs, &job{entity: w.entity, push: p.push, link: p.link, intent: p.intent, raw: w.batch.raws[p.item.id], version: w.batch.odooVersions[p.item.id], row: *row,
				sequences: w.sequences(p.item.id), written: w.lineDates(p.item.id)})
		case p.push != nil:
			p.push.refused = p.refusal
		}
	}
}

// sequences are the known lines' own places in Odoo, by their ids.
func (w *writer) sequences(id int64) map[int64]int {
	out := map[int64]int{}
	for _, child := range w.entity.Children {
		for _, line := range w.batch.lines[child.Name][id] {
			if n, ok := line[child.SequenceField].(int64); ok {
				out[line.ID()] = int(n)
			}
		}
	}
	return out
}

// lineDates are the known lines' write_dates.
func (w *writer) lineDates(id int64) map[string]map[int64]any {
	out := map[string]map[int64]any{}
	for _, child := range w.entity.Children {
		out[child.Name] = map[int64]any{}
		for _, line := range w.batch.lines[child.Name][id] {
			out[child.Name][line.ID()] = line["write_date"]
		}
	}
	return out
}

// outbound is what a sync for a push leaves to do.
type outbound struct {
	jobs     []*job
	unclear  []*Push // of whose write Odoo has to be asked first
	detached []*Push // whose rows begin anew
}
