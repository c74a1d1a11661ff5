package odoosim_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

func TestWhatFlowsFromACompanyToItsContacts(t *testing.T) {
	everywhere(t, func(p *pushing) {
		company := p.create("res.partner", map[string]any{"name": "Mairie", "is_company": true, "country_id": 75, "vat": "FR 23 334 175 221", "street": "Rue A", "city": "Nantes"})
		partner := func(id int64, name string) any { return p.sim.Get("res.partner", id)[name] }
		require.Equal(p, "FR23334175221", partner(company, "vat"), "in its normal form")
		child := p.loaded("res.partner", "id | name | parent_id/.id | street | city", fmt.Sprintf("__odoosync__.c | Mme Petit | %d | Own | Brest", company))
		require.Equal(p, []any{"FR23334175221", "Rue A", "Nantes"}, []any{partner(child, "vat"), partner(child, "street"), partner(child, "city")}, "its own street is gone")
		delivery := p.loaded("res.partner", "id | name | parent_id/.id | street | type", fmt.Sprintf("__odoosync__.d | Gymnase | %d | Own | delivery", company))
		require.Equal(p, "Own", partner(delivery, "street"), "another address keeps it")

		p.loaded("res.partner", "id | parent_id/.id | street", fmt.Sprintf("__odoosync__.c | %d | Again", company))
		if p.version < 19 {
			require.Equal(p, []any{"Rue A", "Rue A"}, []any{partner(child, "street"), partner(company, "street")}, "the parent resets it")
		} else {
			require.Equal(p, []any{"Again", "Again"}, []any{partner(child, "street"), partner(company, "street")}, "the company's is overwritten")
		}
		p.loaded("res.partner", ".id | street | vat", fmt.Sprintf("%d | Alone | FR40303265045", child))
		if p.version < 19 {
			require.Equal(p, []any{"Alone", "Rue A", "FR23334175221"}, []any{partner(child, "street"), partner(company, "street"), partner(company, "vat")})
		} else {
			require.Equal(p, []any{"Alone", "Alone", "FR40303265045"}, []any{partner(child, "street"), partner(company, "street"), partner(company, "vat")})
		}
		require.NoError(p, p.write("res.partner", company, map[string]any{"street": "Rue B", "vat": false}))
		require.Equal(p, []any{"Rue B", false, "Own"}, []any{partner(child, "street"), partner(child, "vat"), partner(delivery, "street")})
	})
}

func TestNormalForms(t *testing.T) {
	everywhere(t, func(p *pushing) {
		id := p.create("res.partner", map[string]any{"name": "Mairie", "country_id": 75})
		for _, tt := range []struct{ field, text, want string }{
			{"phone", "0612345678", "0612345678"}, {"phone", " 06 12 ", " 06 12 "}, {"email", " A@B.example ", " A@B.example "}, {"city", "Nantes  ", "Nantes  "},
			{"comment", "a\nb", "<p>a\nb</p>"}, {"comment", "a & b < c", "<p>a &amp; b &lt; c</p>"}, {"comment", "<p>a</p><script>x</script>", "<p>a</p>"},
			{"comment", "<p onclick=\"x()\">a<br/>b</p>", "<p>a<br>b</p>"}, {"comment", "  ", ""}, {"vat", "fr23334175221", "FR23334175221"}, {"vat", "23334175221", "23334175221"},
			{"comment", "<div>x</div>", map[bool]string{true: "<div>x</div>", false: "<p>x</p>"}[p.version == 19]},
		} {
			require.NoError(p, p.write("res.partner", id, map[string]any{tt.field: tt.text}))
			require.Equal(p, tt.want, p.sim.Get("res.partner", id)[tt.field], "%s %q", tt.field, tt.text)
		}
		nowhere := p.create("res.partner", map[string]any{"name": "Mairie", "vat": "FR 23 334 175 221"})
		require.Equal(p, map[bool]string{true: "FR 23 334 175 221", false: "FR23334175221"}[p.version == 19], p.sim.Get("res.partner", nowhere)["vat"], "without a country")
		require.Equal(p, p.version < 18, p.write("res.partner", id, map[string]any{"lang": "xx"}) != nil, "18 and 19 take a language that is not there")
	})
}

func TestWhoMayBeDeleted(t *testing.T) {
	everywhere(t, func(p *pushing) {
		unlink := func(id int64) error { return p.client.Unlink(p.ctx, "res.partner", []int64{id}, nil) }
		invoiced := p.create("res.partner", map[string]any{"name": "Invoiced"})
		p.invoice(map[string]any{"partner_id": invoiced})
		require.ErrorContains(p, unlink(invoiced), "used in Accounting")
		user := p.create("res.partner", map[string]any{"name": "User"})
		p.sim.Create("res.users", odoosim.Values{"name": "Marie", "login": "m", "partner_id": user})
		require.ErrorContains(p, unlink(user), "linked to an active user")
		require.ErrorContains(p, p.write("res.partner", user, map[string]any{"active": false}), "cannot archive contacts")
		ordering := p.create("res.partner", map[string]any{"name": "Ordering"})
		draft := p.create("sale.order", map[string]any{"partner_id": ordering})
		err := unlink(ordering)
		if p.version == 17 {
			require.NoError(p, err)
			require.Nil(p, p.sim.Get("sale.order", draft), "17 deletes the customer's drafts with him")
		} else {
			require.ErrorContains(p, err, map[bool]string{true: "Another model is using the record", false: "another model requires the record"}[p.version == 19])
		}
		parent := p.create("res.partner", map[string]any{"name": "Parent", "email": "p@x.example"})
		child := p.create("res.partner", map[string]any{"name": "Child", "parent_id": parent})
		lead := p.create("crm.lead", map[string]any{"name": "Rome", "partner_id": parent})
		require.NoError(p, unlink(parent))
		require.Equal(p, []any{false, false}, []any{p.sim.Get("res.partner", child)["parent_id"], p.sim.Get("crm.lead", lead)["partner_id"]})
		require.NoError(p, p.client.Unlink(p.ctx, "crm.lead", []int64{lead}, nil))
	})
}

func TestAMergePointsEverythingAtTheSurvivor(t *testing.T) {
	ctx := context.Background()
	s, received := listening(t, odoosim.Options{})
	url, err := s.Start()
	require.NoError(t, err)
	p := &pushing{T: t, ctx: ctx, version: 17, sim: s, client: clientOf(t, url)}
	a, b := p.loaded("res.partner", "id | name", "__odoosync__.a | A"), p.loaded("res.partner", "id | name", "__odoosync__.b | B")
	child := p.create("res.partner", map[string]any{"name": "Child", "parent_id": b})
	order := p.create("sale.order", map[string]any{"partner_id": b})
	invoice := p.invoice(map[string]any{"partner_id": b})
	before := s.Get("account.move", invoice)["write_date"]
	received()

	s.MergePartners(a, b)
	require.Nil(t, s.Get("res.partner", b))
	require.Equal(t, []any{a, a, a, before}, []any{s.Get("res.partner", child)["parent_id"], s.Get("sale.order", order)["partner_id"], s.Get("account.move", invoice)["partner_id"], s.Get("account.move", invoice)["write_date"]})
	require.Equal(t, a, p.loaded("res.partner", "id | city", "__odoosync__.b | Nantes"), "the external ids of both")
	told := received()
	require.Equal(t, "res.partner.deleted", told[0].Event)
	require.EqualValues(t, b, told[0].Data["id"])
}
