package reconcile

import (
	"context"
	"maps"
	"slices"

	"odoosync/internal/record"
	"odoosync/mapping"
)

// match is which record a row without one is: 0 for none that is there. err says
// that a person has to choose.
type match struct {
	odooID int64
	err    error
}

// matchOrphans finds for rows that belong to no record the one that each is: by
// the API's own word in the column of Odoo's id, or else by the mapping's keys.
func (e *Engine) matchOrphans(ctx context.Context, entity *mapping.Entity, rows []*newRow) (map[string]match, error) {
	out := map[string]match{}
	wanted := map[string]record.Fields{}
	for _, n := range rows {
		switch {
		case n.lost != nil:
		case n.row.OdooID != 0:
			out[n.row.ID] = match{odooID: n.row.OdooID}
		default:
			wanted[n.row.ID] = n.record.Fields
		}
	}
	matched, err := e.unlinkedRecords(ctx, entity, wanted)
	if err != nil {
		return nil, err
	}
	claims, err := e.claims(ctx, entity, matched)
	if err != nil {
		return nil, err
	}
	for id, m := range matched {
		if len(m.ids) == 1 && len(claims[m.ids[0]]) < 2 {
			out[id] = match{odooID: m.ids[0]}
			continue
		}
		out[id] = match{err: ambiguous(entity, "row "+id+" of "+entity.Table, m.key, claims[m.ids[0]], m.ids)}
	}
	return out, nil
}

// claims are the rows that could be each of the found records: those that asked,
// and all others that belong to no record. A row whose edit comes first must not
// take a record that another could be just as well.
func (e *Engine) claims(ctx context.Context, entity *mapping.Entity, matched map[string]found) (map[int64][]string, error) {
	out := map[int64][]string{}
	records := map[int64]record.Fields{}
	for id, m := range matched {
		for _, odooID := range m.ids {
			out[odooID] = append(out[odooID], id)
			records[odooID] = m.records[odooID]
		}
	}
	if len(records) == 0 {
		return out, nil
	}
	rows, err := e.unlinkedRows(ctx, entity, records)
	if err != nil {
		return nil, err
	}
	for odooID := range maps.Keys(records) {
		ids, _ := matches(entity, records[odooID], rows)
		ids = append(ids, out[odooID]...)
		slices.Sort(ids)
		out[odooID] = slices.Compact(ids)
	}
	return out, nil
}
