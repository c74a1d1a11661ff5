package odoosim_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheWayOfALead(t *testing.T) {
	everywhere(t, func(p *pushing) {
		lead := func() int64 { return p.create("crm.lead", map[string]any{"name": "Rome", "type": "lead"}) }
		state := func(id int64) []any {
			r := p.sim.Get("crm.lead", id)
			return []any{r["active"], r["stage_id"], r["probability"], r["lost_reason_id"]}
		}
		stage := func(id, stage int64) {
			require.NoError(p, p.write("crm.lead", id, map[string]any{"stage_id": stage}))
		}
		id := lead()
		require.Equal(p, []any{true, int64(1), 10.0, false}, state(id))
		stage(id, 4)
		require.Equal(p, []any{true, int64(4), 100.0, false}, state(id), "a won stage wins")
		stage(id, 2)
		require.Equal(p, []any{true, int64(2), 10.0, false}, state(id))

		id = lead()
		_, err := p.client.Call(p.ctx, "crm.lead", "action_set_lost", []any{[]int64{id}}, map[string]any{"lost_reason_id": 1})
		require.Error(p, err, "it worked all the same")
		require.Equal(p, []any{false, int64(1), 0.0, int64(1)}, state(id))
		require.NoError(p, p.write("crm.lead", id, map[string]any{"active": true}))
		require.Equal(p, []any{true, int64(1), 0.0, int64(1)}, state(id), "writing active scores nothing")
		_ = p.press("crm.lead", "action_archive", id)
		_ = p.press("crm.lead", "action_unarchive", id)
		require.Equal(p, []any{true, int64(1), 10.0, false}, state(id), "the button does")

		id = lead()
		require.NoError(p, p.write("crm.lead", id, map[string]any{"active": false}))
		require.Equal(p, []any{false, int64(1), 10.0, false}, state(id), "archived is not lost")
		id = lead()
		_ = p.press("crm.lead", "action_archive", id)
		require.Equal(p, []any{false, int64(1), map[bool]float64{true: 10, false: 0}[p.version == 19], false}, state(id), "by the button it looks lost, but on 19")

		id = lead()
		require.NoError(p, p.press("crm.lead", "action_set_won", id))
		err = p.press("crm.lead", "action_set_lost", id)
		if p.version == 19 {
			require.ErrorContains(p, err, "in a Won stage cannot be lost")
			require.Equal(p, "won", p.sim.Get("crm.lead", id)["won_status"])
			return
		}
		require.Equal(p, []any{false, int64(4), 0.0, false}, state(id), "lost in a won stage")
	})
}

func TestALeadIsConvertedWhileItIsActive(t *testing.T) {
	everywhere(t, func(p *pushing) {
		convert := func(id int64, args ...any) error {
			_, err := p.client.Call(p.ctx, "crm.lead", "convert_opportunity", append([]any{[]int64{id}}, args...), nil)
			return err
		}
		contact := p.create("res.partner", map[string]any{"name": "Mme Petit"})
		id := p.create("crm.lead", map[string]any{"name": "Rome", "type": "lead", "partner_id": contact})
		require.ErrorContains(p, convert(id), "missing 1 required positional argument")
		require.ErrorContains(p, convert(id, 1), "'int' object has no attribute 'id'")
		require.NoError(p, convert(id, false))
		require.Equal(p, "opportunity", p.sim.Get("crm.lead", id)["type"])
		require.Equal(p, false, p.sim.Get("crm.lead", id)["partner_id"], "its contact is lost")
		won := p.create("crm.lead", map[string]any{"name": "Rome", "type": "lead"})
		require.NoError(p, p.press("crm.lead", "action_set_won", won))
		require.NoError(p, convert(won, false))
		require.Equal(p, "lead", p.sim.Get("crm.lead", won)["type"], "true, and nothing happened")
		archived := p.create("crm.lead", map[string]any{"name": "Rome", "type": "lead", "active": false})
		require.NoError(p, convert(archived, false))
		require.Equal(p, "lead", p.sim.Get("crm.lead", archived)["type"], "true, and nothing happened")
	})
}

func TestALeadsDefaults(t *testing.T) {
	everywhere(t, func(p *pushing) {
		r := p.sim.Get("crm.lead", p.create("crm.lead", map[string]any{"name": "Rome"}))
		require.Equal(p, []any{"opportunity", int64(2), int64(1), int64(1)}, []any{r["type"], r["user_id"], r["team_id"], r["company_id"]})
		r = p.sim.Get("crm.lead", p.loaded("crm.lead", "id | name | type | user_id/.id", "__odoosync__.a | Rome | lead |"))
		require.Equal(p, []any{"lead", false, false, false}, []any{r["type"], r["user_id"], r["team_id"], r["company_id"]}, "no salesperson, no team, no company")
		require.Empty(p, p.load("crm.lead", "id | name | type", "__odoosync__.b | Rome |").IDs, "the type cannot be empty")
	})
}

func TestALeadTellsItsContact(t *testing.T) {
	everywhere(t, func(p *pushing) {
		contact := p.create("res.partner", map[string]any{"name": "Mme Petit", "email": "old@x.example", "phone": "1", "street": "Rue A"})
		id := p.create("crm.lead", map[string]any{"name": "Rome", "partner_id": contact})
		other := p.create("crm.lead", map[string]any{"name": "Milan", "partner_id": contact})
		r := p.sim.Get("crm.lead", id)
		require.Equal(p, []any{"old@x.example", "1", "Rue A", "Mme Petit"}, []any{r["email_from"], r["phone"], r["street"], r["contact_name"]})
		require.NoError(p, p.write("crm.lead", id, map[string]any{"email_from": "new@x.example", "street": "Rue B"}))
		c := p.sim.Get("res.partner", contact)
		require.Equal(p, []any{"new@x.example", "Rue A"}, []any{c["email"], c["street"]})
		require.Equal(p, "new@x.example", p.sim.Get("crm.lead", other)["email_from"], "and its other leads")
		require.NoError(p, p.write("crm.lead", id, map[string]any{"phone": false}))
		require.Equal(p, map[bool]any{true: false, false: "1"}[p.version < 18], p.sim.Get("res.partner", contact)["phone"], "16 and 17 empty the contact's")
		require.NoError(p, p.write("res.partner", contact, map[string]any{"email": "third@x.example"}))
		require.Equal(p, "third@x.example", p.sim.Get("crm.lead", id)["email_from"])
	})
}
