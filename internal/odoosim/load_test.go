package odoosim_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
)

func dial(t *testing.T, o odoosim.Options) (*odoosim.Server, *odooclient.Client) {
	t.Helper()
	s := odoosim.New(o)
	url, err := s.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	c, err := odooclient.New(odooclient.Options{URL: url, Database: "odoosim", Login: "sync", APIKey: "sim-key"})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return s, c
}

// What odoo-facts says of load, beyond the recordings: tried there on all four
// versions.
func TestLoad(t *testing.T) {
	ctx := context.Background()
	s, c := dial(t, odoosim.Options{})
	columns := []string{"id", "move_type", "invoice_line_ids/id", "invoice_line_ids/name", "invoice_line_ids/quantity", "invoice_line_ids/price_unit"}
	rows := [][]string{
		{"__odoosync__.invoices_1", "out_invoice", "__odoosync__.lines_1", "Rome", "30", "150"},
		{"", "", "__odoosync__.lines_2", "Milan", "1", "10"},
	}
	first, err := c.Load(ctx, "account.move", columns, rows, nil)
	require.NoError(t, err)
	require.Len(t, first.IDs, 1)
	require.Equal(t, 4510.0, s.Get("account.move", first.IDs[0])["amount_untaxed"])
	rows[0][4] = "31"
	second, err := c.Load(ctx, "account.move", columns, rows, nil)
	require.NoError(t, err)
	require.Equal(t, first.IDs, second.IDs, "the same external ids are the same records")
	require.Len(t, s.IDs("account.move.line"), 2)
	require.Equal(t, 4660.0, s.Get("account.move", first.IDs[0])["amount_untaxed"])

	refused, err := c.Load(ctx, "res.partner", []string{"id", "name", "country_id/.id"}, [][]string{{"__odoosync__.a", "A", "75"}, {"__odoosync__.b", "B", "9999"}}, nil)
	require.NoError(t, err)
	require.Nil(t, refused.IDs)
	require.Equal(t, []odooclient.LoadMessage{{Type: "error", Message: "No matching record found for database id '9999' in field 'Country'", Field: "country_id", Row: 1}}, refused.Messages)
	require.Empty(t, s.IDs("res.partner"), "a row that is refused undoes all of them")
	born := s.Create("res.partner", odoosim.Values{"name": "Born in Odoo"})
	absent, err := c.Load(ctx, "res.partner", []string{".id", "city"}, [][]string{{"9999", "Nantes"}}, nil)
	require.NoError(t, err)
	require.Nil(t, absent.IDs, "a missing .id is no create")
	require.Equal(t, "Unknown database identifier '9999'", absent.Messages[0].Message)
	known, err := c.Load(ctx, "res.partner", []string{".id", "city"}, [][]string{{fmt.Sprint(born), "Nantes"}}, nil)
	require.NoError(t, err)
	require.Equal(t, []int64{born}, known.IDs)
	require.Equal(t, "Nantes", s.Get("res.partner", born)["city"])
}

func TestReadGroupCountsDays(t *testing.T) {
	ctx := context.Background()
	s, c := dial(t, odoosim.Options{})
	for range 3 {
		s.Create("res.partner", odoosim.Values{"name": "École"})
	}
	groups, err := c.ReadGroup(ctx, "res.partner", nil, []string{"write_date:max"}, []string{"write_date:day"})
	require.NoError(t, err)
	require.Len(t, groups, 1)
	require.Equal(t, int64(3), groups[0]["__count"])
	require.Contains(t, groups[0], "__range")
}

func TestARefusalUndoesItsCall(t *testing.T) {
	ctx := context.Background()
	s, c := dial(t, odoosim.Options{})
	order := s.Create("sale.order", odoosim.Values{"order_line": []odoosim.Values{{"name": "Rome"}}})
	draft := s.Create("sale.order", odoosim.Values{"order_line": []odoosim.Values{{"name": "Milan"}}})
	require.NoError(t, s.Call("sale.order", "action_confirm", order))
	require.ErrorContains(t, c.Unlink(ctx, "sale.order", []int64{draft, order}, nil), "confirmed sales order")
	require.Len(t, s.IDs("sale.order"), 2)
	require.Len(t, s.IDs("sale.order.line"), 2)
	require.Error(t, c.Write(ctx, "sale.order", []int64{draft, 9999}, map[string]any{"client_order_ref": "PO"}, nil))
	require.Equal(t, false, s.Get("sale.order", draft)["client_order_ref"])
}
