package odooclient

import (
	"context"

	"odoosync/internal/record"
)

// Company is one that the sync user may see.
type Company struct {
	ID   int64
	Name string
}

// Profile is what a user has chosen in Odoo.
type Profile struct {
	Company int64  // the main one
	Lang    string // "fr_FR"
}

// Adopt reads the sync user's main company and language, lets every later call
// use them where the options say nothing, and returns them. Without it Odoo
// works in all of the user's companies and in its source language: a call over
// XML-RPC has no session to take them from.
func (c *Client) Adopt(ctx context.Context) (Profile, error) {
	uid, err := c.user(ctx)
	if err != nil {
		return Profile{}, err
	}
	users, err := c.Read(ctx, "res.users", []int64{uid}, []string{"company_id", "lang"})
	if err != nil {
		return Profile{}, err
	}
	if len(users) != 1 {
		return Profile{}, record.Errorf(record.CodeRejected, "Odoo does not show the sync user its own record")
	}
	var p Profile
	p.Company, _ = users[0]["company_id"].(int64)
	p.Lang, _ = users[0]["lang"].(string)
	c.mu.Lock()
	c.own = p
	c.mu.Unlock()
	return p, nil
}

// Companies returns the companies the sync user may see, its main one first.
func (c *Client) Companies(ctx context.Context) ([]Company, error) {
	uid, err := c.user(ctx)
	if err != nil {
		return nil, err
	}
	users, err := c.readUnrestricted(ctx, "res.users", []int64{uid}, []string{"company_id", "company_ids"})
	if err != nil {
		return nil, err
	}
	if len(users) != 1 {
		return nil, record.Errorf(record.CodeRejected, "Odoo does not show the sync user its own record")
	}
	main, _ := users[0]["company_id"].(int64)
	list, _ := users[0]["company_ids"].([]any)
	ids := []int64{main}
	for _, v := range list {
		if id, ok := v.(int64); ok && id != main {
			ids = append(ids, id)
		}
	}
	raws, err := c.readUnrestricted(ctx, "res.company", ids, []string{"name"})
	if err != nil {
		return nil, err
	}
	names := map[int64]string{}
	for _, raw := range raws {
		names[raw.ID()], _ = raw["name"].(string)
	}
	out := make([]Company, len(ids))
	for i, id := range ids {
		out[i] = Company{ID: id, Name: names[id]}
	}
	return out, nil
}

// readUnrestricted reads in none of the companies of the options in particular:
// Odoo refuses every call in the name of a company that the user has not, the
// one that asks which he has too (odoo/odoo/api.py, Environment.companies).
func (c *Client) readUnrestricted(ctx context.Context, model string, ids []int64, fields []string) ([]Raw, error) {
	var out []Raw
	kwargs := map[string]any{"fields": fields, "load": "_classic_write", "context": map[string]any{"allowed_company_ids": []int64{}}}
	_, err := c.execute(ctx, model, "read", []any{ids}, kwargs, true, func(v any) error {
		raw, err := asRaw(v)
		out = append(out, raw)
		return err
	})
	return out, err
}

// HasGroup reports whether the sync user is in a group, by the group's external
// id. The method belongs to the model up to Odoo 17 and to the record from 18 on
// (odoo/addons/base/models/res_users.py).
func (c *Client) HasGroup(ctx context.Context, v Version, group string) (bool, error) {
	uid, err := c.user(ctx)
	if err != nil {
		return false, err
	}
	args := []any{[]int64{uid}, group}
	if v.Major < 18 {
		args = []any{group}
	}
	answer, err := c.execute(ctx, "res.users", "has_group", args, nil, true, nil)
	has, _ := answer.(bool)
	return has, err
}

// Synced are the companies that calls work in, the current one first; none
// before the options or Adopt name any.
func (c *Client) Synced() []int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.options.Companies) == 0 && c.own.Company != 0 {
		return []int64{c.own.Company}
	}
	return c.options.Companies
}
