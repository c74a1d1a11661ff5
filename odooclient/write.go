package odooclient

import (
	"context"
	"strings"

	"odoosync/internal/record"
)

// Quiet is the context under which bulk writes e-mail nobody and leave the
// chatter alone.
var Quiet = map[string]any{"tracking_disable": true, "mail_create_nolog": true, "mail_notrack": true,
	"no_reset_password": true, "mail_auto_subscribe_no_notify": true}

// Tracked is the context under which a single edit shows in Odoo's chatter, and
// still e-mails nobody.
var Tracked = map[string]any{"no_reset_password": true, "mail_auto_subscribe_no_notify": true, "mail_create_nosubscribe": true}

// LoadResult is Odoo's answer to a load.
type LoadResult struct {
	IDs      []int64 // in the order of the records; nil when nothing was written
	Messages []LoadMessage
}

// LoadMessage is a word of Odoo about one row, a warning or an error. Either
// means that the row was not taken as it was meant.
type LoadMessage struct {
	Type    string
	Message string
	Field   string
	Row     int // from 0, -1 when Odoo names none
}

// Load writes rows of texts by Odoo's import: with an "id" column it creates or
// updates by external id, with ".id" it updates by database id, and it writes
// all rows or none. A lost answer may be resolved by sending the same again.
func (c *Client) Load(ctx context.Context, model string, fields []string, rows [][]string, extra map[string]any) (LoadResult, error) {
	v, err := c.execute(ctx, model, "load", []any{fields, rows}, withContext(extra), false, nil)
	if err != nil {
		return LoadResult{}, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return LoadResult{}, record.Errorf(record.CodeUnknownOutcome, "Odoo answered a load with a %T", v)
	}
	var out LoadResult
	if list, isList := m["ids"].([]any); isList {
		if out.IDs, err = asIDs(list); err != nil {
			return LoadResult{}, err
		}
	}
	messages, _ := m["messages"].([]any)
	for _, e := range messages {
		a, _ := e.(map[string]any)
		out.Messages = append(out.Messages, LoadMessage{Type: text(a["type"]), Message: strings.TrimSpace(text(a["message"])), Field: text(a["field"]), Row: rowOf(a)})
	}
	return out, nil
}

func rowOf(a map[string]any) int {
	if rows, ok := a["rows"].(map[string]any); ok {
		if from, ok := rows["from"].(int64); ok {
			return int(from)
		}
	}
	if n, ok := a["record"].(int64); ok {
		return int(n)
	}
	return -1
}

// Create makes records and returns their ids. A lost answer cannot be resolved
// by sending it again: use Load where that matters.
func (c *Client) Create(ctx context.Context, model string, values []map[string]any, extra map[string]any) ([]int64, error) {
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	v, err := c.execute(ctx, model, "create", []any{list}, withContext(extra), false, nil)
	if err != nil {
		return nil, err
	}
	return asIDs(v)
}

// Write changes records. Odoo checks little: read the state right before.
func (c *Client) Write(ctx context.Context, model string, ids []int64, values map[string]any, extra map[string]any) error {
	_, err := c.execute(ctx, model, "write", []any{ids, values}, withContext(extra), false, nil)
	return err
}

// Unlink deletes records.
func (c *Client) Unlink(ctx context.Context, model string, ids []int64, extra map[string]any) error {
	_, err := c.execute(ctx, model, "unlink", []any{ids}, withContext(extra), false, nil)
	return err
}

// Call runs a business method. Whatever it returns, read the record back and
// judge by its state; ErrNoneResult means that it ran.
func (c *Client) Call(ctx context.Context, model, method string, args []any, kwargs map[string]any) (any, error) {
	return c.execute(ctx, model, method, args, kwargs, false, nil)
}

func withContext(extra map[string]any) map[string]any {
	if extra == nil {
		return nil
	}
	return map[string]any{"context": extra}
}
