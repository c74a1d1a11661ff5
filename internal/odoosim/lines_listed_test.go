package odoosim_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
)

// Odoo 16's invoice lines take no load argument: the client lists them without,
// and leaves their records' names out itself.
func TestInvoiceLinesAreListedOnEveryVersion(t *testing.T) {
	for _, version := range []int{16, 17, 18, 19} {
		s := odoosim.New(odoosim.Options{Version: version})
		url, err := s.Start()
		require.NoError(t, err)
		move := s.Create("account.move", odoosim.Values{"move_type": "out_invoice", "invoice_line_ids": []odoosim.Values{{"name": "Bus", "price_unit": 1.0}}})
		c, err := odooclient.New(odooclient.Options{URL: url, Database: "odoosim", Login: "sync", APIKey: "sim-key"})
		require.NoError(t, err)
		for range 2 {
			var parents []int64
			require.NoError(t, c.StampsByID(context.Background(), odooclient.Listing{Model: "account.move.line", Parent: "move_id"}, 10, 0, func(stamps []odooclient.Stamp) error {
				for _, stamp := range stamps {
					parents = append(parents, stamp.Parent)
				}
				return nil
			}))
			require.Equal(t, []int64{move}, parents, version)
		}
		c.Close()
		require.NoError(t, s.Close())
	}
}
