package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// finder answers what encoding asks, from what was looked up before. It belongs
// to one run; names are remembered longer, by the engine.
type finder struct {
	engine  *Engine
	records map[rowKey]int64 // of rows
}

func newFinder(e *Engine) *finder { return &finder{engine: e, records: map[rowKey]int64{}} }

// errNoRecord is told of a reference to a row that is not in Odoo.
type errNoRecord struct{ entity, localID string }

func (e errNoRecord) Error() string {
	return fmt.Sprintf("%s %s is not in Odoo yet", e.entity, e.localID)
}

// Find implements mapping.Finder.
func (f *finder) Find(a mapping.Ask) (int64, error) {
	if a.Kind == mapping.WantReference {
		if id, ok := f.records[rowKey{a.Entity, a.LocalID}]; ok {
			return id, nil
		}
		return 0, errNoRecord{a.Entity, a.LocalID}
	}
	return f.engine.names.find(a, f.engine.where(a))
}

// in is the finder for rows of a company.
func (f *finder) in(company int64) mapping.Finder { return companyFinder{f, company} }

type companyFinder struct {
	*finder
	company int64
}

// Find implements mapping.Finder.
func (f companyFinder) Find(a mapping.Ask) (int64, error) {
	return f.finder.Find(inCompany(a, f.company))
}

// inCompany makes an ask one of a row's company, where that matters.
func inCompany(a mapping.Ask, company int64) mapping.Ask {
	if a.Company {
		a.In = company
	}
	return a
}

// companyOf is the company that a row belongs to, 0 for the synced one.
func companyOf(entity *mapping.Entity, fields record.Fields) int64 {
	f := entity.CompanyField()
	if f == nil {
		return 0
	}
	id, err := strconv.ParseInt(fields[f.Name].Text(), 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// current puts a company first among those that are synced.
func (e *Engine) current(company int64) []int64 {
	if company == 0 {
		return e.companies
	}
	return append([]int64{company}, slices.DeleteFunc(slices.Clone(e.companies), func(id int64) bool { return id == company })...)
}

// resolve looks up everything the asks name: rows, pushing those first that are
// no records yet, and names.
func (r *pushRun) resolve(ctx context.Context, asks map[mapping.Ask]bool) error {
	rows := map[string][]string{}
	var names []mapping.Ask
	for a := range asks {
		if a.Kind == mapping.WantReference {
			if _, known := r.finder.records[rowKey{a.Entity, a.LocalID}]; !known {
				rows[a.Entity] = append(rows[a.Entity], a.LocalID)
			}
			continue
		}
		names = append(names, a)
	}
	for _, entity := range slices.Sorted(maps.Keys(rows)) {
		if err := r.resolveRows(ctx, r.engine.mapping.ByName(entity), rows[entity]); err != nil {
			return err
		}
	}
	return r.engine.lookUp(ctx, names)
}

func (r *pushRun) resolveRows(ctx context.Context, entity *mapping.Entity, ids []string) error {
	if err := r.findRecords(ctx, entity, ids); err != nil {
		return err
	}
	var parents []*Push
	for _, id := range ids {
		key := rowKey{entity.Name, id}
		if _, known := r.finder.records[key]; !known && !r.visited[key] && entity.Direction != mapping.ToAPI {
			push := r.later[key]
			if push == nil {
				push = &Push{Entity: entity.Name, LocalID: id, RunID: r.pusher.o.RunID}
			}
			parents = append(parents, push)
		}
	}
	if len(parents) == 0 {
		return nil
	}
	if err := r.rows(ctx, entity, parents); err != nil {
		return err
	}
	return r.findRecords(ctx, entity, ids)
}

func (r *pushRun) findRecords(ctx context.Context, entity *mapping.Entity, ids []string) error {
	found, err := store.RecordIDs(ctx, r.engine.db, entity.Name, ids)
	if err != nil {
		return mysqldb.Explain(err)
	}
	strange, still, err := r.engine.recognize(ctx, entity, slices.Sorted(maps.Values(found)), store.Cause{Kind: "outbox", RunID: r.pusher.o.RunID}, newTrail())
	if err != nil {
		return mysqldb.Explain(err)
	}
	if len(strange) > 0 { // halted, or the rows have other records or none by now
		why, err := r.engine.haltOf(ctx, entity.Model)
		if err != nil {
			return mysqldb.Explain(err)
		}
		for id, odooID := range found {
			if why != nil && slices.Contains(strange, odooID) {
				r.errs[rowKey{entity.Name, id}] = why // whoever refers to it waits for the same
			}
		}
		if found, err = store.RecordIDs(ctx, r.engine.db, entity.Name, ids); err != nil {
			return mysqldb.Explain(err)
		}
	}
	for id, odooID := range found {
		if !slices.Contains(still, odooID) {
			r.finder.records[rowKey{entity.Name, id}] = odooID
		}
	}
	return nil
}

// nameCache remembers which record a name means. It is safe for concurrent use.
type nameCache struct {
	mu      sync.Mutex
	entries map[mapping.Ask]nameEntry
}

type nameEntry struct {
	ids     []int64
	expires time.Time
}

func newNameCache() *nameCache { return &nameCache{entries: map[mapping.Ask]nameEntry{}} }

// find answers with the one record of that name; where tells where it was
// looked for.
func (c *nameCache) find(a mapping.Ask, where string) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry := c.entries[a]
	switch len(entry.ids) {
	case 0:
		return 0, record.Errorf(record.CodeRejected, "Odoo has no %s with %s %q%s", a.Model, a.Field, a.Text, where)
	case 1:
		return entry.ids[0], nil
	}
	return 0, record.Errorf(record.CodeRejected, "Odoo has several %s with %s %q%s: %v", a.Model, a.Field, a.Text, where, entry.ids)
}

// where says in which company and which domain a name is looked for.
func (e *Engine) where(a mapping.Ask) string {
	out := ""
	if companies := e.current(a.In); a.Company && len(companies) > 0 {
		out = fmt.Sprintf(" in company %d or in none", companies[0])
	}
	if a.Where != "" {
		out += " where " + a.Where
	}
	return out
}

// fresh reports whether an ask was answered lately. What was not found is asked
// for again: somebody may have made it.
func (c *nameCache) fresh(a mapping.Ask, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, ok := c.entries[a]
	return ok && len(entry.ids) == 1 && now.Before(entry.expires)
}

func (c *nameCache) put(a mapping.Ask, ids []int64, expires time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= lookupLimit {
		clear(c.entries)
	}
	c.entries[a] = nameEntry{ids, expires}
}

// lookUp asks Odoo for names that are not remembered.
func (e *Engine) lookUp(ctx context.Context, asks []mapping.Ask) error {
	now := e.clock.Now()
	for _, a := range asks {
		if e.names.fresh(a, now) {
			continue
		}
		domain := a.Domain()
		if companies := e.current(a.In); a.Company && len(companies) > 0 {
			domain = append(domain, []any{a.Companies, "in", []any{false, companies[0]}})
		}
		ids, err := e.remote.Search(ctx, a.Model, domain, odooclient.Page{Limit: 5})
		if err != nil {
			return err
		}
		if len(ids) > 1 { // Odoo's "=" may take other spellings for the same
			if ids, err = e.exactly(ctx, a, ids); err != nil {
				return err
			}
		}
		e.names.put(a, ids, now.Add(lookupTTL))
	}
	return nil
}

// exactly keeps the records whose field is the text to the letter.
func (e *Engine) exactly(ctx context.Context, a mapping.Ask, ids []int64) ([]int64, error) {
	var out []int64
	err := e.remote.ReadEach(ctx, a.Model, ids, []string{a.Field}, func(id int64, raw odooclient.Raw, err error) error {
		if err == nil && mapping.LookupValue(raw[a.Field]) == record.Text(a.Text) {
			out = append(out, id)
		}
		return nil
	})
	return out, err
}
