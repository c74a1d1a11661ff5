package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// openCreates tells since when rows may have become records that nobody knows
// by their ids yet; zero when there is no such row.
func (w *writer) openCreates(ctx context.Context) (time.Time, error) {
	if w.batch.engine.outbox == nil || w.entity.Direction == mapping.ToAPI {
		return time.Time{}, nil
	}
	deadline, err := store.OldestCreate(ctx, w.tx, w.entity.Name)
	if err != nil || deadline.IsZero() {
		return time.Time{}, err
	}
	return deadline.Add(-sendWindow - odooLimit - clocksApart), nil
}

// clocksApart is how far Odoo's clock may be from ours.
const clocksApart = time.Hour

// mayBeOurs reports a record nobody knows here that may be one a push is just
// creating: it must not get a second row. Older records cannot be.
func (w *writer) mayBeOurs(link *store.Link, it item) bool {
	return link == nil && !w.creating.IsZero() && it.fate == present && it.record.CreateDate.After(w.creating)
}

// relink follows rows that got another id of their own: REPLACE deletes a row
// and inserts one that carries the same odoo_id.
func (w *writer) relink(ctx context.Context, items []item, localIDs []string) ([]string, error) {
	for _, it := range items {
		link := w.links[it.id]
		if link == nil || link.LocalID == "" || w.rules.table.OdooID == "" {
			continue
		}
		if _, there := w.rows[link.LocalID]; there {
			continue
		}
		id, err := store.RowWithOdooID(ctx, w.tx, w.rules.table, it.id)
		if err != nil || id == "" {
			if err != nil {
				return nil, err
			}
			continue
		}
		rows, err := store.LockRows(ctx, w.tx, w.rules.table, []string{id})
		if err != nil {
			return nil, err
		}
		link.LocalID, w.rows[id] = id, rows[id]
		localIDs = append(localIDs, id)
	}
	return localIDs, nil
}

// matchRows finds, for records without a link, rows that are the same by the
// mapping's keys and belong to no record yet. Such a row is adopted; where
// several rows or several records could be meant, a person has to choose.
func (b *batch) matchRows(ctx context.Context, entity *mapping.Entity, items []item) ([]item, error) {
	rules := b.engine.rules[entity.Name]
	fresh := map[int64]record.Fields{}
	for _, it := range items {
		if it.fate == present {
			fresh[it.id] = it.record.Fields
		}
	}
	if len(fresh) == 0 || rules.table.OdooID == "" {
		return items, nil
	}
	linked, err := b.engine.linkedIDs(ctx, entity, slices.Sorted(maps.Keys(fresh)))
	if err != nil {
		return items, err
	}
	maps.DeleteFunc(fresh, func(id int64, _ record.Fields) bool { return linked[id] })
	if err := b.adoptNamed(ctx, entity, fresh); err != nil || len(fresh) == 0 {
		return items, err
	}
	decoded, err := b.engine.unlinkedRows(ctx, entity, fresh)
	if err != nil || len(decoded) == 0 {
		return items, err
	}
	if err := b.matchFresh(ctx, entity, fresh, decoded); err != nil {
		return items, err
	}
	return slices.DeleteFunc(items, func(it item) bool { return b.errs[it.id] != nil }), nil
}

// adoptNamed takes the rows that say themselves, in their column of Odoo's id,
// which of these records they are.
func (b *batch) adoptNamed(ctx context.Context, entity *mapping.Entity, fresh map[int64]record.Fields) error {
	named, err := store.NamedRows(ctx, b.engine.db, entity.Name, b.engine.rules[entity.Name].table, slices.Sorted(maps.Keys(fresh)))
	for id, row := range named {
		if !b.engine.dry.isTaken(entity.Name, row, id) {
			b.adopt(entity, id, row)
			delete(fresh, id)
		}
	}
	return err
}

func (b *batch) adopt(entity *mapping.Entity, id int64, row string) {
	if b.adoptions[entity.Name] == nil {
		b.adoptions[entity.Name] = map[int64]string{}
	}
	b.adoptions[entity.Name][id] = row
}

// unlinkedRows are the rows, by their ids, that belong to no record and could be
// one of these.
func (e *Engine) unlinkedRows(ctx context.Context, entity *mapping.Entity, records map[int64]record.Fields) (map[string]record.Fields, error) {
	rows, err := store.UnlinkedRows(ctx, e.db, entity.Name, e.rules[entity.Name].table, candidates(entity, records), entity.DeletedColumn)
	out := make(map[string]record.Fields, len(rows))
	for id, row := range rows {
		if !e.dry.isTaken(entity.Name, id, 0) {
			out[id] = entity.DecodeRow(row.Columns)
		}
	}
	return out, err
}

// linkedIDs are those of these records that belong to a row, or would by now.
func (e *Engine) linkedIDs(ctx context.Context, entity *mapping.Entity, ids []int64) (map[int64]bool, error) {
	linked, err := store.LinkedIDs(ctx, e.db, entity.Name, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if e.dry.isLinked(entity.Name, id) {
			linked[id] = true
		}
	}
	return linked, nil
}

// matchFresh adopts, of these rows, those that are one of the records and of no
// other, and spoils the records for which several are.
func (b *batch) matchFresh(ctx context.Context, entity *mapping.Entity, fresh map[int64]record.Fields, rows map[string]record.Fields) error {
	index := newMatchIndex(entity, rows)
	same := map[int64][]string{}
	keys := map[int64]string{}
	wanted := map[string]record.Fields{}
	for id, fields := range fresh {
		if same[id], keys[id] = index.find(fields); len(same[id]) > 0 {
			wanted[same[id][0]] = rows[same[id][0]]
		}
	}
	others, err := b.engine.unlinkedRecords(ctx, entity, wanted)
	if err != nil {
		return err
	}
	for id, ids := range same {
		if len(ids) == 0 {
			continue
		}
		records := slices.DeleteFunc(slices.Clone(others[ids[0]].ids), func(other int64) bool { return other == id })
		if len(ids) > 1 || len(records) > 0 {
			b.spoil(id, ambiguous(entity, fmt.Sprintf("%s %d", entity.Model, id), keys[id], ids, append(records, id)))
			continue
		}
		b.adopt(entity, id, ids[0])
	}
	return nil
}

// adoptRows links the rows that were found to be the same, unless somebody was
// faster. Their values are compared by the plan, which has no base to go by.
func (w *writer) adoptRows(ctx context.Context, items []item) error {
	for _, it := range items {
		rowID, found := w.batch.adoptions[w.entity.Name][it.id]
		known := w.links[it.id] // of a record that was only refused so far
		if !found || known != nil && known.LocalID != "" {
			continue
		}
		links, err := store.LockLinksOfRows(ctx, w.tx, w.entity.Name, []string{rowID})
		if err != nil {
			return err
		}
		link := links[rowID]
		switch {
		case link == nil && known == nil:
			link = &store.Link{Entity: w.entity.Name, LocalID: rowID}
		case link == nil:
			link = known
			link.LocalID, link.OdooID = rowID, 0
		case known != nil:
			if err := store.ForgetRowless(ctx, w.tx, w.entity.Name, it.id); err != nil {
				return err
			}
		}
		rows, err := store.LockRows(ctx, w.tx, w.rules.table, []string{rowID})
		if err != nil {
			return err
		}
		if _, there := rows[rowID]; !there || link.OdooID != 0 || link.Intent != nil {
			w.stale = append(w.stale, it.id) // look again
			continue
		}
		link.OdooID = it.id
		w.links[it.id], w.rows[rowID] = link, rows[rowID]
		if err := w.lockLines(ctx, []string{rowID}); err != nil {
			return err
		}
	}
	return nil
}

// found are the records that could be one row, by one key, and those fields of
// them that were read.
type found struct {
	ids     []int64
	key     string
	records map[int64]record.Fields
}

// unlinkedRecords finds, for rows, the records in Odoo that are the same by the
// mapping's keys and have no row yet. Each key is one search for all rows.
func (e *Engine) unlinkedRecords(ctx context.Context, entity *mapping.Entity, rows map[string]record.Fields) (map[string]found, error) {
	out := map[string]found{}
	if e.remote == nil {
		return out, nil
	}
	for _, key := range entity.Match {
		sources, searchable := entity.MatchSources(key)
		if !searchable {
			continue
		}
		texts := map[string]bool{}
		for id, fields := range rows {
			if values, whole := entity.MatchValues(key, fields); whole && len(out[id].ids) == 0 {
				spellings(texts, values[0])
			}
		}
		if len(texts) == 0 {
			continue
		}
		records, err := e.recordsWith(ctx, entity, key, sources, slices.Sorted(maps.Keys(texts)))
		if err != nil {
			return nil, err
		}
		index := indexBy(entity, key, records)
		for id, fields := range rows {
			same, whole := foldedKey(entity, key, fields)
			if ids := index[same]; whole && len(ids) > 0 && len(out[id].ids) == 0 {
				out[id] = found{ids, strings.Join(key.Fields, " and "), records}
			}
		}
	}
	return out, nil
}

// spellings are the forms in which Odoo may hold a text.
func spellings(into map[string]bool, text string) {
	bare := store.Bare(text)
	for _, s := range []string{text, bare, strings.ToUpper(bare), strings.ToLower(text)} {
		into[s] = true
	}
}

// recordsWith are the key's fields of Odoo's records that hold one of the texts
// and are linked to no row.
func (e *Engine) recordsWith(ctx context.Context, entity *mapping.Entity, key mapping.MatchKey, sources, texts []string) (map[int64]record.Fields, error) {
	ids, err := e.remote.Search(ctx, entity.Model, append(entity.SearchDomain(), []any{sources[0], "in", texts}), odooclient.Page{})
	if err != nil {
		return nil, err
	}
	linked, err := e.linkedIDs(ctx, entity, ids)
	if err != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(ids, func(id int64) bool { return linked[id] })
	names := map[string]string{} // by Odoo's field
	for i, name := range key.Fields {
		names[sources[i]] = name
	}
	for _, name := range key.OnlyIfNull {
		if f := entity.Field(name); f != nil {
			names[f.Source] = name
		}
	}
	out := map[int64]record.Fields{}
	return out, e.remote.ReadEach(ctx, entity.Model, ids, slices.Sorted(maps.Keys(names)), func(id int64, raw odooclient.Raw, err error) error {
		if err != nil {
			return nil // gone or hidden since: it is nobody's match
		}
		out[id] = record.Fields{}
		for source, name := range names {
			out[id][name] = mapping.LookupValue(raw[source])
		}
		return nil
	})
}

// candidates are the values by which rows that may be the same are looked up.
func candidates(entity *mapping.Entity, records map[int64]record.Fields) []store.Candidate {
	var out []store.Candidate
	for _, key := range entity.Match {
		f := entity.Field(key.Fields[0])
		if f == nil {
			continue
		}
		c := store.Candidate{Column: f.Column}
		for _, fields := range records {
			if values, whole := entity.MatchValues(key, fields); whole {
				c.Texts = append(c.Texts, values[0])
			}
		}
		out = append(out, c)
	}
	return out
}

// errAmbiguous is in the errors of matches that a person has to choose from.
var errAmbiguous = errors.New("ambiguous")

// ambiguous says that several could be the same. Nothing is linked or made.
func ambiguous(entity *mapping.Entity, what, key string, rows []string, records []int64) error {
	var several []string
	if len(rows) > 0 {
		several = append(several, "of "+entity.Table+" the rows "+strings.Join(rows, ", "))
	}
	if len(records) > 0 {
		ids := strings.Trim(fmt.Sprint(slices.Sorted(slices.Values(records))), "[]")
		several = append(several, "of "+entity.Model+" the records "+strings.ReplaceAll(ids, " ", ", "))
	}
	sentence := fmt.Sprintf("%s could be the same as several by %s: %s", what, key, strings.Join(several, ", "))
	return record.Wrap(record.CodeRejected, errAmbiguous, "%s; nothing was linked or made: make them differ, or set %s.%s to the record's id", sentence, entity.Table, entity.OdooIDColumn)
}
