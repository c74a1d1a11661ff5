package reconcile

import (
	"context"
	"errors"
	"slices"
	"strings"

	"odoosync/internal/record"
	"odoosync/mapping"
	"odoosync/odooclient"
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
	if err := e.namedRecords(ctx, entity, out); err != nil {
		return nil, err
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
	index := newMatchIndex(entity, rows)
	for odooID, fields := range records {
		ids, _ := index.find(fields)
		ids = append(slices.Clone(ids), out[odooID]...)
		slices.Sort(ids)
		out[odooID] = slices.Compact(ids)
	}
	return out, nil
}

// foldedKey is what two that are the same by a key have in common, however each
// is written. It is false for one that the key says nothing of.
func foldedKey(entity *mapping.Entity, key mapping.MatchKey, fields record.Fields) (string, bool) {
	values, whole := entity.MatchValues(key, fields)
	for i, v := range values {
		if values[i] = mapping.Fold(v); values[i] == "" {
			return "", false // a dash for "none" is no key
		}
	}
	return strings.Join(values, "\x00"), whole
}

// indexBy finds by a key those that are the same, in the order of their ids.
func indexBy[K int64 | string](entity *mapping.Entity, key mapping.MatchKey, among map[K]record.Fields) map[string][]K {
	out := map[string][]K{}
	for id, fields := range among {
		if same, whole := foldedKey(entity, key, fields); whole {
			out[same] = append(out[same], id)
		}
	}
	for _, ids := range out {
		slices.Sort(ids)
	}
	return out
}

// matchIndex finds rows by the keys of an entity.
type matchIndex struct {
	entity *mapping.Entity
	byKey  []map[string][]string
}

func newMatchIndex(entity *mapping.Entity, rows map[string]record.Fields) matchIndex {
	m := matchIndex{entity: entity}
	for _, key := range entity.Match {
		m.byKey = append(m.byKey, indexBy(entity, key, rows))
	}
	return m
}

// find returns the rows that are the same as a record by the first key that
// finds any, and names the key.
func (m matchIndex) find(fields record.Fields) (ids []string, by string) {
	for i, key := range m.entity.Match {
		same, whole := foldedKey(m.entity, key, fields)
		if ids := m.byKey[i][same]; whole && len(ids) > 0 {
			return ids, strings.Join(key.Fields, " and ")
		}
	}
	return nil, ""
}

// namedRecords refuses rows that name a record Odoo does not have: tied to it
// they would be taken for deleted there. They may come from a copy of another
// database.
func (e *Engine) namedRecords(ctx context.Context, entity *mapping.Entity, rows map[string]match) error {
	var ids []int64
	for _, m := range rows {
		ids = append(ids, m.odooID)
	}
	missing := map[int64]bool{}
	err := e.odoo.ReadEach(ctx, entity.Model, ids, []string{"write_date"}, func(id int64, _ odooclient.Raw, err error) error {
		missing[id] = errors.Is(err, odooclient.ErrMissing)
		return nil
	})
	if err != nil {
		return err
	}
	for row, m := range rows {
		if missing[m.odooID] {
			rows[row] = match{err: record.Errorf(record.CodeRejected, "row %s of %s says it is %s %d, which Odoo does not have: empty %s to have it made, or set it right",
				row, entity.Table, entity.Model, m.odooID, entity.OdooIDColumn)}
		}
	}
	return nil
}
