package reconcile

import (
	"maps"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/reconcile/merge"
)

// entityRules is what the engine derives once from an entity: the merge's
// rules and the tables to read and write.
type entityRules struct {
	merge    merge.Rules
	table    store.Table
	children map[string]store.Table
}

func newEntityRules(e *mapping.Entity) entityRules {
	r := entityRules{
		merge: merge.Rules{
			Default: merge.Rule{Direction: merge.Direction(e.Direction), Policy: merge.Policy(e.Policy)},
			Fields:  fieldRules(e.Fields),
			Lines:   map[string]merge.LineRules{},
		},
		table:    store.Table{Name: e.Table, ID: e.IDColumn, OdooID: e.OdooIDColumn, Columns: columns(e.Fields)},
		children: map[string]store.Table{},
	}
	if e.DeletedColumn != "" {
		r.table.Columns = append(r.table.Columns, e.DeletedColumn)
	}
	if e.MergedColumn != "" {
		r.table.Columns = append(r.table.Columns, e.MergedColumn)
	}
	for _, c := range e.Children {
		r.merge.Lines[c.Name] = merge.LineRules{Rule: r.merge.Default, Fields: fieldRules(c.Fields)}
		r.children[c.Name] = store.Table{Name: c.Table, ID: c.IDColumn, OdooID: c.OdooIDColumn, Parent: c.ParentColumn,
			Position: c.PositionColumn, Columns: columns(c.Fields)}
	}
	return r
}

// mergeRules are the rules for a row: what its record shares with another one in
// Odoo comes from there, whatever the mapping says.
func (w *writer) mergeRules(local *record.Record) merge.Rules {
	rules := w.rules.merge
	if local == nil {
		return rules
	}
	cloned := false
	for _, f := range w.entity.Fields {
		if !f.Shared(local.Fields) {
			continue
		}
		if !cloned {
			rules.Fields, cloned = maps.Clone(rules.Fields), true
		}
		rules.Fields[f.Name] = merge.Rule{Direction: merge.ToAPI, Policy: merge.Odoo}
	}
	return rules
}

func fieldRules(fields []*mapping.Field) map[string]merge.Rule {
	out := make(map[string]merge.Rule, len(fields))
	for _, f := range fields {
		out[f.Name] = merge.Rule{Direction: merge.Direction(f.Direction), Policy: merge.Policy(f.Policy), Expected: f.Expected}
	}
	return out
}

func columns(fields []*mapping.Field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Column
	}
	return out
}
