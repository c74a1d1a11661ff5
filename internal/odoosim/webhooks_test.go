package odoosim_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// told is one webhook as it was received.
type told struct {
	Event     string
	Timestamp string
	Data      map[string]any
}

// listening is a simulator whose webhooks are kept.
func listening(t *testing.T, o odoosim.Options) (*odoosim.Server, func() []told) {
	t.Helper()
	var mu sync.Mutex
	var got []told
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var one told
		if err != nil || json.Unmarshal(body, &one) != nil {
			t.Errorf("not a webhook: %s", body)
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, one)
	}))
	t.Cleanup(receiver.Close)
	s := odoosim.New(o)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	s.SetWebhooks(odoosim.WebhookOptions{URL: receiver.URL, Key: "key"})
	return s, func() []told {
		require.NoError(t, s.Drain(context.Background()))
		mu.Lock()
		defer mu.Unlock()
		defer func() { got = nil }()
		return got
	}
}

func events(list []told) []string {
	var out []string
	for _, one := range list {
		out = append(out, one.Event)
	}
	return out
}

func TestTheGuidesEvents(t *testing.T) {
	s, received := listening(t, odoosim.Options{})
	school := s.Create("res.partner", odoosim.Values{"name": "École"})
	order := s.Create("sale.order", odoosim.Values{"partner_id": school, "order_line": []odoosim.Values{{"name": "Rome", "product_id": 1, "price_unit": 150.0, "product_uom_qty": 30.0}}})
	s.Write("sale.order", order, odoosim.Values{"client_order_ref": "PO 7"})
	require.NoError(t, s.Call("sale.order", "action_confirm", order))
	invoice := s.Create("account.move", odoosim.Values{"partner_id": school, "invoice_line_ids": []odoosim.Values{{"name": "Rome", "price_unit": 1.0}}})
	require.NoError(t, s.Call("account.move", "action_post", invoice))
	require.NoError(t, s.Call("account.move", "button_cancel", invoice))
	lead := s.Create("crm.lead", odoosim.Values{"name": "Lead"})
	require.NoError(t, s.Call("crm.lead", "convert_opportunity", lead))
	require.NoError(t, s.Call("crm.lead", "action_set_won", lead))
	s.Write("crm.lead", lead, odoosim.Values{"phone": "1"})
	s.Write("res.partner", school, odoosim.Values{"city": "Nantes"})
	list := received()
	require.Equal(t, []string{"res.partner.created", "sale.order.created", "sale.order.updated", "sale.order.state.changed",
		"account.move.created", "account.move.validated", "account.move.cancelled",
		"crm.lead.created", "crm.lead.converted", "crm.lead.won", "crm.lead.updated", "res.partner.updated"}, events(list))
	changed := list[3].Data
	require.Equal(t, "draft", changed["old_values"].(map[string]any)["state"])
	require.Equal(t, "École", changed["partner_name"])
	require.Equal(t, []any{map[string]any{"id": 1.0, "product_id": 1.0, "product_name": "Voyage Scolaire", "quantity": 30.0, "price_unit": 150.0, "price_subtotal": 4500.0}}, changed["order_lines"])
	s.Unlink("sale.order", s.Create("sale.order", odoosim.Values{"partner_id": school}))
	s.Unlink("res.partner", s.Create("res.partner", odoosim.Values{"name": "Temp"}))
	require.Equal(t, []string{"sale.order.created", "sale.order.deleted", "res.partner.created", "res.partner.deleted"}, events(received()))
}

func TestTimestampsInBothForms(t *testing.T) {
	at := time.Date(2025, 1, 22, 10, 30, 0, 500_000_000, time.UTC)
	for naive, want := range map[bool]string{false: "2025-01-22T10:30:00Z", true: "2025-01-22T10:30:00.500000"} {
		s, received := listening(t, odoosim.Options{Naive: naive, Clock: clockwork.NewFakeClockAt(at)})
		s.Create("res.partner", odoosim.Values{"name": "École"})
		require.Equal(t, want, received()[0].Timestamp)
	}
}

func TestATransactionTellsBeforeItsCommit(t *testing.T) {
	s, received := listening(t, odoosim.Options{})
	school := s.Create("res.partner", odoosim.Values{"name": "École"})
	received()
	tx := s.Begin()
	tx.Write("res.partner", school, odoosim.Values{"city": "Nantes"})
	tx.Create("res.partner", odoosim.Values{"name": "Mairie"})
	tx.Tell()
	list := received()
	require.Equal(t, []string{"res.partner.updated", "res.partner.created"}, events(list))
	require.Equal(t, "Nantes", list[0].Data["city"])
	require.Equal(t, false, s.Get("res.partner", school)["city"], "nobody sees it yet")
	require.Len(t, s.IDs("res.partner"), 1)
	tx.Commit()
	require.Equal(t, "Nantes", s.Get("res.partner", school)["city"])
	require.Equal(t, "Mairie", s.Get("res.partner", int64(list[1].Data["id"].(float64)))["name"], "under the id that was told")
	require.Empty(t, received())

	rolledBack := s.Begin()
	rolledBack.Unlink("res.partner", school)
	rolledBack.Tell()
	rolledBack.Rollback()
	require.Equal(t, []string{"res.partner.deleted"}, events(received()))
	require.Equal(t, "Nantes", s.Get("res.partner", school)["city"])
}

func TestWebhooksGoAstray(t *testing.T) {
	names := func(list []told) []any {
		var out []any
		for _, one := range list {
			out = append(out, one.Data["name"])
		}
		return out
	}
	for _, tt := range []struct {
		name   string
		faults odoosim.Faults
		want   []any
	}{
		{"none", odoosim.Faults{}, []any{"A", "B"}},
		{"doubled", odoosim.Faults{DoubleWebhook: 1}, []any{"A", "A", "B", "B"}},
		{"dropped", odoosim.Faults{DropWebhook: 1}, nil},
		{"reordered", odoosim.Faults{ReorderWebhook: 1}, []any{"B", "A"}},
		{"late", odoosim.Faults{LateWebhook: 1, LateBy: time.Nanosecond}, []any{"A", "B"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, received := listening(t, odoosim.Options{})
			s.SetFaults(tt.faults)
			s.Create("res.partner", odoosim.Values{"name": "A"})
			if tt.name == "late" {
				require.Equal(t, []any{"A"}, names(received())) // or the two late ones might pass each other
				s.Create("res.partner", odoosim.Values{"name": "B"})
				require.Equal(t, []any{"B"}, names(received()))
				return
			}
			s.Create("res.partner", odoosim.Values{"name": "B"})
			require.Equal(t, tt.want, names(received()))
		})
	}
}
