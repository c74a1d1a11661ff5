package odooclient

import (
	"context"
	"errors"
	"strings"

	"odoosync/internal/record"
)

// readBatch is how many records one read asks for.
const readBatch = 200

// Read returns the records that exist, many2ones as plain ids. Missing ids are
// left out; the first record that cannot be read is an error. Use ReadEach to
// hear about every id.
func (c *Client) Read(ctx context.Context, model string, ids []int64, fields []string) ([]Raw, error) {
	var out []Raw
	err := c.ReadEach(ctx, model, ids, fields, func(_ int64, raw Raw, err error) error {
		switch {
		case err == nil:
			out = append(out, raw)
			return nil
		case errors.Is(err, ErrMissing):
			return nil
		}
		return err
	})
	return out, err
}

// ReadEach reads records, 200 a call, and tells each of every id once: its
// record, or ErrMissing, ErrHidden, or what is wrong with it. A record that
// spoils its batch is found by halving, so the others go through. An error of
// ReadEach itself means that Odoo cannot be read now, or what each returned.
func (c *Client) ReadEach(ctx context.Context, model string, ids []int64, fields []string, each func(id int64, raw Raw, err error) error) error {
	ids = uniqueSorted(ids)
	for len(ids) > 0 {
		n := min(len(ids), readBatch)
		if err := c.readHalving(ctx, model, ids[:n], fields, each); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

func (c *Client) readHalving(ctx context.Context, model string, ids []int64, fields []string, each func(int64, Raw, error) error) error {
	found, err := c.readOnce(ctx, model, ids, fields)
	if err == nil {
		for _, id := range ids {
			raw, ok := found[id]
			if !ok {
				err = each(id, nil, ErrMissing)
			} else {
				err = each(id, raw, nil)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	if !blamesRecord(err) {
		return err
	}
	if len(ids) == 1 {
		if record.CodeOf(err) == record.CodeDenied {
			err = record.Wrap(record.CodeDenied, errors.Join(ErrHidden, err), "%s %d is hidden from the sync user", model, ids[0])
		} else {
			err = record.Wrap(record.CodeRejected, err, "%s %d cannot be read: %s", model, ids[0], record.Message(err))
		}
		return each(ids[0], nil, err)
	}
	half := len(ids) / 2
	if err := c.readHalving(ctx, model, ids[:half], fields, each); err != nil {
		return err
	}
	return c.readHalving(ctx, model, ids[half:], fields, each)
}

// blamesRecord tells errors that one record of a batch may be guilty of.
func blamesRecord(err error) bool {
	switch record.CodeOf(err) {
	case record.CodeDenied, record.CodeRejected:
		return true
	}
	return false
}

func (c *Client) readOnce(ctx context.Context, model string, ids []int64, fields []string) (map[int64]Raw, error) {
	found, asked := make(map[int64]Raw, len(ids)), make(map[int64]bool, len(ids))
	for _, id := range ids {
		asked[id] = true
	}
	kwargs := map[string]any{"fields": fields, "load": "_classic_write"}
	_, err := c.execute(ctx, model, "read", []any{ids}, kwargs, true, func(v any) error {
		raw, err := asRaw(v)
		if err != nil {
			return err
		}
		// Only an answer that holds records of ours, and no others, may tell by
		// leaving one out that it does not exist.
		if !asked[raw.ID()] {
			return record.Errorf(record.CodeRejected, "Odoo answered with a record of %s (id %v) that was not asked for", model, raw["id"])
		}
		found[raw.ID()] = raw
		return nil
	})
	return found, err
}

func asRaw(v any) (Raw, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, record.Errorf(record.CodeRejected, "Odoo answered with a %T where a record was expected", v)
	}
	return m, nil
}

// Page bounds a search.
type Page struct {
	Order  string // "write_date asc, id asc"
	Limit  int    // 0: all
	Offset int
}

func (p Page) kwargs() map[string]any {
	kw := map[string]any{}
	if p.Order != "" {
		kw["order"] = p.Order
	}
	if p.Limit > 0 {
		kw["limit"] = p.Limit
	}
	if p.Offset > 0 {
		kw["offset"] = p.Offset
	}
	return kw
}

// Search returns the ids of the records in a domain, archived ones too.
func (c *Client) Search(ctx context.Context, model string, domain []any, p Page) ([]int64, error) {
	v, err := c.execute(ctx, model, "search", []any{notNil(domain)}, p.kwargs(), true, nil)
	if err != nil {
		return nil, err
	}
	return asIDs(v)
}

// SearchCount counts the records in a domain, archived ones too.
func (c *Client) SearchCount(ctx context.Context, model string, domain []any) (int64, error) {
	v, err := c.execute(ctx, model, "search_count", []any{notNil(domain)}, nil, true, nil)
	if err != nil {
		return 0, err
	}
	n, ok := v.(int64)
	if !ok {
		return 0, record.Errorf(record.CodeRejected, "Odoo answered with a %T where a count was expected", v)
	}
	return n, nil
}

// SearchRead streams the records in a domain to yield, many2ones as plain ids.
func (c *Client) SearchRead(ctx context.Context, model string, domain []any, fields []string, p Page, yield func(Raw) error) error {
	c.mu.Lock()
	named := c.named[model]
	c.mu.Unlock()
	err := c.searchRead(ctx, model, domain, fields, p, named, yield)
	if named || !refusesLoad(err) {
		return err
	}
	c.mu.Lock()
	c.named[model] = true
	c.mu.Unlock()
	return c.searchRead(ctx, model, domain, fields, p, true, yield)
}

// refusesLoad tells a model whose own search_read lacks the argument: Odoo 16's
// account.move.line (addons/account/models/account_move_line.py), and whatever
// module does the same.
func refusesLoad(err error) bool {
	f, isFault := AsFault(err)
	return isFault && strings.Contains(f.Message, "unexpected keyword argument 'load'")
}

func (c *Client) searchRead(ctx context.Context, model string, domain []any, fields []string, p Page, named bool, yield func(Raw) error) error {
	kwargs := p.kwargs()
	kwargs["fields"] = fields
	if !named {
		kwargs["load"] = "_classic_write"
	}
	_, err := c.execute(ctx, model, "search_read", []any{notNil(domain)}, kwargs, true, func(v any) error {
		raw, err := asRaw(v)
		if err != nil {
			return err
		}
		if named {
			plainIDs(raw)
		}
		return yield(raw)
	})
	return err
}

// plainIDs takes the names off many2ones.
func plainIDs(raw Raw) {
	for name, v := range raw {
		if pair, ok := v.([]any); ok && len(pair) == 2 {
			if _, isName := pair[1].(string); isName {
				raw[name] = pair[0]
			}
		}
	}
}

// ReadGroup groups a domain by fields ("write_date:day", in UTC) and returns
// the groups as Odoo answers them (lazy False).
func (c *Client) ReadGroup(ctx context.Context, model string, domain []any, fields, groupBy []string) ([]Raw, error) {
	var out []Raw
	args := []any{notNil(domain), fields, groupBy}
	_, err := c.execute(ctx, model, "read_group", args, map[string]any{"lazy": false}, true, func(v any) error {
		raw, err := asRaw(v)
		if err == nil {
			out = append(out, raw)
		}
		return err
	})
	return out, err
}

func notNil(domain []any) []any {
	if domain == nil {
		return []any{}
	}
	return domain
}

func asIDs(v any) ([]int64, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, record.Errorf(record.CodeRejected, "Odoo answered with a %T where ids were expected", v)
	}
	ids := make([]int64, len(list))
	for i, e := range list {
		id, ok := e.(int64)
		if !ok {
			return nil, record.Errorf(record.CodeRejected, "Odoo answered with a %T where an id was expected", e)
		}
		ids[i] = id
	}
	return ids, nil
}
