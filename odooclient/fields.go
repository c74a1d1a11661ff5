package odooclient

import (
	"context"

	"odoosync/internal/record"
)

// fieldAttributes are all we ask fields_get for: its full answer is megabytes.
var fieldAttributes = []string{"type", "relation", "string", "required", "readonly", "store", "selection", "relation_field", "domain"}

// FieldsGet returns a model's fields. They are asked for once in the client's
// life: a module that is installed later is seen by the next one.
func (c *Client) FieldsGet(ctx context.Context, model string) (Fields, error) {
	c.mu.Lock()
	cached := c.fields[model]
	c.mu.Unlock()
	if cached != nil {
		return cached, nil
	}
	v, err := c.execute(ctx, model, "fields_get", []any{}, map[string]any{"attributes": fieldAttributes}, true, nil)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, record.Errorf(record.CodeRejected, "Odoo answered with a %T where the fields of %s were expected", v, model)
	}
	fields := make(Fields, len(m))
	for name, attributes := range m {
		a, _ := attributes.(map[string]any)
		fields[name] = asField(name, a)
	}
	c.mu.Lock()
	c.fields[model] = fields
	c.mu.Unlock()
	return fields, nil
}

func asField(name string, a map[string]any) Field {
	f := Field{Name: name, Type: text(a["type"]), Relation: text(a["relation"]), Label: text(a["string"]), RelationField: text(a["relation_field"])}
	f.Domain, _ = a["domain"].([]any)
	f.Required, _ = a["required"].(bool)
	f.Readonly, _ = a["readonly"].(bool)
	f.Store, _ = a["store"].(bool)
	options, _ := a["selection"].([]any)
	for _, o := range options {
		if pair, ok := o.([]any); ok && len(pair) == 2 {
			f.Selection = append(f.Selection, Option{Key: text(pair[0]), Label: text(pair[1])})
		}
	}
	return f
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
