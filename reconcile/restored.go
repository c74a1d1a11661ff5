package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// clockStep is how far an administrator may set Odoo's clock back unnoticed.
const clockStep = time.Minute

// older looks for signs that Odoo was restored from a backup: another record
// under a known id, or one that was last written before we saw it written. A
// restored database takes back what both sides had agreed on, and gives ids
// again that rows already have. All models halt then; where a person has
// accepted that, the rows whose ids belong to other records now are let go.
// It reports that the batch must not be applied.
func (b *batch) older(ctx context.Context) (bool, error) {
	if b.engine.dry != nil {
		b.previewOlder()
		return false, nil
	}
	for _, entity := range b.entities {
		halted, err := b.olderThan(ctx, entity)
		if err != nil || halted {
			return halted, err
		}
	}
	return false, nil
}

// olderThan compares with what an entity's links know.
func (b *batch) olderThan(ctx context.Context, entity *mapping.Entity) (bool, error) {
	var others []int64
	for _, id := range slices.Sorted(maps.Keys(b.raws)) {
		sign := b.signOf(entity, id)
		if sign.why == "" {
			b.engine.identities.saw(entity.Name, id, b.engine.clock.Now())
			continue
		}
		if halted, err := b.heed(ctx, sign); err != nil || halted {
			return halted, err
		}
		if sign.another {
			others = append(others, id)
		}
	}
	if len(others) == 0 {
		return false, nil
	}
	return false, b.letGo(ctx, entity, others)
}

// sign is what tells of a restored Odoo.
type sign struct {
	known   store.Seen
	why     string    // "": there is none
	shown   time.Time // since when Odoo has had it as it shows it now
	another bool      // the id belongs to another record
}

func (b *batch) signOf(entity *mapping.Entity, id int64) sign {
	known, raw := b.versions[entity.Name][id], b.raws[id]
	created, written := odooTime(raw, "create_date"), odooTime(raw, "write_date")
	switch {
	case another(known, created):
		return sign{known, fmt.Sprintf("%s %d was created at %s UTC, and now another record has this id: this Odoo is another database, or an older copy that has given the id again",
			b.model, id, known.Created.Format(time.DateTime)), created, true}
	case !known.Written.IsZero() && !written.IsZero() && written.Before(known.Written.Add(-clockStep)):
		return sign{known, fmt.Sprintf("%s %d was written at %s UTC when it was last read, and now Odoo says %s: this Odoo is an older copy, or its clock was set back",
			b.model, id, known.Written.Format(time.DateTime), written.Format(time.DateTime)), written, false}
	}
	return sign{}
}

// heed halts, unless a person has accepted it.
func (b *batch) heed(ctx context.Context, s sign) (bool, error) {
	e := b.engine
	var a acceptance
	if err := store.LoadCursor(ctx, e.db, acceptedName(b.model), &a); err != nil || a.knew(s.known, s.shown, e.clock.Now()) {
		return false, err
	}
	return e.Halt(ctx, b.model, HaltOlderCopy, "%s", s.why)
}

// previewOlder has a plan tell, in place of halting anything, which records are
// not those that the rows belong to.
func (b *batch) previewOlder() {
	for _, entity := range b.entities {
		for id, raw := range b.raws {
			known := b.versions[entity.Name][id]
			if another(known, odooTime(raw, "create_date")) {
				b.spoil(id, record.Errorf(record.CodeRejected, "%s %d was created at %s UTC, and now another record has this id: this Odoo is another database, or an older copy",
					b.model, id, known.Created.Format(time.DateTime)))
			}
		}
	}
}

func odooTime(raw odooclient.Raw, field string) time.Time {
	text, _ := raw[field].(string)
	at, err := odooclient.ParseTime(text)
	if err != nil {
		return time.Time{}
	}
	return at
}

// spoilHalted gives every record of the batch that is not through back with the
// reason of the halt.
func (b *batch) spoilHalted(ctx context.Context) error {
	why, err := b.engine.haltOf(ctx, b.model)
	if why == nil {
		why = record.Errorf(record.CodeRetryable, "%s was halted and accepted a moment ago; it is synced again", b.model)
	}
	for id := range b.targets {
		if !b.ended[id] {
			b.spoil(id, why)
		}
	}
	return err
}
