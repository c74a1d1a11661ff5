package reconcile_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
)

// What a plan tells of a situation is what a resync then does.
func TestPlannedAndDone(t *testing.T) {
	for _, tt := range []struct {
		name  string
		setup func(b *pushBench) // before the plan
		want  []string           // nil: nothing
		left  []string           // for a person
		also  []string           // what Odoo made of it by itself
	}{
		{"nothing", func(b *pushBench) { b.partner(odoosim.Values{"name": "Mairie"}) }, nil, nil, nil},
		{"a row that names its record", func(b *pushBench) {
			b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
			b.api("INSERT INTO contacts (id, odoo_id, name, city) VALUES (9, 1, 'Mairie', 'Nantes')")
		}, []string{"contacts local adopt row:9 odoo:1", "contacts odoo update row:9 odoo:1"}, nil, nil},
		{"a row that names a record which is gone", func(b *pushBench) {
			b.api("INSERT INTO contacts (id, odoo_id, name) VALUES (9, 77, 'Mairie')")
		}, nil, []string{"contacts odoo refused row:9 odoo:0"}, nil},
		{"two rows that could be one record", func(b *pushBench) {
			b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "ref": "M-1"})
			b.api("INSERT INTO contacts (id, name, ref) VALUES (1, 'Mairie', 'M-1'), (2, 'Commune', 'm 1')")
		}, nil, []string{"contacts local ambiguous row: odoo:1", "contacts odoo ambiguous row:1 odoo:0", "contacts odoo ambiguous row:2 odoo:0"}, nil},
		{"marks that stand for nothing are no key", func(b *pushBench) {
			b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "ref": "-"})
			b.api("INSERT INTO contacts (id, name, ref) VALUES (1, 'École', '--')")
		}, []string{"contacts local create odoo:1", "contacts odoo create row:1"}, nil, nil},
		{"edits of both sides", func(b *pushBench) {
			id := b.partner(odoosim.Values{"name": "Mairie"})
			b.sim.Write("res.partner", id, odoosim.Values{"city": "Brest"})
			b.api("UPDATE contacts SET phone = '02'")
		}, []string{"contacts local update row:1 odoo:1", "contacts odoo update row:1 odoo:1"}, nil, nil},
		{"a row under one that is new", func(b *pushBench) {
			b.partner(odoosim.Values{"name": "Mairie"})
			b.api("INSERT INTO contacts (id, name) VALUES (8, 'Commune')", "UPDATE contacts SET parent_id = 8 WHERE id = 1")
		}, []string{"contacts odoo create row:8", "contacts odoo update row:1 odoo:1"}, nil, nil},
		{"a row deleted here", func(b *pushBench) {
			b.partner(odoosim.Values{"name": "Mairie"})
			b.api("DELETE FROM contacts")
		}, []string{"contacts odoo delete row:1 odoo:1"}, nil, nil},
		{"a mark of deletion taken back", func(b *pushBench) {
			b.partner(odoosim.Values{"name": "Mairie"})
			b.api("UPDATE contacts SET deleted_at = UTC_TIMESTAMP()")
			b.push()
			b.api("UPDATE contacts SET deleted_at = NULL")
		}, []string{"contacts local revive row:1 odoo:1", "contacts odoo update row:1 odoo:1"}, nil, nil},
		{"a lead won here", func(b *pushBench) {
			b.sync("crm.lead", b.sim.Create("crm.lead", odoosim.Values{"name": "Rome", "type": "opportunity"}))
			b.api("UPDATE leads SET status = 'won'")
		}, []string{"leads odoo update row:1 odoo:1"}, nil, []string{"leads local update row:1 odoo:1"}},
		{"an invoice posted here, where posting is off", func(b *pushBench) {
			b.sync("account.move", b.sim.Create("account.move", odoosim.Values{"invoice_line_ids": []odoosim.Values{{"name": "a"}}}))
			b.api("UPDATE invoices SET state = 'posted'")
		}, nil, []string{"invoices odoo refused row:1 odoo:1"}, nil},
		{"lines of both sides", func(b *pushBench) {
			id := b.sim.Create("account.move", odoosim.Values{"invoice_line_ids": []odoosim.Values{{"name": "a"}, {"name": "b"}}})
			b.sync("account.move", id)
			b.api("UPDATE invoice_lines SET name = 'ours' WHERE position = 0", "INSERT INTO invoice_lines (invoice_id, position, name, quantity) SELECT id, 9, 'new', 1 FROM invoices")
			b.sim.Write("account.move.line", b.sim.Get("account.move", id)["invoice_line_ids"].([]int64)[1], odoosim.Values{"name": "theirs"})
		}, []string{"invoices local update row:1 odoo:1", "invoices odoo update row:1 odoo:1"}, nil, nil},
		{"rows that refer to each other", func(b *pushBench) {
			b.api("INSERT INTO contacts (id, name) VALUES (1, 'A'), (2, 'B')", "UPDATE contacts SET parent_id = 3 - id")
		}, nil, []string{"contacts odoo refused row:1 odoo:0", "contacts odoo refused row:2 odoo:0"}, nil},
		{"an order and its travel", func(b *pushBench) {
			id := b.sim.Create("sale.order", odoosim.Values{"partner_id": b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})})
			require.NoError(b.t, b.sim.Call("sale.order", "action_confirm", id))
			b.sim.Raw("sale.order", id, odoosim.Values{"name": "S00077"})
			b.api("INSERT INTO quotes (id, name) VALUES (5, 'S00077')")
		}, []string{"contacts local create odoo:1", "quotes local adopt row:5 odoo:1", "travels local create odoo:1"}, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newPushBench(t, 17)
			tt.setup(b)
			b.catchUp()
			before := b.dump()
			items, _ := b.plan(reconcile.PlanOptions{})
			require.Equal(t, before, b.dump())
			var planned, left []string
			for _, i := range items {
				if i.Op.NeedsPerson() {
					left = append(left, did(i))
					continue
				}
				planned = append(planned, did(i))
			}
			slices.Sort(planned)
			slices.Sort(left)
			require.Equal(t, tt.want, planned)
			require.Equal(t, tt.left, left)
			result := b.resync(reconcile.ResyncOptions{})
			var done []string
			for _, one := range b.doneBy(result.RunID) {
				if one != "" && !slices.Contains(append(done, tt.also...), one) { // a record may take several steps
					done = append(done, one)
				}
			}
			require.Equal(t, tt.want, done)
			require.Equal(t, len(tt.left) > 0, result.Left(), "%v", result.Counts)
		})
	}
}

// partner makes a contact that both sides have.
func (b *pushBench) partner(v odoosim.Values) int64 {
	b.t.Helper()
	id := b.sim.Create("res.partner", v)
	b.sync("res.partner", id)
	return id
}
