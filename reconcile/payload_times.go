package reconcile

import (
	"maps"
	"time"

	"odoosync/internal/record"
	"odoosync/internal/store"
)

// What earlier events told of a record, and when: kept on its link.

// outdated drops from a record what newer events have said, and tells what that
// was. whole reports that all of the event is older than a deletion, or that it
// is a deletion older than an edit.
func outdated(link *store.Link, it *item, at time.Time) (dropped []string, whole bool) {
	times := link.FieldTimes
	if at.Before(link.WriteDate) {
		return nil, true // a stub, or older than what was read from Odoo
	}
	if at.IsZero() {
		return nil, true // a stub adds nothing to a record that is known
	}
	if it.fate == gone {
		for _, t := range times {
			if t.After(at) {
				return nil, true
			}
		}
		return nil, false
	}
	if deleted, ok := times[deletedAt]; ok && !at.After(deleted) {
		return nil, true
	}
	it.record.Fields, it.record.Lines = it.record.Fields.Clone(), maps.Clone(it.record.Lines)
	for name := range it.record.Fields {
		if times[name].After(at) {
			delete(it.record.Fields, name)
			dropped = append(dropped, name)
		}
	}
	for child := range it.record.Lines {
		if times[child].After(at) {
			delete(it.record.Lines, child)
			dropped = append(dropped, child)
		}
	}
	return dropped, false
}

// await keeps what is told of a record that has no row yet, in its link's base:
// the event that makes the row may tell no more than why.
func (p *plan) await(entity string) {
	if p.link == nil {
		p.remember(entity, store.Pending, "there is no row yet: create_when does not hold")
	}
	if p.link.Base.Fields == nil {
		p.link.Base.Fields = record.Pairs{}
	}
	for name, v := range p.item.record.Fields {
		p.link.Base.Fields[name] = record.Same(v)
	}
	p.touch = true
}

// recall adds what earlier events told of a record without a row: await kept
// it, or the row was deleted here, and there is no Odoo to ask for the rest.
func recall(link *store.Link, it *item) {
	if it.fate != present {
		return
	}
	for name, pair := range link.Base.Fields {
		if _, told := it.record.Fields[name]; !told {
			it.record.Fields[name] = pair.Odoo
		}
	}
	for child, bases := range link.Base.Lines {
		if _, told := it.record.Lines[child]; told {
			continue
		}
		lines := make([]record.Line, len(bases))
		for i, base := range bases {
			lines[i] = record.Line{OdooID: base.OdooID, Fields: record.Fields{}}
			for name, pair := range base.Fields {
				lines[i].Fields[name] = pair.Odoo
			}
		}
		if it.record.Lines == nil {
			it.record.Lines = map[string][]record.Line{}
		}
		it.record.Lines[child] = lines
	}
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
