package reconcile

import (
	"context"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// Describer tells what Odoo has.
type Describer interface {
	Version(ctx context.Context) (odooclient.Version, error)
	FieldsGet(ctx context.Context, model string) (odooclient.Fields, error)
}

// LoadSchema asks both sides what a mapping can be bound to. odoo is nil in
// payload mode, where there is none to ask.
func LoadSchema(ctx context.Context, odoo Describer, db store.Queryer, spec *mapping.Spec) (mapping.Schema, error) {
	var schema mapping.Schema
	var err error
	if schema.Tables, err = store.Tables(ctx, db); err != nil || odoo == nil {
		return schema, err
	}
	if schema.Version, err = odoo.Version(ctx); err != nil {
		return schema, err
	}
	schema.Models = map[string]odooclient.Fields{}
	for asked := -1; asked != len(schema.Models); { // each round may name models the last one led to
		asked = len(schema.Models)
		for _, model := range spec.Models(schema.Models) {
			if _, known := schema.Models[model]; known {
				continue
			}
			schema.Models[model], err = odoo.FieldsGet(ctx, model)
			if err != nil && !refusesModel(err) {
				return schema, err
			}
		}
	}
	return schema, nil
}

// refusesModel tells an Odoo that does not have, or does not show, a model,
// which is one problem of the mapping among others, from one that cannot be
// asked at all.
func refusesModel(err error) bool {
	f, fault := odooclient.AsFault(err)
	switch record.CodeOf(err) {
	case record.CodeRejected, record.CodeDenied, record.CodeConfig:
		return fault && f.Code != 3 // 3 is the login's
	}
	return false
}
