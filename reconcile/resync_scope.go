package reconcile

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

// allKnown refuses records that neither Odoo shows nor any row belongs to: a
// mistyped id would else look like one that is in step.
func (e *Engine) allKnown(ctx context.Context, entity string, odooIDs []int64) error {
	if len(odooIDs) > 0 && entity == "" {
		return record.Errorf(record.CodeRejected, "ids need an entity: each has ids of its own")
	}
	one := e.mapping.ByName(entity)
	if len(odooIDs) == 0 || one == nil {
		return nil
	}
	linked, err := store.LinkedIDs(ctx, e.db, entity, odooIDs)
	if err != nil {
		return mysqldb.Explain(err)
	}
	for _, id := range odooIDs {
		if linked[id] {
			continue
		}
		if err := e.known(ctx, one, id); err != nil {
			return err
		}
	}
	return nil
}

// entitiesOf are the names of the models' entities.
func (e *Engine) entitiesOf(models []string) []string {
	var out []string
	for _, entity := range e.mapping.Entities {
		if slices.Contains(models, entity.Model) {
			out = append(out, entity.Name)
		}
	}
	return out
}

// EntityOf is the first entity of one of Odoo's models, which stands for all of
// them in a resync.
func (e *Engine) EntityOf(model string) (string, error) {
	var models []string
	for _, entity := range e.mapping.Entities {
		if entity.Model == model {
			return entity.Name, nil
		}
		models = append(models, entity.Model)
	}
	return "", record.Errorf(record.CodeRejected, "the mapping has no model %q%s", model, record.DidYouMean(model, models))
}

// RunsResync is the running run of a resync that holds a lease which one of this
// entity ("" for all) needs; nil for none.
func (e *Engine) RunsResync(ctx context.Context, entity string, now time.Time) (*store.RunInfo, error) {
	models, err := e.modelsOf(entity)
	if err != nil {
		return nil, err
	}
	list, err := store.ListRuns(ctx, e.db, now, store.RunFilter{Kind: KindResync, State: store.RunRunning})
	if err != nil {
		return nil, err
	}
	concerned := e.entitiesOf(models)
	for _, r := range list {
		if !r.Dead && (r.Entity == "" || slices.Contains(concerned, r.Entity)) {
			return &r, nil
		}
	}
	return nil, nil
}

// AskedFor is what a resync's run was asked to do.
func AskedFor(r store.RunInfo) ResyncOptions {
	var p resyncPosition
	_ = json.Unmarshal(r.Position, &p) // an unreadable one names no records
	o := ResyncOptions{Entity: r.Entity, Mode: r.Mode, OdooIDs: p.OdooIDs, AllowDeletes: p.AllowDeletes}
	if o.Mode == ModeRecord {
		o.Mode = ModeFull
	}
	return o
}

// Covers reports that a resync of o does all that one of p would.
func (o ResyncOptions) Covers(p ResyncOptions) bool {
	switch {
	case p.AllowDeletes && !o.AllowDeletes,
		o.Entity != "" && o.Entity != p.Entity,
		o.Mode == ModeIncremental && p.Mode != ModeIncremental && len(p.OdooIDs) == 0:
		return false
	case len(p.OdooIDs) > 0: // a way through all may have passed them already
		return len(o.OdooIDs) > 0 && !slices.ContainsFunc(p.OdooIDs, func(id int64) bool { return !slices.Contains(o.OdooIDs, id) })
	}
	return len(o.OdooIDs) == 0
}
