package odooclient

import (
	"cmp"
	"context"
	"slices"
	"time"

	"odoosync/internal/record"
)

// PagesByID hands over the ids of a domain, size at a time, in ascending order
// from the one after `after`. Records that appear behind the cursor meanwhile
// are found by their own events.
func (c *Client) PagesByID(ctx context.Context, model string, domain []any, size int, after int64, page func(ids []int64) error) error {
	for {
		ids, err := c.Search(ctx, model, also(domain, []any{"id", ">", after}), Page{Order: "id asc", Limit: size})
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if after, err = onward(model, after, id); err != nil {
				return err
			}
		}
		if err := page(ids); err != nil {
			return err
		}
		if len(ids) < size {
			return nil
		}
	}
}

// Cursor is a place in the order of (write_date, id). WriteDate has Odoo's
// form; "" is the beginning.
type Cursor struct {
	WriteDate string `json:"write_date"`
	ID        int64  `json:"id"`
}

// Stamp is a record's id and write_date, in Odoo's form; "" where Odoo has none.
type Stamp struct {
	ID        int64
	WriteDate string
	Parent    int64 // the record a line belongs to, where its field was asked for
}

// Listing is what is to be listed: the records of a model in a domain, which
// may be nil, and for lines the field of their record ("order_id", else "").
type Listing struct {
	Model  string
	Domain []any
	Parent string
}

// PagesByWriteDate hands over what was written at or after the cursor, oldest
// first, each record once a second.
//
// It always asks for >=: Odoo 16 to 18 compare the stored microseconds, of
// which a client sees none, so > returns the last record again, and 19 compares
// seconds, so > skips the rest of that second. A second that fills more than a
// page is paged by id; one record seen twice is handed over once.
func (c *Client) PagesByWriteDate(ctx context.Context, l Listing, size int, from Cursor, page func([]Stamp) error) error {
	for {
		stamps, err := c.stamps(ctx, l, since(l.Domain, from), Page{Order: "write_date asc, id asc", Limit: size})
		if err != nil {
			return err
		}
		full := len(stamps) >= size
		stamps = slices.DeleteFunc(stamps, func(s Stamp) bool { return s.WriteDate == from.WriteDate && s.ID <= from.ID })
		if len(stamps) > 0 {
			slices.SortFunc(stamps, compareStamps)
			if err := page(stamps); err != nil {
				return err
			}
			last := stamps[len(stamps)-1]
			from = Cursor{WriteDate: last.WriteDate, ID: last.ID}
		}
		if !full {
			return nil
		}
		if from, err = c.restOfSecond(ctx, l, size, from, page); err != nil {
			return err
		}
	}
}

// restOfSecond pages by id through the cursor's own second, in which Odoo's
// order (by hidden microseconds) is not ours, and returns the next second.
func (c *Client) restOfSecond(ctx context.Context, l Listing, size int, at Cursor, page func([]Stamp) error) (Cursor, error) {
	next, err := nextSecond(at.WriteDate)
	if err != nil {
		return at, err
	}
	l.Domain = also(l.Domain, []any{"write_date", ">=", at.WriteDate}, []any{"write_date", "<", next})
	return Cursor{WriteDate: next}, c.StampsByID(ctx, l, size, 0, page)
}

// StampsByID hands over the records of a listing, size at a time, in ascending
// order of their ids from the one after `after`.
func (c *Client) StampsByID(ctx context.Context, l Listing, size int, after int64, page func([]Stamp) error) error {
	for {
		stamps, err := c.stamps(ctx, l, also(l.Domain, []any{"id", ">", after}), Page{Order: "id asc", Limit: size})
		if err != nil || len(stamps) == 0 {
			return err
		}
		for _, s := range stamps {
			if after, err = onward(l.Model, after, s.ID); err != nil {
				return err
			}
		}
		if err := page(stamps); err != nil {
			return err
		}
		if len(stamps) < size {
			return nil
		}
	}
}

// onward refuses an id that does not follow the last one: the paging might else
// never end.
func onward(model string, after, id int64) (int64, error) {
	if id <= after {
		return after, record.Errorf(record.CodeRetryable, "Odoo lists %s %d after %d: a cache or proxy before it repeats old answers", model, id, after)
	}
	return id, nil
}

func (c *Client) stamps(ctx context.Context, l Listing, domain []any, p Page) ([]Stamp, error) {
	var out []Stamp
	fields := []string{"write_date"}
	if l.Parent != "" {
		fields = append(fields, l.Parent)
	}
	err := c.SearchRead(ctx, l.Model, domain, fields, p, func(raw Raw) error {
		s := Stamp{ID: raw.ID()}
		s.WriteDate, _ = raw["write_date"].(string)
		s.Parent, _ = raw[l.Parent].(int64)
		out = append(out, s)
		return nil
	})
	return out, err
}

func compareStamps(a, b Stamp) int {
	return cmp.Or(cmp.Compare(a.WriteDate, b.WriteDate), cmp.Compare(a.ID, b.ID))
}

func since(domain []any, from Cursor) []any {
	if from.WriteDate == "" {
		return notNil(domain)
	}
	return also(domain, []any{"write_date", ">=", from.WriteDate})
}

// also adds terms to a domain. Odoo joins a domain's expressions with "and",
// so they may simply follow.
func also(domain []any, terms ...[]any) []any {
	out := slices.Clone(notNil(domain))
	for _, t := range terms {
		out = append(out, t)
	}
	return out
}

func nextSecond(date string) (string, error) {
	t, err := ParseTime(date)
	if err != nil {
		return "", record.Wrap(record.CodeRejected, err, "Odoo's write_date %q is no time", date)
	}
	return t.Add(time.Second).Format(TimeLayout), nil
}
