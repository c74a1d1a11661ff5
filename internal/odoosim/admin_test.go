package odoosim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
)

func (p *pushing) found(model string, domain ...any) []int64 {
	p.Helper()
	ids, err := p.client.Search(p.ctx, model, domain, odooclient.Page{Order: "id asc"})
	require.NoError(p, err)
	return ids
}

// refused calls read and write on a record that the user does not see.
func (p *pushing) refused(model string, id int64) {
	p.Helper()
	_, err := p.client.Read(p.ctx, model, []int64{id}, []string{"name"})
	require.ErrorContains(p, err, "security restrictions")
	require.ErrorContains(p, p.write(model, id, map[string]any{"name": "x"}), "security restrictions")
}

func faultCode(err error) int {
	f, _ := odooclient.AsFault(err)
	return f.Code
}

func TestABackupIsRestored(t *testing.T) {
	everywhere(t, func(p *pushing) {
		kept := p.loaded("res.partner", "id | name", "__odoosync__.a | Mairie")
		hidden := p.sim.Create("res.partner", odoosim.Values{"name": "Secret"})
		p.sim.Hide("res.partner", hidden, true)
		order := p.sim.Create("sale.order", odoosim.Values{"partner_id": kept, "order_line": []odoosim.Values{{"name": "Rome", "price_unit": 10.0}}})
		before := p.sim.Get("res.partner", kept)
		backup := p.sim.Snapshot()

		for range 2 {
			p.sim.Write("res.partner", kept, odoosim.Values{"name": "Changed"})
			p.sim.Hide("res.partner", hidden, false)
			p.sim.Unlink("sale.order", order)
			lost := p.loaded("res.partner", "id | name", "__odoosync__.b | École")

			p.sim.Restore(backup)
			require.Equal(p, before, p.sim.Get("res.partner", kept))
			require.Equal(p, []int64{kept}, p.found("res.partner"))
			require.Equal(p, []int64{kept}, p.found("res.partner", []any{"write_date", ">=", "2000-01-01 00:00:00"}))
			require.Len(p, p.sim.Get("sale.order", order)["order_line"], 1)
			require.Len(p, p.sim.IDs("sale.order.line"), 1)
			named, err := p.client.ExternalID(p.ctx, "__odoosync__", "b")
			require.NoError(p, err)
			require.Zero(p, named, "what was named since is not")
			require.Equal(p, kept, p.loaded("res.partner", "id | city", "__odoosync__.a | Nantes"))
			require.Equal(p, lost, p.sim.Create("res.partner", odoosim.Values{"name": "Lycée"}), "its id is given again")
			p.sim.Restore(backup)
		}
	})
}

func TestTheDatabasesUUID(t *testing.T) {
	everywhere(t, func(p *pushing) {
		uuid := func() any {
			ids := p.found("ir.config_parameter", []any{"key", "=", "database.uuid"})
			require.Len(p, ids, 1)
			raws, err := p.client.Read(p.ctx, "ir.config_parameter", ids, []string{"key", "value"})
			require.NoError(p, err)
			return raws[0]["value"]
		}
		first := uuid()
		require.Len(p, first, 36)
		backup := p.sim.Snapshot()
		p.sim.SetDatabaseUUID("5b2c0f2e-0000-11f0-8000-000000000001")
		require.Equal(p, "5b2c0f2e-0000-11f0-8000-000000000001", uuid())
		p.sim.Restore(backup)
		require.Equal(p, first, uuid())

		p.sim.Forbid("ir.config_parameter", "read")
		err := p.client.SearchRead(p.ctx, "ir.config_parameter", nil, []string{"value"}, odooclient.Page{}, func(odooclient.Raw) error { return nil })
		require.ErrorContains(p, err, "You are not allowed to access 'System Parameter' (ir.config_parameter) records.")
		require.Equal(p, 4, faultCode(err))
	})
}

func TestARecordRule(t *testing.T) {
	everywhere(t, func(p *pushing) {
		mine := p.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "user_id": 2})
		theirs := p.sim.Create("res.partner", odoosim.Values{"name": "École", "user_id": 3})
		p.sim.Rule("res.partner", func(id int64, v odoosim.Values) bool {
			return v["user_id"] == int64(2) && v["name"] != "" && v["vat"] == nil
		})
		require.Equal(p, []int64{mine}, p.found("res.partner"))
		require.Equal(p, []int64{mine}, p.found("res.partner", []any{"id", "in", []any{theirs, mine}}))
		n, err := p.client.SearchCount(p.ctx, "res.partner", nil)
		require.NoError(p, err)
		require.EqualValues(p, 1, n)
		groups, err := p.client.ReadGroup(p.ctx, "res.partner", nil, nil, []string{"write_date:day"})
		require.NoError(p, err)
		require.Len(p, groups, 1)
		require.EqualValues(p, 1, groups[0]["__count"])
		p.refused("res.partner", theirs)
		raws, err := p.client.Read(p.ctx, "res.partner", []int64{mine, 4711}, []string{"name"})
		require.NoError(p, err)
		require.Len(p, raws, 1, "hidden is not missing")

		p.sim.Rule("res.partner", nil)
		require.Equal(p, []int64{mine, theirs}, p.found("res.partner"))
	})
}

func TestTheUsersCompanies(t *testing.T) {
	everywhere(t, func(p *pushing) {
		french := p.sim.Create("sale.order", odoosim.Values{"company_id": 1, "order_line": []odoosim.Values{{"name": "Rome"}}})
		belgian := p.sim.Create("sale.order", odoosim.Values{"company_id": 2, "order_line": []odoosim.Values{{"name": "Oslo"}}})
		shared := p.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
		require.Equal(p, []int64{french, belgian}, p.found("sale.order"), "in all of the user's companies")

		in := func(companies ...int64) ([]int64, error) {
			answer, err := p.client.Call(p.ctx, "sale.order", "search", []any{[]any{}}, map[string]any{"context": map[string]any{"allowed_company_ids": companies}})
			ids := []int64{}
			list, _ := answer.([]any)
			for _, id := range list {
				ids = append(ids, id.(int64))
			}
			return ids, err
		}
		ids, err := in(2)
		require.NoError(p, err)
		require.Equal(p, []int64{belgian}, ids)

		p.sim.SetUserCompanies(1)
		companies, err := p.client.Companies(p.ctx)
		require.NoError(p, err)
		require.Equal(p, []odooclient.Company{{ID: 1, Name: "Voyages Scolaires"}}, companies)
		require.Equal(p, []int64{french}, p.found("sale.order"))
		require.Len(p, p.found("sale.order.line"), 1, "a line is its order's")
		require.Equal(p, []int64{shared}, p.found("res.partner"), "a record of no company is everybody's")
		p.refused("sale.order", belgian)
		_, err = in(1, 2)
		require.ErrorContains(p, err, "Access to unauthorized or invalid companies.")
		require.Equal(p, 4, faultCode(err))
		self := func(fields ...string) error {
			_, err := p.client.Call(p.ctx, "res.users", "read", []any{[]int64{2}, fields}, map[string]any{"context": map[string]any{"allowed_company_ids": []int64{7}}})
			return err
		}
		require.NoError(p, self("company_id", "lang"), "users may read their own record")
		require.ErrorContains(p, self("company_ids"), "invalid companies", "but not all of it")

		p.sim.SetUserCompanies(2, 1)
		profile, err := p.client.Adopt(p.ctx)
		require.NoError(p, err)
		require.EqualValues(p, 2, profile.Company)
		require.Equal(p, []int64{belgian}, p.found("sale.order"))
	})
}
