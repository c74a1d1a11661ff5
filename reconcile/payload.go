package reconcile

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

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
	var results []Result
	blocked := map[int64]bool{}
	for _, e := range events {
		if blocked[e.OdooID] {
			continue
		}
		r := Result{Target: Target{OdooID: e.OdooID, Hints: []int64{e.ID}, Cause: webhookCause(e)}}
		r.Outcome, r.Err = p.apply(ctx, model, e)
		if r.Err != nil {
			if record.CodeOf(r.Err) == record.CodeUnavailable {
				return results, r.Err
			}
			r.Outcome = Refused
			blocked[e.OdooID] = !final(r.Err)
		}
		results = append(results, r)
	}
	return results, nil
}

// apply does one event.
func (p *Payloads) apply(ctx context.Context, model string, e queue.Event) (Outcome, error) {
	data, err := payloadData(e)
	if err != nil {
		return Refused, err
	}
	outcome := Ignored
	err = p.engine.db.InTx(ctx, func(tx *sql.Tx) error {
		outcome = Ignored
		for _, entity := range p.engine.mapping.ByModel(model) {
			one := payloadTx{payloads: p, tx: tx, event: e, entity: entity}
			o, err := one.apply(ctx, data)
			if err != nil {
				return err
			}
			if rank[o] > rank[outcome] {
				outcome = o
			}
		}
		return p.engine.completeHints(ctx, tx, []int64{e.ID}, outcome)
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
	return data, nil
}

// payloadTx applies one event to one entity within a transaction.
type payloadTx struct {
	payloads *Payloads
	tx       *sql.Tx
	event    queue.Event
	entity   *mapping.Entity
}

func (x *payloadTx) apply(ctx context.Context, data map[string]any) (Outcome, error) {
	at := x.event.EventTime
	if at.IsZero() {
		at = x.event.ReceivedAt
	}
	if strings.HasSuffix(x.event.Type, ".deleted") {
		return x.write(ctx, item{id: x.event.OdooID, fate: gone}, at)
	}
	res := &txResolver{ctx: ctx, tx: x.tx}
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
	return x.write(ctx, item{id: x.event.OdooID, record: rec, fate: x.fate(data)}, at)
}

// fate judges a partial record: what a payload does not say does not put it
// outside.
func (x *payloadTx) fate(data map[string]any) fate {
	switch in, born := x.entity.PayloadBelongs(data); {
	case !in:
		return left
	case !born:
		return unborn
	}
	return present
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
	it = items[0]
	link := w.links[it.id]
	if link != nil && outdated(link.FieldTimes, &it, at) {
		return Ignored, nil
	}
	p, err := w.plan(it)
	if err != nil {
		return Refused, err
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

// outdated drops from a record what newer events have said, and reports that
// the whole event is older than a deletion, or a deletion older than an edit.
func outdated(times map[string]time.Time, it *item, at time.Time) bool {
	if at.IsZero() {
		return true // a stub adds nothing to a record that is known
	}
	if it.fate == gone {
		for _, t := range times {
			if t.After(at) {
				return true
			}
		}
		return false
	}
	if deleted, ok := times[deletedAt]; ok && !at.After(deleted) {
		return true
	}
	it.record.Fields = it.record.Fields.Clone()
	for name := range it.record.Fields {
		if times[name].After(at) {
			delete(it.record.Fields, name)
		}
	}
	for child := range it.record.Lines {
		if times[child].After(at) {
			delete(it.record.Lines, child)
		}
	}
	return false
}

func noteTimes(link *store.Link, it item, at time.Time) {
	if link.FieldTimes == nil {
		link.FieldTimes = map[string]time.Time{}
	}
	if it.fate == gone {
		link.FieldTimes[deletedAt] = at
		return
	}
	delete(link.FieldTimes, deletedAt)
	for name := range it.record.Fields {
		link.FieldTimes[name] = at
	}
	for child := range it.record.Lines {
		link.FieldTimes[child] = at
	}
}

// txResolver answers references from the links, within the transaction. Names
// behind ids are unknown: there is no Odoo to ask.
type txResolver struct {
	ctx context.Context
	tx  *sql.Tx
	err error
}

// Lookup implements mapping.Resolver.
func (r *txResolver) Lookup(string, string, int64) (record.Value, bool) { return record.Null, false }

// Reference implements mapping.Resolver.
func (r *txResolver) Reference(entity string, odooID int64) (string, bool) {
	found, err := store.LocalIDs(r.ctx, r.tx, entity, []int64{odooID})
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("looking for %s %d: %w", entity, odooID, err)
	}
	id, ok := found[odooID]
	return id, ok
}
