package reconcile

import (
	"context"
	"errors"
	"slices"
	"strings"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// What a plan and a resync go through: the models of their entities, and the
// rows that belong to no record.

// modelsOf are the models to go through: all, or that of one entity.
func (e *Engine) modelsOf(entity string) ([]string, error) {
	if entity == "" {
		return e.models(), nil
	}
	one := e.mapping.ByName(entity)
	if one == nil {
		return nil, record.Errorf(record.CodeConfig, "the mapping has no entity %q%s", entity, record.DidYouMean(entity, e.EntityNames()))
	}
	return []string{one.Model}, nil
}

// known refuses a record that neither Odoo shows nor any row belongs to: a
// mistyped id would else look like one that is in step.
func (e *Engine) known(ctx context.Context, entity *mapping.Entity, odooID int64) error {
	linked, err := store.LinkedIDs(ctx, e.db, entity.Name, []int64{odooID})
	if err != nil || linked[odooID] {
		return mysqldb.Explain(err)
	}
	return e.odoo.ReadEach(ctx, entity.Model, []int64{odooID}, []string{"id"}, func(_ int64, _ odooclient.Raw, err error) error {
		if errors.Is(err, odooclient.ErrMissing) || errors.Is(err, odooclient.ErrHidden) {
			return record.Wrap(record.CodeRejected, err, "Odoo has no %s %d that the sync user may read, and no row of %s belongs to it", entity.Model, odooID, entity.Table)
		}
		return nil
	})
}

// writtenBack are the entities of these models whose rows become records.
func (e *Engine) writtenBack(models []string) []*mapping.Entity {
	var out []*mapping.Entity
	if e.outbox == nil {
		return nil
	}
	for _, entity := range e.mapping.Entities {
		if entity.Direction != mapping.ToAPI && slices.Contains(models, entity.Model) {
			out = append(out, entity)
		}
	}
	return out
}

// orphans goes through the rows that belong to no record, a page at a time.
func (e *Engine) orphans(ctx context.Context, entity *mapping.Entity, size int, page func(ids []string) error) error {
	for after := ""; ; {
		ids, err := store.OrphanRows(ctx, e.db, entity.Name, e.rules[entity.Name].table, entity.DeletedColumn, after, size)
		if err != nil {
			return mysqldb.Explain(err)
		}
		if len(ids) == 0 {
			return nil
		}
		if err := page(ids); err != nil {
			return err
		}
		after = ids[len(ids)-1]
	}
}

// ResyncLeases are the names of the leases that a resync of an entity ("" for
// all) holds: one for each entity it goes through, always in the same order.
func (e *Engine) ResyncLeases(entity string) ([]string, error) {
	models, err := e.modelsOf(entity)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, one := range e.mapping.Entities {
		if slices.Contains(models, one.Model) {
			out = append(out, "resync:"+one.Name)
		}
	}
	slices.SortFunc(out, strings.Compare)
	return out, nil
}

// EntityNames are the mapping's entities, parents first.
func (e *Engine) EntityNames() []string {
	out := make([]string, len(e.mapping.Entities))
	for i, entity := range e.mapping.Entities {
		out[i] = entity.Name
	}
	return out
}

// FilledBeforeImport tells, before anything was ever imported, the first table
// that holds rows which belong to no record, "" for none: whoever imported or
// pushed now would act on them unasked.
func (e *Engine) FilledBeforeImport(ctx context.Context) (table string, err error) {
	begun, err := store.CursorExists(ctx, e.db, cursorName(""))
	if err != nil || begun {
		return "", mysqldb.Explain(err)
	}
	for _, entity := range e.writtenBack(e.models()) {
		ids, err := store.OrphanRows(ctx, e.db, entity.Name, e.rules[entity.Name].table, entity.DeletedColumn, "", 1)
		if err != nil {
			return "", mysqldb.Explain(err)
		}
		if len(ids) > 0 {
			return entity.Table, nil
		}
	}
	return "", nil
}
