package odooclient

import (
	"context"
	"strings"

	"odoosync/internal/record"
)

// ErrNoModule: the model has no compare and set. The Odoo module of this project
// brings it (docs/odoo.md); nothing was done.
var ErrNoModule = record.Errorf(record.CodeConfig, "Odoo has no compare and set for this model: the module is not installed")

// Origin is the context by which the module tells our writes from people's. It
// takes any text of up to 32 characters.
var Origin = map[string]any{"odoosync_origin": "daemon"}

// Versions are the records' versions, to be compared and nothing else, and to be
// asked for before the record is read. Ids that do not exist or that are hidden
// have none. Without ids it tells whether the model has versions at all, else
// ErrNoModule.
func (c *Client) Versions(ctx context.Context, model string, ids []int64) (map[int64]string, error) {
	out := make(map[int64]string, len(ids))
	ids = uniqueSorted(ids)
	for {
		n := min(len(ids), readBatch)
		if err := c.versionsHalving(ctx, model, ids[:n], out); err != nil {
			return nil, err
		}
		if ids = ids[n:]; len(ids) == 0 {
			return out, nil
		}
	}
}

// versionsHalving finds the records that a rule hides, as readHalving does.
func (c *Client) versionsHalving(ctx context.Context, model string, ids []int64, into map[int64]string) error {
	v, err := c.execute(ctx, model, "odoosync_write_date", []any{ids}, nil, true, nil)
	switch {
	case lacksMethod(err):
		return ErrNoModule
	case err != nil && len(ids) > 1 && blamesRecord(err):
		half := len(ids) / 2
		if err := c.versionsHalving(ctx, model, ids[:half], into); err != nil {
			return err
		}
		return c.versionsHalving(ctx, model, ids[half:], into)
	case err != nil && len(ids) == 1 && blamesRecord(err):
		return nil
	case err != nil:
		return err
	}
	list, ok := v.([]any)
	if !ok {
		return record.Errorf(record.CodeRejected, "Odoo answered with a %T where versions were expected", v)
	}
	for _, e := range list {
		m, _ := e.(map[string]any)
		id, _ := m["id"].(int64)
		if version, _ := m["write_date"].(string); id != 0 && version != "" {
			into[id] = version
		}
	}
	return nil
}

// Expected is what a compared write is made on.
type Expected struct {
	Version string // the record's, of Versions
	Token   string // by which Odoo remembers the write for a month, up to 64 characters; see WrittenAs
}

// WriteIf changes a record that still is of the version, and returns the version
// that it has then: "" says that it was of another one, and that nothing was done.
// Odoo compares and writes under the record's lock.
func (c *Client) WriteIf(ctx context.Context, model string, id int64, is Expected, values, extra map[string]any) (as string, err error) {
	v, err := c.execute(ctx, model, "odoosync_write", []any{[]int64{id}, values, is.Version, is.Token}, withContext(extra), false, nil)
	if lacksMethod(err) {
		return "", ErrNoModule
	}
	if err != nil {
		return "", err
	}
	m, _ := v.(map[string]any)
	written, ok := m["written"].(bool)
	if as, _ = m["write_date"].(string); !ok || written && as == "" {
		return "", record.Errorf(record.CodeUnknownOutcome, "Odoo answered a write with %v; what it did is not known until the record is read again", v)
	}
	if !written {
		return "", nil
	}
	return as, nil
}

// WrittenAs asks for the version that the compared write of a token left the
// record with: "" where Odoo has not made such a write.
func (c *Client) WrittenAs(ctx context.Context, model string, id int64, token string) (string, error) {
	v, err := c.execute(ctx, model, "odoosync_written", []any{[]int64{id}, token}, nil, true, nil)
	if lacksMethod(err) {
		return "", ErrNoModule
	}
	as, _ := v.(string)
	return as, err
}

// lacksMethod tells a model without the module's methods, or with those of an
// older module, which take less (odoo/service/model.py and odoo/api.py,
// get_public_method and call_kw).
func lacksMethod(err error) bool {
	f, ok := AsFault(err)
	if !ok || f.Code != 1 || !strings.Contains(f.Message, "odoosync_writ") {
		return false
	}
	if strings.Contains(f.Trace, "TypeError") {
		return strings.Contains(f.Message, "positional argument")
	}
	return strings.Contains(f.Trace, "AttributeError") && (strings.Contains(f.Message, "has no attribute") || strings.Contains(f.Message, "does not exist"))
}
