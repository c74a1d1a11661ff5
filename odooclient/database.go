package odooclient

import (
	"context"

	"odoosync/internal/record"
)

// DatabaseUUID returns Odoo's database.uuid, which a copy of a database gets
// anew. It is "" where the user may not read it (ir.config_parameter is for
// administrators); what is asked then is Odoo's version, so that the answer
// tells Odoo's time all the same.
func (c *Client) DatabaseUUID(ctx context.Context) (string, error) {
	if c.uuidRefused.Load() {
		_, err := c.Version(ctx)
		return "", err
	}
	uuid := ""
	err := c.SearchRead(ctx, "ir.config_parameter", []any{[]any{"key", "=", "database.uuid"}}, []string{"value"}, Page{Limit: 1}, func(raw Raw) error {
		uuid, _ = raw["value"].(string)
		return nil
	})
	switch record.CodeOf(err) {
	case record.CodeDenied, record.CodeRejected, record.CodeConfig:
		c.uuidRefused.Store(true)
		return "", nil
	}
	return uuid, err
}
