package odooclient

import (
	"context"
	"strings"

	"odoosync/internal/record"
)

// ExternalID returns the id of the record that an external id stands for, 0
// when nothing has it. Odoo answers without Administration rights, and with the
// record's model and id also where the record itself is hidden
// (odoo/addons/base/models/ir_model.py, check_object_reference).
func (c *Client) ExternalID(ctx context.Context, module, name string) (int64, error) {
	v, err := c.execute(ctx, "ir.model.data", "check_object_reference", []any{module, name}, nil, true, nil)
	if f, fault := AsFault(err); fault && strings.Contains(f.Message, "External ID not found") {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	pair, _ := v.([]any)
	if len(pair) != 2 {
		return 0, record.Errorf(record.CodeRejected, "Odoo answered with a %T where a model and an id were expected", v)
	}
	id, _ := pair[1].(int64)
	return id, nil
}
