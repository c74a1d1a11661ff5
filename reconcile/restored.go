package reconcile

import (
	"context"
	"slices"
	"time"

	"odoosync/internal/record"
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
		var others []int64
		for id, raw := range b.raws {
			known := b.versions[entity.Name][id]
			created, written := odooTime(raw, "create_date"), odooTime(raw, "write_date")
			switch {
			case another(known, created):
				others = append(others, id)
			case !known.Written.IsZero() && !written.IsZero() && written.Before(known.Written.Add(-clockStep)):
				halted, err := b.engine.Halt(ctx, b.model, HaltOlderCopy, "%s %d was written at %s UTC when it was last read, and now Odoo says %s: this Odoo is an older copy, or its clock was set back",
					b.model, id, known.Written.Format(time.DateTime), written.Format(time.DateTime))
				if err != nil || halted {
					return halted, err
				}
			}
		}
		for id := range b.raws {
			if !slices.Contains(others, id) {
				b.engine.identities.saw(entity.Name, id, b.engine.clock.Now())
			}
		}
		if len(others) == 0 {
			continue
		}
		slices.Sort(others)
		halted, err := b.engine.Halt(ctx, b.model, HaltOlderCopy, "%s %d was created at %s UTC, and now another record has this id: this Odoo is another database, or an older copy that has given the id again",
			b.model, others[0], b.versions[entity.Name][others[0]].Created.Format(time.DateTime))
		if err != nil || halted {
			return halted, err
		}
		if err := b.letGo(ctx, entity, others); err != nil {
			return false, err
		}
	}
	return false, nil
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
