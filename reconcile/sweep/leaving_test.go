package sweep_test

import (
	"context"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// leaving is an Odoo that goes away after some pages of a list.
type leaving struct {
	*odooclient.Client
	pages *int
}

func (l leaving) StampsByID(ctx context.Context, listing odooclient.Listing, size int, after int64, page func([]odooclient.Stamp) error) error {
	return l.Client.StampsByID(ctx, listing, size, after, func(s []odooclient.Stamp) error {
		if *l.pages == 0 {
			return record.Errorf(record.CodeUnavailable, "Odoo is away")
		}
		*l.pages--
		return page(s)
	})
}
