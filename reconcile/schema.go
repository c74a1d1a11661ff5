package reconcile

import (
	"context"

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
			if schema.Models[model] != nil {
				continue
			}
			if schema.Models[model], err = odoo.FieldsGet(ctx, model); err != nil {
				return schema, err
			}
		}
	}
	return schema, nil
}
