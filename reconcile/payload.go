package reconcile

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
)

// Payloads applies events by their own data, for a daemon that has no Odoo to
// ask (webhooks.source: payload).
//
// A payload may be partial: what it does not name stays as it is. Each field
// keeps the time of the event it came from, and an older event never replaces a
// newer value; of two at the same time the one received later wins. A deletion
// is final until a newer event. References to records never described become
// stubs, an id and a name, which their own events complete. One transaction
// applies an event to all its entities and ends it.
type Payloads struct{ engine *Engine }

// NewPayloads makes a Payloads that shares the engine's parts; the engine's
// Reader is not used.
func NewPayloads(e *Engine) *Payloads { return &Payloads{e} }

// deletedAt is the name under which a deletion's time stands among the fields'.
const deletedAt = "#deleted"

// SyncEvents implements Syncer. Events are applied in the order of their ids;
// once one of a record fails, the later ones of that record wait behind it.
func (p *Payloads) SyncEvents(ctx context.Context, model string, events []queue.Event) ([]Result, error) {
	why, err := p.engine.haltOf(ctx, model)
	if err != nil {
		return nil, err
	}
	var results []Result
	blocked := map[int64]bool{}
	for _, e := range events {
		if blocked[e.OdooID] {
			continue
		}
		r := Result{Target: Target{OdooID: e.OdooID, Hints: []int64{e.ID}, Cause: webhookCause(e)}}
		if why != nil {
			r.Outcome, r.Err = Refused, why
			results = append(results, r)
			continue
		}
		r.Outcome, r.Err = p.apply(ctx, model, e)
		if r.Err != nil {
			if record.CodeOf(r.Err) == record.CodeUnavailable && !errors.Is(r.Err, errBeingWritten) {
				return results, r.Err
			}
			r.Outcome = Refused
			blocked[e.OdooID] = !record.CodeOf(r.Err).Final()
			if record.CodeOf(r.Err).Final() {
				r.Err = p.engine.refusal(ctx, model, r)
			}
		}
		results = append(results, r)
	}
	return results, nil
}

// collisions bounds how often an event is begun again because another one made
// the same stub at the same time.
const collisions = 5

// apply does one event.
func (p *Payloads) apply(ctx context.Context, model string, e queue.Event) (Outcome, error) {
	if e.Erased {
		return Refused, record.Errorf(record.CodeRejected, "values in this webhook's data were erased (retention.redact, or odoosync forget), so that it cannot be applied; a newer event of the record, or odoo.url, brings it up to date")
	}
	data, err := payloadData(e)
	if err != nil {
		return Refused, err
	}
	for collision := 0; ; collision++ {
		outcome, err := p.once(ctx, model, e, data)
		if !mysqldb.IsDuplicate(err) || collision == collisions {
			return outcome, err
		}
	}
}

func (p *Payloads) once(ctx context.Context, model string, e queue.Event, data map[string]any) (Outcome, error) {
	outcome := Ignored
	err := p.engine.db.InTx(ctx, func(tx *sql.Tx) error {
		outcome = Ignored
		fresh := data
		var err error
		if e.EventTime, err = queue.FirstTime(ctx, tx, e); err != nil {
			return err
		}
		for _, entity := range p.engine.mapping.ByModel(model) {
			one := payloadTx{payloads: p, tx: tx, event: e, entity: entity}
			o, err := one.apply(ctx, fresh)
			if err != nil {
				return err
			}
			// What is old news for one entity of the record is so for the next.
			fresh = one.without(fresh, one.outdated)
			if rank[o] > rank[outcome] {
				outcome = o
			}
		}
		return p.engine.completeHints(ctx, tx, Target{Hints: []int64{e.ID}}, outcome, nil)
	})
	return outcome, err
}

// payloadData reads the event's data again from the body, where the numbers
// still have all their digits.
func payloadData(e queue.Event) (map[string]any, error) {
	source := []byte(e.Data)
	var envelope map[string]json.RawMessage
	if err := json.Unmarshal(e.Body, &envelope); err == nil && len(envelope["data"]) > 0 {
		source = envelope["data"]
	}
	decoder := json.NewDecoder(bytes.NewReader(source))
	decoder.UseNumber()
	var data map[string]any
	if err := decoder.Decode(&data); err != nil {
		return nil, record.Errorf(record.CodeRejected, "the event's data is no JSON object")
	}
	data["id"] = json.Number(strconv.FormatInt(e.OdooID, 10)) // an automation's stands in _id
	return data, nil
}

// payloadTx applies one event to one entity within a transaction.
type payloadTx struct {
	payloads *Payloads
	tx       *sql.Tx
	event    queue.Event
	entity   *mapping.Entity
	outdated []string // fields and children about which a newer event has spoken
	into     int64    // the record that it was merged into, as its deletion tells; 0: none
}

func (x *payloadTx) apply(ctx context.Context, data map[string]any) (Outcome, error) {
	at := x.event.EventTime
	if at.IsZero() {
		at = x.event.ReceivedAt
	}
	if deletion(x.event) {
		x.into = mergedInto(x.event)
		return x.write(ctx, item{id: x.event.OdooID, fate: gone}, at)
	}
	res := &txResolver{ctx: ctx, tx: x.tx, rules: x.payloads.engine.rules}
	rec, stubs, err := x.payloads.engine.mapping.DecodePayload(x.entity, data, res)
	if err == nil && len(stubs) > 0 {
		if err = x.makeStubs(ctx, stubs); err == nil {
			rec, _, err = x.payloads.engine.mapping.DecodePayload(x.entity, data, res)
		}
	}
	if err == nil {
		err = res.err
	}
	if err != nil {
		return Refused, err
	}
	it := item{id: x.event.OdooID, record: rec, fate: present}
	links, err := store.LockLinks(ctx, x.tx, x.entity.Name, []int64{it.id})
	if err != nil {
		return Refused, err
	}
	link := links[it.id]
	belongs, born := x.entity.PayloadBelongs(x.current(link, it, data, at))
	if belongs == mapping.Unsaid && link != nil && link.State == store.Left {
		belongs = mapping.Outside // it stays where earlier events have placed it
	}
	switch {
	case belongs == mapping.Outside:
		it.fate = left
	case !born:
		it.fate = unborn
	}
	return x.write(ctx, it, at)
}

// current is the data without what newer events have said otherwise: it must
// not decide where the record belongs.
func (x *payloadTx) current(link *store.Link, it item, data map[string]any, at time.Time) map[string]any {
	if link == nil {
		return data
	}
	old, _ := outdated(link, &it, at)
	return x.without(data, old)
}

// without is the data without these fields and children.
func (x *payloadTx) without(data map[string]any, names []string) map[string]any {
	out := maps.Clone(data)
	for _, name := range names {
		for _, key := range x.entity.PayloadKeys(name) {
			delete(out, key)
		}
	}
	return out
}

// makeStubs inserts the records an event names and nobody has described.
func (x *payloadTx) makeStubs(ctx context.Context, stubs []mapping.Stub) error {
	for _, s := range stubs {
		entity := x.payloads.engine.mapping.ByName(s.Entity)
		if entity == nil || entity.Name == x.entity.Name && s.OdooID == x.event.OdooID {
			continue
		}
		one := payloadTx{payloads: x.payloads, tx: x.tx, event: x.event, entity: entity}
		rec := record.Record{Entity: s.Entity, OdooID: s.OdooID, Fields: s.Fields}
		if _, err := one.write(ctx, item{id: s.OdooID, fate: present, record: rec}, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// write merges one partial record. at is the event's time; zero is a stub's,
// which any event outdates.
func (x *payloadTx) write(ctx context.Context, it item, at time.Time) (Outcome, error) {
	e := x.payloads.engine
	b := newBatch(e, x.entity.Model, nil, []Target{{OdooID: it.id, Cause: webhookCause(x.event)}}, newTrail())
	w := newWriter(b, x.entity, x.tx)
	w.trusting = true
	items, err := w.lock(ctx, []item{it})
	if err != nil {
		return Refused, err
	}
	if len(items) == 0 {
		return Refused, w.waiting[it.id]
	}
	it = items[0]
	if link := w.links[it.id]; link != nil {
		var whole bool
		if x.outdated, whole = outdated(link, &it, at); whole {
			return Ignored, nil
		}
		if _, exists := w.rows[link.LocalID]; !exists {
			recall(link, &it)
		}
	}
	if err := x.survivor(ctx, b, it.id); err != nil {
		return Refused, err
	}
	p, err := w.plan(it)
	if err != nil {
		return Refused, err
	}
	if it.fate == unborn && p.row == nil {
		p.await(x.entity.Name)
	}
	if p.link != nil && !at.IsZero() {
		noteTimes(p.link, it, at)
		p.touch = true
		if p.state == "" {
			p.state, p.message = p.link.State, p.link.Error
		}
	}
	w.plans = []*plan{p}
	for _, step := range []func(context.Context) error{w.writeRows, w.writeLines, w.writeState} {
		if err := step(ctx); err != nil {
			return Refused, err
		}
	}
	return p.outcome, nil
}

// survivor finds the row of the record that the deleted one was merged into.
func (x *payloadTx) survivor(ctx context.Context, b *batch, id int64) error {
	if x.into == 0 || x.entity.MergedColumn == "" {
		return nil
	}
	// One that nobody has described yet gets a row that its own event completes.
	if err := x.makeStubs(ctx, []mapping.Stub{{Entity: x.entity.Name, OdooID: x.into}}); err != nil {
		return err
	}
	links, err := store.LinksOfRecords(ctx, x.tx, x.entity.Name, []int64{x.into})
	if err == nil && links[x.into] != nil {
		b.survivors[id] = survivor{localID: links[x.into].LocalID}
	}
	return err
}

// txResolver answers references from the links, within the transaction. Names
// behind ids are unknown: there is no Odoo to ask.
type txResolver struct {
	ctx   context.Context
	tx    *sql.Tx
	rules map[string]entityRules
	err   error
}

// Lookup implements mapping.Resolver.
func (r *txResolver) Lookup(string, string, int64) (record.Value, bool) { return record.Null, false }

// Reference implements mapping.Resolver.
func (r *txResolver) Reference(entity string, odooID int64) (string, bool) {
	found, err := store.RowIDs(r.ctx, r.tx, entity, r.rules[entity].table, []int64{odooID})
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("looking for %s %d: %w", entity, odooID, err)
	}
	id, ok := found[odooID]
	return id, ok
}
