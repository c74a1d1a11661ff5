package reconcile_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/record"
	"odoosync/reconcile"
)

// fillBoth gives both sides contacts, leads and invoices that match, differ, are
// ambiguous, or are on one side alone.
func (b *pushBench) fillBoth() {
	b.t.Helper()
	school := b.sim.Create("res.partner", odoosim.Values{"name": "Lycée", "is_company": true, "vat": "FR23334175221", "city": "Nantes"})
	b.sim.Create("res.partner", odoosim.Values{"name": "Anne Roux", "email": "anne@example.org", "phone": "02"})
	for range 2 {
		b.sim.Create("res.partner", odoosim.Values{"name": "Twin", "ref": "T1"})
	}
	teacher := b.sim.Create("res.partner", odoosim.Values{"name": "Secrétariat", "parent_id": school})
	b.sim.Create("crm.lead", odoosim.Values{"name": "Rome", "email_from": "anne@example.org", "type": "lead", "city": "Vannes"})
	b.sim.Create("crm.lead", odoosim.Values{"name": "Londres", "type": "lead", "partner_id": teacher})
	line := []odoosim.Values{{"name": "Guide", "quantity": 1.0, "price_unit": 100.0}}
	posted := b.sim.Create("account.move", odoosim.Values{"partner_id": school, "move_type": "out_invoice", "invoice_line_ids": line})
	require.NoError(b.t, b.sim.Call("account.move", "action_post", posted))
	b.sim.Create("account.move", odoosim.Values{"partner_id": teacher, "move_type": "out_invoice", "invoice_line_ids": line})
	number := b.sim.Get("account.move", posted)["name"]

	b.api("INSERT INTO contacts (id, name, is_company, vat, phone) VALUES (1, 'Lycée', 1, 'FR 23 334 175 221', '01')",
		"INSERT INTO contacts (id, name, email, phone) VALUES (2, 'Anne Roux', 'anne@example.org', '03')",
		"INSERT INTO contacts (id, name, ref) VALUES (3, 'Twin of ours', 'T1')",
		"INSERT INTO contacts (id, name, country_code) VALUES (4, 'Ours alone', 'FR')",
		"INSERT INTO contacts (id, name, parent_id) VALUES (5, 'Under ours', 4)",
		"INSERT INTO contacts (id, name, country_code) VALUES (6, 'Nowhere', 'ZZ')",
		"INSERT INTO leads (id, name, email, type, phone) VALUES (1, 'Rome', 'anne@example.org', 'lead', '05')",
		"INSERT INTO leads (id, name, type, contact_id) VALUES (2, 'Madrid', 'lead', 5)",
		fmt.Sprintf("INSERT INTO invoices (id, name, state, contact_id) VALUES (1, '%v', 'posted', 1)", number),
		"INSERT INTO invoices (id, state, contact_id, ref) VALUES (2, 'draft', 4, 'API-2')",
		"INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit) VALUES (2, 0, 'Guide', 2, 50)",
		"INSERT INTO invoices (id, state, contact_id, ref) VALUES (3, 'draft', 6, 'API-3')")
}

// plan collects a plan.
func (b *pushBench) plan(o reconcile.PlanOptions) ([]reconcile.PlanItem, reconcile.PlanCounts) {
	b.t.Helper()
	var items []reconcile.PlanItem
	o.Pager, o.Item = b.client, func(i reconcile.PlanItem) error { items = append(items, i); return nil }
	counts, err := b.engine.Plan(b.ctx, o)
	require.NoError(b.t, err)
	return items, counts
}

// did names what an item does, as doneBy names what was done.
func did(i reconcile.PlanItem) string {
	switch {
	case i.Side == record.Local && i.Op == reconcile.PlanCreate:
		return fmt.Sprintf("%s local create odoo:%d", i.Entity, i.OdooID)
	case i.Side == record.Odoo && i.Op == reconcile.PlanCreate:
		return fmt.Sprintf("%s odoo create row:%s", i.Entity, i.LocalID)
	}
	return fmt.Sprintf("%s %s %s row:%s odoo:%d", i.Entity, i.Side, i.Op, i.LocalID, i.OdooID)
}

// doneBy names what the history tells, but for what Odoo made of the rows that
// were created there.
func (b *pushBench) doneBy(run int64) []string {
	b.t.Helper()
	text := b.rows("SELECT CONCAT(entity, ' ', side, ' ', op, CASE WHEN side = 'local' AND op = 'create' THEN CONCAT(' odoo:', odoo_id)"+
		" WHEN side = 'odoo' AND op = 'create' THEN CONCAT(' row:', local_id) ELSE CONCAT(' row:', local_id, ' odoo:', odoo_id) END)"+
		" FROM sync_changes c WHERE run_id = ? AND NOT (side = 'local' AND op = 'update' AND EXISTS (SELECT 1 FROM sync_changes made"+
		" WHERE made.entity = c.entity AND made.local_id = c.local_id AND made.side = 'odoo' AND made.op = 'create'))", run)
	list := strings.Split(text, "\n")
	slices.Sort(list)
	return list
}

// dump is everything in both databases.
func (b *pushBench) dump() string {
	b.t.Helper()
	var out strings.Builder
	for _, table := range strings.Split(b.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY 1"), "\n") {
		fmt.Fprintln(&out, b.rows("SHOW CREATE TABLE "+table), b.rows("SELECT * FROM "+table+" ORDER BY 1"))
	}
	for _, model := range []string{"res.partner", "crm.lead", "account.move", "account.move.line", "ir.model.data"} {
		for _, id := range b.sim.IDs(model) {
			text, err := json.Marshal(b.sim.Get(model, id))
			require.NoError(b.t, err)
			fmt.Fprintln(&out, model, string(text))
		}
	}
	return out.String()
}

func (b *pushBench) resync(o reconcile.ResyncOptions) reconcile.ResyncResult {
	b.t.Helper()
	b.catchUp()
	o.Pager, o.Edits = b.client, b.outbox
	result, err := b.engine.Resync(b.ctx, o)
	require.NoError(b.t, err)
	return result
}

func TestAPlanChangesNothingAndAResyncDoesIt(t *testing.T) {
	for _, page := range []int{1, 500} {
		t.Run(fmt.Sprintf("pages of %d", page), func(t *testing.T) {
			b := newPushBench(t, 17)
			b.fillBoth()
			before, writes := b.dump(), b.sim.Stats().Writes
			items, _ := b.plan(reconcile.PlanOptions{Page: page})
			require.Equal(t, before, b.dump())
			require.Equal(t, writes, b.sim.Stats().Writes)
			var planned []string
			for _, i := range items {
				if !i.Op.NeedsPerson() {
					planned = append(planned, did(i))
				}
			}
			slices.Sort(planned)
			require.Equal(t, planned, slices.Compact(slices.Clone(planned)), "nothing is told twice")
			result := b.resync(reconcile.ResyncOptions{Page: page})
			require.Equal(t, planned, b.doneBy(result.RunID))
			require.True(t, result.Left())

			again, _ := b.plan(reconcile.PlanOptions{Page: page})
			for _, i := range again {
				require.True(t, i.Op.NeedsPerson(), "%+v", i)
			}
			require.Equal(t, "done", b.rows("SELECT state FROM sync_runs"))
			table, err := b.engine.FilledBeforeImport(b.ctx)
			require.NoError(t, err)
			require.Empty(t, table, "a daemon may begin")
		})
	}
}

func TestWhatAPlanTells(t *testing.T) {
	b := newPushBench(t, 17)
	b.fillBoth()
	items, counts := b.plan(reconcile.PlanOptions{})
	find := func(entity string, side record.Side, op reconcile.PlanOp, row string) reconcile.PlanItem {
		t.Helper()
		i := slices.IndexFunc(items, func(i reconcile.PlanItem) bool {
			return i.Entity == entity && i.Side == side && i.Op == op && i.LocalID == row
		})
		require.GreaterOrEqual(t, i, 0, "%s %s %s %s in %+v", entity, side, op, row, items)
		return items[i]
	}
	require.Equal(t, record.Changes{"city": {record.Null, record.Text("Nantes")}}["city"], find("contacts", record.Local, reconcile.PlanAdopt, "1").Changes["city"])
	require.Equal(t, [2]record.Value{record.Null, record.Text("01")}, find("contacts", record.Odoo, reconcile.PlanUpdate, "1").Changes["phone"])
	require.Equal(t, []reconcile.FieldConflict{{Field: "phone", Odoo: record.Text("02"), Local: record.Text("03"), Policy: "ask"}}, find("contacts", record.Local, reconcile.PlanConflict, "2").Conflicts)
	require.Contains(t, find("contacts", record.Odoo, reconcile.PlanAmbiguous, "3").Reason, "could be the same as several by ref")
	require.Equal(t, "4 (a new record of Odoo's for this row of contacts)", find("contacts", record.Odoo, reconcile.PlanCreate, "5").Changes["parent_id"][1].Text())
	require.Contains(t, find("contacts", record.Odoo, reconcile.PlanRefused, "6").Reason, `Odoo has no res.country with code "ZZ"`)
	require.Contains(t, find("invoices", record.Odoo, reconcile.PlanRefused, "3").Reason, "waits for contacts 6")
	require.Equal(t, int64(2), counts["contacts"][record.Local][reconcile.PlanAmbiguous])
	i := slices.IndexFunc(items, func(i reconcile.PlanItem) bool {
		return i.Entity == "leads" && i.Side == record.Local && i.Op == reconcile.PlanCreate
	})
	require.Equal(t, "(the new row of contacts for Odoo's 5)", items[i].Changes["contact_id"][1].Text())
}

func TestAPlanOfOneRecord(t *testing.T) {
	b := newPushBench(t, 17)
	b.fillBoth()
	for _, tt := range []struct {
		name    string
		options reconcile.PlanOptions
		want    []string
	}{
		{"a record by Odoo's id", reconcile.PlanOptions{Entity: "contacts", OdooIDs: []int64{1}}, []string{"contacts local adopt row:1 odoo:1", "contacts odoo update row:1 odoo:1"}},
		{"a record with its parents", reconcile.PlanOptions{Entity: "contacts", OdooIDs: []int64{5}},
			[]string{"contacts local adopt row:1 odoo:1", "contacts odoo update row:1 odoo:1", "contacts local create odoo:5"}},
		{"a row with its parent", reconcile.PlanOptions{Entity: "contacts", LocalID: "5"}, []string{"contacts odoo create row:4", "contacts odoo create row:5"}},
		{"a row that is a record", reconcile.PlanOptions{Entity: "contacts", LocalID: "1"}, []string{"contacts local adopt row:1 odoo:1", "contacts odoo update row:1 odoo:1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			items, _ := b.plan(tt.options)
			var got []string
			for _, i := range items {
				got = append(got, did(i))
			}
			require.Equal(t, tt.want, got)
		})
	}
	_, err := b.engine.Plan(b.ctx, reconcile.PlanOptions{Entity: "contact"})
	require.ErrorContains(t, err, `no entity "contact": did you mean contacts?`)
}
