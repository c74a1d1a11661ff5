package odoosim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// invoice makes one with a line of 100 without taxes, and more values.
func (p *pushing) invoice(more map[string]any) int64 {
	p.Helper()
	v := map[string]any{"move_type": "out_invoice", "partner_id": 1, "invoice_date": "2026-11-20",
		"invoice_line_ids": []any{[]any{0, 0, map[string]any{"name": "Rome", "price_unit": 100, "tax_ids": []any{}}}}}
	for name, value := range more {
		v[name] = value
	}
	return p.create("account.move", v)
}

// press calls a button, whose answer may be a fault although it worked.
func (p *pushing) press(model, method string, id int64) error {
	_, err := p.client.Call(p.ctx, model, method, []any{[]int64{id}}, nil)
	return err
}

func (p *pushing) post(id int64) {
	p.Helper()
	require.NoError(p, p.press("account.move", "action_post", id))
}

func (p *pushing) move(id int64, name string) any { return p.sim.Get("account.move", id)[name] }

func TestWhatInvoicesGetByThemselves(t *testing.T) {
	everywhere(t, func(p *pushing) {
		client := p.create("res.partner", map[string]any{"name": "Mairie", "property_payment_term_id": 1})
		id := p.invoice(map[string]any{"partner_id": client})
		require.Equal(p, []any{int64(2), int64(1), int64(1), int64(1)}, []any{p.move(id, "invoice_user_id"), p.move(id, "company_id"), p.move(id, "currency_id"), p.move(id, "journal_id")})
		require.Equal(p, []any{int64(1), "2026-12-20"}, []any{p.move(id, "invoice_payment_term_id"), p.move(id, "invoice_date_due")})
		none := p.invoice(map[string]any{"partner_id": client, "invoice_user_id": false, "invoice_payment_term_id": false, "invoice_date_due": "2027-03-03"})
		require.Equal(p, []any{false, false, "2027-03-03"}, []any{p.move(none, "invoice_user_id"), p.move(none, "invoice_payment_term_id"), p.move(none, "invoice_date_due")})
		both := p.invoice(map[string]any{"partner_id": client, "invoice_date_due": "2027-03-03"})
		want := map[bool]string{true: "2026-12-20", false: "2027-03-03"}[p.version < 18]
		require.Equal(p, want, p.move(both, "invoice_date_due"), "16 and 17 go by the term")
		require.NoError(p, p.write("account.move", both, map[string]any{"invoice_date_due": "2027-04-04"}))
		require.Equal(p, "2027-04-04", p.move(both, "invoice_date_due"), "a later write is kept")
	})
}

func TestWhatLinesGetByThemselves(t *testing.T) {
	everywhere(t, func(p *pushing) {
		client := p.create("res.partner", map[string]any{"name": "Mairie"})
		line := func(v map[string]any) odoosim.Values {
			id := p.invoice(map[string]any{"partner_id": client, "invoice_line_ids": []any{[]any{0, 0, v}}})
			return p.sim.Get("account.move.line", p.lines(id)[0])
		}
		plain := line(map[string]any{"name": "Rome", "price_unit": 33.3333, "quantity": 3})
		require.Equal(p, int64(100), plain["sequence"])
		require.Len(p, plain["tax_ids"], map[bool]int{true: 1, false: 0}[p.version == 16], "16 takes the company's tax")
		require.Equal(p, map[bool]float64{true: 33.3333, false: 33.33}[p.version == 19], plain["price_unit"])
		require.Equal(p, map[bool]float64{true: 100, false: 99.99}[p.version == 19], plain["price_subtotal"])
		product := line(map[string]any{"product_id": 1})
		require.Equal(p, []any{"Voyage Scolaire", 450.0, 540.0}, []any{product["name"], product["price_unit"], product["price_total"]})
		require.Equal(p, []int64{1}, product["tax_ids"], "the product's tax of this company")
		require.Empty(p, line(map[string]any{"product_id": 1, "tax_ids": []any{}})["tax_ids"], "none, where none is named")
		require.Equal(p, []any{0.0, 0.0}, []any{line(map[string]any{"name": "Section", "display_type": "line_section", "price_unit": 5})["price_unit"], 0.0})
	})
}

func TestTaxesAreRoundedByVersion(t *testing.T) {
	everywhere(t, func(p *pushing) {
		client := p.create("res.partner", map[string]any{"name": "Mairie"})
		cheap := []any{0, 0, map[string]any{"name": "Stylo", "price_unit": 0.33, "tax_ids": []any{1}}}
		id := p.invoice(map[string]any{"partner_id": client, "invoice_line_ids": []any{cheap, cheap, cheap}})
		require.Equal(p, map[bool]float64{true: 1.19, false: 1.2}[p.version == 19], p.move(id, "amount_total"))
	})
}

func TestPostedInvoices(t *testing.T) {
	everywhere(t, func(p *pushing) {
		client := p.create("res.partner", map[string]any{"name": "Mairie"})
		id := p.invoice(map[string]any{"partner_id": client})
		p.post(id)
		line := p.lines(id)[0]
		for _, tt := range []struct {
			name  string
			v     map[string]any
			since int // the first version that refuses
		}{
			{"ref", map[string]any{"ref": "API-7"}, 99}, {"due date", map[string]any{"invoice_date_due": "2027-01-01"}, 99}, {"reference", map[string]any{"payment_reference": "X"}, 99},
			{"the same date", map[string]any{"invoice_date": "2026-11-20"}, 18}, {"term", map[string]any{"invoice_payment_term_id": 1}, 18}, {"partner", map[string]any{"partner_id": client}, 18},
			{"a line's name", map[string]any{"invoice_line_ids": []any{[]any{1, line, map[string]any{"name": "Roma"}}}}, 18}, {"journal", map[string]any{"journal_id": 2}, 0},
			{"a line taken out", map[string]any{"invoice_line_ids": []any{[]any{2, line}}}, 0},
		} {
			err := p.write("account.move", id, tt.v)
			require.Equal(p, p.version >= tt.since, err != nil, "%s: %v", tt.name, err)
		}
		loaded := p.load("account.move", ".id | invoice_line_ids/.id | invoice_line_ids/name", "1 | 1 | Loaded")
		require.Equal(p, p.version >= 18, loaded.IDs == nil, "load alike")
		require.Error(p, p.client.Unlink(p.ctx, "account.move", []int64{id}, nil))
		require.Error(p, p.client.Unlink(p.ctx, "account.move.line", []int64{line}, nil))
	})
}

func TestTheWayOfAnInvoice(t *testing.T) {
	everywhere(t, func(p *pushing) {
		client := p.create("res.partner", map[string]any{"name": "Mairie"})
		id := p.invoice(map[string]any{"partner_id": client})
		p.post(id)
		number := p.move(id, "name")
		require.Equal(p, number, p.move(id, "payment_reference"))
		_ = p.press("account.move", "button_cancel", id)
		require.Equal(p, []any{"cancel", number}, []any{p.move(id, "state"), p.move(id, "name")}, "a posted one can be cancelled at once")
		require.Equal(p, p.version == 16, p.press("account.move", "action_post", id) == nil, "16 posts a cancelled one")
		_ = p.press("account.move", "button_draft", id)
		require.Equal(p, "draft", p.move(id, "state"))
		if p.version > 16 {
			require.ErrorContains(p, p.press("account.move", "button_draft", id), "can be reset to draft")
		}
		require.NoError(p, p.client.Unlink(p.ctx, "account.move", []int64{id}, nil), "a draft may go that once was posted")
		for name, v := range map[string]map[string]any{"add a line": {"invoice_line_ids": []any{}}, "magicians": {"invoice_line_ids": []any{}}, "Customer": {"partner_id": false},
			"negative total": {"invoice_line_ids": []any{[]any{0, 0, map[string]any{"name": "Off", "price_unit": -5, "tax_ids": []any{}}}}}} {
			if (name == "magicians") == (p.version == 19) || name == "Customer" || name == "negative total" {
				v["move_type"] = "out_invoice"
				bad := p.invoice(mapped(v, client))
				require.ErrorContains(p, p.press("account.move", "action_post", bad), name)
			}
		}
	})
}

func mapped(v map[string]any, client int64) map[string]any {
	if _, named := v["partner_id"]; !named {
		v["partner_id"] = client
	}
	return v
}

func TestANameThatSomebodyWritesTakesTheNumberingWithIt(t *testing.T) {
	everywhere(t, func(p *pushing) {
		client := p.create("res.partner", map[string]any{"name": "Mairie"})
		id := p.invoice(map[string]any{"partner_id": client})
		p.post(id)
		require.Equal(p, "FAC/2026/00001", p.move(id, "name"))
		named := p.invoice(map[string]any{"partner_id": client, "name": "API-7"})
		next := p.invoice(map[string]any{"partner_id": client})
		p.post(named)
		p.post(next)
		require.Equal(p, []any{"API-7", "API-8"}, []any{p.move(named, "name"), p.move(next, "name")})
		require.ErrorContains(p, p.write("account.move", next, map[string]any{"name": "API-7"}), "Another entry with the same name already exists")
	})
}

func TestTheFirstDraftOfAJournalHasItsNumberOn16(t *testing.T) {
	everywhere(t, func(p *pushing) {
		client := p.create("res.partner", map[string]any{"name": "Mairie"})
		first, second := p.invoice(map[string]any{"partner_id": client}), p.invoice(map[string]any{"partner_id": client})
		draft := map[int]any{16: "/", 17: "/", 18: false, 19: false}[p.version]
		require.Equal(p, draft, p.move(second, "name"))
		if p.version == 16 {
			draft = "FAC/2026/00001"
		}
		require.Equal(p, draft, p.move(first, "name"))
	})
}

func TestACreditNotePaysWhatItReverses(t *testing.T) {
	everywhere(t, func(p *pushing) {
		client := p.create("res.partner", map[string]any{"name": "Mairie"})
		id := p.invoice(map[string]any{"partner_id": client})
		p.post(id)
		refund := p.invoice(map[string]any{"partner_id": client, "move_type": "out_refund", "reversed_entry_id": id})
		require.Equal(p, id, p.move(refund, "reversed_entry_id"), "it can be written")
		require.Equal(p, -100.0, p.move(refund, "amount_total_signed"))
		p.post(refund)
		want := []any{"reversed", 0.0, "paid"}
		if p.version == 16 {
			want = []any{"not_paid", 100.0, "not_paid"}
		}
		require.Equal(p, want, []any{p.move(id, "payment_state"), p.move(id, "amount_residual"), p.move(refund, "payment_state")}, "16 reconciles only what its wizard made")
		_ = p.press("account.move", "button_draft", refund)
		if p.version < 19 {
			want = []any{"not_paid", 100.0, "not_paid"}
		}
		require.Equal(p, want, []any{p.move(id, "payment_state"), p.move(id, "amount_residual"), p.move(refund, "payment_state")}, "19 leaves the reconciliation")
	})
}
