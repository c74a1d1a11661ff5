package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"odoosync/internal/logs"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
)

// Pager lists the ids of a model's records.
type Pager interface {
	PagesByID(ctx context.Context, model string, domain []any, size int, after int64, page func(ids []int64) error) error
	SearchCount(ctx context.Context, model string, domain []any) (int64, error)
}

// Progress is how far an import is.
type Progress struct {
	Entity string
	Total  int64
	Done   int64
	Failed int64
	Ended  bool
}

// ImportOptions are an import's parts.
type ImportOptions struct {
	Pager    Pager
	Page     int // records a page; 0: 500
	Progress func(Progress)
}

// passage is one way through all records of a model: what it is for, and where
// its place is kept.
type passage struct {
	ImportOptions
	cause store.Cause
	more  [][]any // further terms of the search
	load  func(ctx context.Context, model string) (importCursor, error)
	save  func(ctx context.Context, model string, c importCursor) error
	// passes decides about a record that was neither synced nor refused: an error
	// has the whole page tried again later.
	passes func(ctx context.Context, model string, r Result) error
}

// importCursor is the place an import goes on from.
type importCursor struct {
	After int64  `json:"after"`
	Done  bool   `json:"done"`
	Of    string `json:"of"` // what was imported, see importOf
}

// importOf says which records an import brings, and to which entities: a mapping
// that gains an entity, or widens a domain, needs another one.
func (e *Engine) importOf(model string) string {
	var of strings.Builder
	for _, entity := range e.mapping.ByModel(model) {
		fmt.Fprint(&of, entity.Name, entity.SearchDomain(), ";")
	}
	return of.String()
}

func (e *Engine) loadImport(ctx context.Context, model string) (importCursor, error) {
	var c importCursor
	err := store.LoadCursor(ctx, e.db, cursorName(model), &c)
	if of := e.importOf(model); c.Of != of {
		c = importCursor{Of: of}
	}
	return c, err
}

func cursorName(model string) string { return "import:" + model }

// models are the mapped models, parents first, each once.
func (e *Engine) models() []string {
	var out []string
	seen := map[string]bool{}
	for _, entity := range e.mapping.Entities {
		if !seen[entity.Model] {
			seen[entity.Model] = true
			out = append(out, entity.Model)
		}
	}
	return out
}

// Import brings all records of all models here, a page at a time, parents
// first. It goes on where an earlier one stopped; a page is passed only once
// all of it was applied or refused with a reason. Records written meanwhile are
// told by their own events.
func (e *Engine) Import(ctx context.Context, o ImportOptions) error {
	if o.Page == 0 {
		o.Page = 500
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if err := e.guardAgain(ctx); err != nil {
		return err
	}
	way := passage{ImportOptions: o, cause: store.Cause{Kind: "import"}, load: e.loadImport, save: e.saveImport,
		passes: func(_ context.Context, model string, r Result) error {
			return record.Wrap(record.CodeOf(r.Err), r.Err, "%s %d: %s", model, r.OdooID, record.Message(r.Err))
		}}
	for _, model := range e.models() {
		if err := e.importModel(ctx, &way, model); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) saveImport(ctx context.Context, model string, c importCursor) error {
	return store.SaveCursor(ctx, e.db, e.clock.Now(), cursorName(model), c)
}

func (e *Engine) importModel(parent context.Context, o *passage, model string) error {
	entities := e.mapping.ByModel(model)
	domain := mapping.SearchDomain(entities)
	for _, term := range o.more {
		domain = append(domain, term)
	}
	cursor, err := o.load(parent, model)
	if err != nil || cursor.Done {
		return err
	}
	p := Progress{Entity: entities[0].Name}
	if p.Total, err = o.Pager.SearchCount(parent, model, append(slices.Clone(domain), []any{"id", ">", cursor.After})); err != nil {
		return err
	}
	o.Progress(p)
	pages := make(chan page, pagesAhead)
	g, ctx := errgroup.WithContext(parent)
	g.Go(func() error {
		defer close(pages)
		return o.Pager.PagesByID(ctx, model, domain, o.Page, cursor.After, func(ids []int64) error {
			next := page{ids: ids, failed: make(chan int64, 1)}
			select {
			case pages <- next:
			case <-ctx.Done():
				return ctx.Err()
			}
			g.Go(func() error {
				failed, err := e.importPage(ctx, o, model, ids)
				if err == nil {
					next.failed <- failed
				}
				return err
			})
			return nil
		})
	})
	g.Go(func() error { return e.passPages(ctx, o, model, pages, &p) })
	if err := g.Wait(); err != nil {
		return err
	}
	p.Ended = true
	o.Progress(p)
	return o.save(parent, model, importCursor{Done: true, Of: cursor.Of})
}

// pagesAhead is how many pages wait for an earlier one: while one is written
// here, the next is read from Odoo.
const pagesAhead = 1

// page is a page on its way; failed tells once how many of it were refused.
type page struct {
	ids    []int64
	failed chan int64
}

// passPages moves the cursor behind each page that went through, in order.
func (e *Engine) passPages(ctx context.Context, o *passage, model string, pages <-chan page, p *Progress) error {
	for next := range pages {
		select {
		case failed := <-next.failed:
			p.Done, p.Failed = p.Done+int64(len(next.ids)), p.Failed+failed
		case <-ctx.Done():
			return ctx.Err()
		}
		o.Progress(*p)
		last := importCursor{After: next.ids[len(next.ids)-1], Of: e.importOf(model)}
		if err := o.save(ctx, model, last); err != nil {
			return err
		}
	}
	return nil
}

// importPage syncs a page; refused records are shown and passed, others that
// failed are an error, so that the page is tried again.
func (e *Engine) importPage(ctx context.Context, o *passage, model string, ids []int64) (failed int64, err error) {
	targets := make([]Target, len(ids))
	for i, id := range ids {
		targets[i] = Target{OdooID: id, Cause: o.cause}
	}
	results, err := e.SyncRecords(ctx, model, targets)
	if err != nil {
		return 0, err
	}
	for _, r := range results {
		if r.Err == nil {
			continue
		}
		if !record.CodeOf(r.Err).Final() {
			if err := o.passes(ctx, model, r); err != nil {
				return 0, err
			}
			continue
		}
		failed++
		e.log.Warn("a record was refused while it was imported", zap.String("model", model), zap.Int64("odoo_id", r.OdooID), logs.Failure(r.Err))
		if err := e.ShowRefusal(ctx, model, r); err != nil && record.CodeOf(err) == record.CodeUnavailable {
			return failed, fmt.Errorf("showing a refusal: %w", err)
		}
	}
	return failed, nil
}
