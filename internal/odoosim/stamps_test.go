package odoosim_test

import (
	"context"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
)

// clocked is a simulator whose clock a test moves, and the answer to when a
// record was written, in hours.
func clocked(t *testing.T, o odoosim.Options) (*odoosim.Server, *odooclient.Client, *clockwork.FakeClock, func(model string, id int64) float64) {
	t.Helper()
	start := time.Date(2025, 1, 22, 10, 0, 0, 0, time.UTC)
	clock := clockwork.NewFakeClockAt(start)
	o.Clock = clock
	s, c := dial(t, o)
	return s, c, clock, func(model string, id int64) float64 {
		return s.Get(model, id)["write_date"].(time.Time).Sub(start).Hours()
	}
}

func TestALateCommitLandsBehindOthers(t *testing.T) {
	s, c, clock, written := clocked(t, odoosim.Options{})
	first := s.Create("res.partner", odoosim.Values{"name": "A"})
	second := s.Create("res.partner", odoosim.Values{"name": "B"})
	clock.Advance(time.Hour + 123456*time.Microsecond)
	began := clock.Now()
	x := s.Begin()
	clock.Advance(time.Hour)
	s.Write("res.partner", second, odoosim.Values{"city": "Brest"})
	x.Write("res.partner", first, odoosim.Values{"city": "Nantes"})
	x.Create("res.partner", odoosim.Values{"name": "C"})
	clock.Advance(time.Hour)
	x.Commit()
	require.Equal(t, began, s.Get("res.partner", first)["write_date"])
	require.Equal(t, began, s.Get("res.partner", second+1)["create_date"])
	require.Greater(t, written("res.partner", second), written("res.partner", first))

	ids, err := c.Search(context.Background(), "res.partner", nil, odooclient.Page{Order: "write_date asc, id asc"})
	require.NoError(t, err)
	require.Equal(t, []int64{first, second + 1, second}, ids)
}

// TestWordsOfALineWriteNoDocument: measured, a line's price writes its order,
// and its name alone does not.
func TestWordsOfALineWriteNoDocument(t *testing.T) {
	for _, d := range []struct{ model, list, lines string }{{"sale.order", "order_line", "sale.order.line"}, {"account.move", "invoice_line_ids", "account.move.line"}} {
		for _, version := range []int{16, 17, 18, 19} {
			clock := clockwork.NewFakeClock()
			s, received := listening(t, odoosim.Options{Version: version, Clock: clock})
			url, err := s.Start()
			require.NoError(t, err)
			c, ctx := clientOf(t, url), context.Background()
			id := s.Create(d.model, odoosim.Values{"partner_id": s.Create("res.partner", odoosim.Values{"name": "École"}), d.list: []odoosim.Values{
				{"name": "Rome", "price_unit": 10.0}, {"name": "Visits", "display_type": "line_section"}, {"name": "Early", "display_type": "line_note"}, {"name": "Oslo", "price_unit": 1.0}}})
			lines := s.Get(d.model, id)[d.list].([]int64)
			write := func(v map[string]any) func() {
				return func() { require.NoError(t, c.Write(ctx, d.lines, lines[:1], v, nil)) }
			}
			for _, tt := range []struct {
				name    string
				change  func()
				line    int // the one written; -1: it is gone
				written bool
			}{
				{"a name", func() { s.Write(d.lines, lines[0], odoosim.Values{"name": "Roma"}) }, 0, false},
				{"a name over XML-RPC", write(map[string]any{"name": "Rome"}), 0, false},
				{"a place", write(map[string]any{"sequence": 900}), 0, false},
				{"a kind", func() { s.Write(d.lines, lines[1], odoosim.Values{"display_type": "line_note"}) }, 1, false},
				{"a price", func() { s.Write(d.lines, lines[0], odoosim.Values{"price_unit": 11.0}) }, 0, true},
				{"a price over XML-RPC", write(map[string]any{"price_unit": 12.0, "name": "Roma"}), 0, true},
				{"a section goes", func() { s.Unlink(d.lines, lines[1]) }, -1, false},
				{"a note goes over XML-RPC", func() { require.NoError(t, c.Unlink(ctx, d.lines, lines[2:3], nil)) }, -1, false},
				{"a line goes", func() { s.Unlink(d.lines, lines[3]) }, -1, true},
			} {
				received()
				clock.Advance(time.Hour)
				before := s.Get(d.model, id)["write_date"]
				tt.change()
				require.Equal(t, tt.written, s.Get(d.model, id)["write_date"] != before, "%d %s: %s", version, d.model, tt.name)
				require.Equal(t, tt.written, len(received()) > 0, "%d %s: %s", version, d.model, tt.name)
				if tt.line >= 0 {
					require.Equal(t, clock.Now().UTC().Truncate(time.Microsecond), s.Get(d.lines, lines[tt.line])["write_date"], tt.name)
				}
				if tt.name == "a place" && d.model == "sale.order" {
					require.Equal(t, lines[0], s.Get(d.model, id)[d.list].([]int64)[3], "an order lists its lines by sequence")
				}
			}
			require.Equal(t, lines[:1], s.Get(d.model, id)[d.list])
			require.Equal(t, 12.0, s.Get(d.model, id)["amount_untaxed"])
		}
	}
}

// A transaction that is undone undoes what nobody was to hear of, too.
func TestWordsThatAreUndone(t *testing.T) {
	s, _ := listening(t, odoosim.Options{})
	order := s.Create("sale.order", odoosim.Values{"order_line": []odoosim.Values{{"name": "Rome"}, {"name": "Visits", "display_type": "line_section"}}})
	before := s.Get("sale.order", order)
	lines := before["order_line"].([]int64)
	x := s.Begin()
	x.Write("sale.order.line", lines[0], odoosim.Values{"sequence": 900})
	x.Unlink("sale.order.line", lines[1])
	x.Tell()
	x.Rollback()
	require.Equal(t, before, s.Get("sale.order", order))
	require.Len(t, s.IDs("sale.order.line"), 2)
}

func TestRenamedLookupsAreFoundByTheirWriteDate(t *testing.T) {
	for _, version := range []int{16, 17, 18, 19} {
		s, c, clock, written := clocked(t, odoosim.Options{Version: version})
		for _, model := range []string{"crm.stage", "product.product", "account.tax", "res.currency", "uom.uom", "res.country", "crm.team", "account.payment.term"} {
			ids := s.IDs(model)
			clock.Advance(time.Hour)
			at := clock.Now().UTC().Format(time.DateTime)
			s.Write(model, ids[1], odoosim.Values{"name": "Renamed"})
			require.Greater(t, written(model, ids[1]), written(model, ids[0]), model)
			var found []any
			require.NoError(t, c.SearchRead(context.Background(), model, []any{[]any{"write_date", ">=", at}}, []string{"name", "write_date"}, odooclient.Page{Order: "write_date asc, id asc"},
				func(raw odooclient.Raw) error {
					found = append(found, raw.ID(), raw["name"], raw["write_date"])
					return nil
				}))
			require.Equal(t, []any{ids[1], "Renamed", at}, found, model)
		}
		s.Write("product.product", 1, odoosim.Values{"default_code": "VOY"})
		require.Equal(t, []any{"Voyage Scolaire", "VOY"}, []any{s.Get("product.product", 1)["name"], s.Get("product.product", 1)["default_code"]})
		require.NoError(t, c.Write(context.Background(), "product.product", []int64{1}, map[string]any{"name": "Séjour", "default_code": "SEJ"}, nil))
		raws, err := c.Read(context.Background(), "product.product", []int64{1}, []string{"name", "default_code"})
		require.NoError(t, err)
		require.Equal(t, []any{"Séjour", "SEJ"}, []any{raws[0]["name"], raws[0]["default_code"]})
	}
}
