package reconcile_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
)

// sweepValues runs a sweep and leaves out what only tells that rows were looked at.
func (b *pushBench) sweepValues() reconcile.DriftReport {
	b.t.Helper()
	report, err := b.engine.SweepValues(b.ctx, reconcile.DriftOptions{Chunk: 2})
	require.NoError(b.t, err)
	out := reconcile.DriftReport{}
	for entity, c := range report {
		c.Compared, c.ByHash = 0, 0
		if c != (reconcile.DriftCounts{}) {
			out[entity] = c
		}
	}
	return out
}

// looked are the rows a sweep looked at, and how many of them by their hash.
func (b *pushBench) looked() (compared, byHash int64) {
	b.t.Helper()
	report, err := b.engine.SweepValues(b.ctx, reconcile.DriftOptions{})
	require.NoError(b.t, err)
	for _, c := range report {
		compared, byHash = compared+c.Compared, byHash+c.ByHash
	}
	return compared, byHash
}

// behind runs statements as a program does that switches the triggers off.
func (b *pushBench) behind(statements ...string) {
	b.t.Helper()
	conn, err := b.db.Conn(b.ctx)
	require.NoError(b.t, err)
	defer conn.Close()
	statements = append([]string{"SET @odoosync_applying = 1, FOREIGN_KEY_CHECKS = 0"}, statements...)
	for _, s := range append(statements, "SET FOREIGN_KEY_CHECKS = 1") {
		_, err := conn.ExecContext(b.ctx, s)
		require.NoError(b.t, err, s)
	}
}

// school is what the cases begin with: two contacts, an invoice of three lines,
// a confirmed order of two, and a lead, all of them synced.
type school struct {
	*pushBench
	mairie, ecole, invoice, order, lead int64
}

func newSchool(t *testing.T) *school {
	b := &school{pushBench: newPushBench(t, 17)}
	b.mairie = b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Nantes", "country_id": 75})
	b.ecole = b.sim.Create("res.partner", odoosim.Values{"name": "École", "parent_id": b.mairie})
	b.invoice = b.sim.Create("account.move", odoosim.Values{"partner_id": b.mairie, "ref": "F1", "invoice_date": "2025-01-22", "invoice_line_ids": []odoosim.Values{
		{"name": "Bus", "quantity": 2.0, "price_unit": 100.0, "tax_ids": []int64{1}}, {"name": "Guide", "quantity": 1.0, "price_unit": 50.0, "tax_ids": []int64{}}, {"name": "Repas", "quantity": 1.0, "price_unit": 10.0}}})
	b.order = b.sim.Create("sale.order", odoosim.Values{"partner_id": b.ecole, "order_line": []odoosim.Values{
		{"name": "Rome", "product_id": 1, "product_uom_qty": 30.0, "price_unit": 150.0, "tax_id": []int64{1}}, {"name": "Section", "display_type": "line_section"}}})
	require.NoError(t, b.sim.Call("sale.order", "action_confirm", b.order))
	b.lead = b.sim.Create("crm.lead", odoosim.Values{"name": "Voyage", "partner_id": b.ecole, "expected_revenue": 1200.5})
	b.sync("res.partner", b.mairie, b.ecole)
	b.sync("sale.order", b.order)
	b.sync("account.move", b.invoice)
	b.sync("crm.lead", b.lead)
	b.settle()
	require.Empty(t, b.sweepValues())
	require.Empty(t, b.pending())
	compared, byHash := b.looked()
	require.EqualValues(t, 6, compared)
	require.Equal(t, compared, byHash, "what was found equal is settled by its hash")
	return b
}

func (b *school) lines() string {
	b.t.Helper()
	var names []string
	for _, id := range b.sim.Get("account.move", b.invoice)["invoice_line_ids"].([]int64) {
		names = append(names, b.sim.Get("account.move.line", id)["name"].(string))
	}
	return strings.Join(names, ", ")
}

type drifts = reconcile.DriftReport

func one(entity string) drifts { return drifts{entity: {Drifted: 1}} }

// Edits that no trigger told of, one after the other on the same rows.
func TestEditsBehindTheTriggersBack(t *testing.T) {
	b := newSchool(t)
	for _, c := range []struct {
		name, edit string
		want       drifts
		query      string
		holds      string
		odoo       func() any
		is         any
	}{
		{"a text", "UPDATE contacts SET city = 'Rezé' WHERE name = 'Mairie'", one("contacts"), "", "", func() any { return b.sim.Get("res.partner", b.mairie)["city"] }, "Rezé"},
		{"only its case", "UPDATE contacts SET city = 'REZÉ' WHERE name = 'Mairie'", one("contacts"), "", "", func() any { return b.sim.Get("res.partner", b.mairie)["city"] }, "REZÉ"},
		{"emptied", "UPDATE contacts SET city = NULL WHERE name = 'Mairie'", one("contacts"), "", "", func() any { return b.sim.Get("res.partner", b.mairie)["city"] }, false},
		{"'' for NULL is the same to Odoo", "UPDATE contacts SET city = '' WHERE name = 'Mairie'", drifts{}, "SELECT city FROM contacts WHERE name = 'Mairie'", "", nil, nil},
		{"a reference", "UPDATE contacts SET parent_id = NULL WHERE name = 'École'", one("contacts"), "", "", func() any { return b.sim.Get("res.partner", b.ecole)["parent_id"] }, false},
		{"several rows", "UPDATE contacts SET zip = CONCAT('4400', id)", drifts{"contacts": {Drifted: 2}}, "", "", func() any { return b.sim.Get("res.partner", b.ecole)["zip"] }, "44002"},
		{"columns that are not mapped", "UPDATE contacts SET created_at = '2020-01-01', updated_at = '2020-01-01'", drifts{}, "", "", nil, nil},
		{"a date", "UPDATE invoices SET invoice_date = '2025-02-01'", one("invoices"), "", "", func() any { return b.sim.Get("account.move", b.invoice)["invoice_date"] }, "2025-02-01"},
		{"a line's decimal", "UPDATE invoice_lines SET quantity = 2.5 WHERE position = 0", one("invoices"), "", "", func() any { return b.sim.Get("account.move", b.invoice)["amount_untaxed"] }, 310.0},
		{"a line's JSON", `UPDATE invoice_lines SET tax_codes = '["20%"]' WHERE position = 1`, one("invoices"), "SELECT COUNT(*) FROM invoice_lines WHERE price_total > price_subtotal", "2", nil, nil},
		{"JSON written in another way is the same", `UPDATE invoice_lines SET tax_codes = '[ "20%" ]' WHERE position = 1`, drifts{}, "", "", nil, nil},
		{"a line added", "INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit) SELECT id, 3, 'Assurance', 1, 5 FROM invoices", one("invoices"), "", "", func() any { return b.lines() }, "Bus, Guide, Repas, Assurance"},
		{"a line removed", "DELETE FROM invoice_lines WHERE name = 'Guide'", one("invoices"), "", "", func() any { return b.lines() }, "Bus, Repas, Assurance"},
		{"lines in another order come back into Odoo's", "UPDATE invoice_lines SET position = 2 - position", one("invoices"), "SELECT GROUP_CONCAT(name ORDER BY position) FROM invoice_lines", "Bus,Repas,Assurance", nil, nil},
		{"so do their places", "UPDATE invoice_lines SET position = position + 5", one("invoices"), "SELECT GROUP_CONCAT(position ORDER BY position) FROM invoice_lines", "0,1,2", nil, nil},
		{"a line's own id of Odoo", "UPDATE invoice_lines SET odoo_id = NULL WHERE position = 0", one("invoices"), "SELECT COUNT(*) FROM invoice_lines WHERE odoo_id IS NULL", "0", func() any { return b.lines() }, "Bus, Repas, Assurance"},
		{"the row's id of Odoo", "UPDATE leads SET odoo_id = 4711", one("leads"), "SELECT odoo_id FROM leads", "1", nil, nil},
		{"a decimal", "UPDATE leads SET expected_revenue = 1300.25", one("leads"), "", "", func() any { return b.sim.Get("crm.lead", b.lead)["expected_revenue"] }, 1300.25},
		{"a list", `UPDATE leads SET tags = '["Primaire", "Collège"]'`, one("leads"), "", "", func() any { return len(b.sim.Get("crm.lead", b.lead)["tag_ids"].([]int64)) }, 2},
		{"what only Odoo changes comes back", "UPDATE leads SET probability = 99", one("leads"), "SELECT COUNT(*) FROM leads WHERE probability = 99", "0", nil, nil},
		{"a new row", "INSERT INTO contacts (name) VALUES ('Lycée')", drifts{"contacts": {Inserted: 1}}, "SELECT COUNT(*) FROM contacts WHERE odoo_id IS NULL", "0", nil, nil},
		{"a new row that is deleted already", "INSERT INTO contacts (name, deleted_at) VALUES ('Collège', UTC_TIMESTAMP())", drifts{}, "", "", nil, nil},
		{"the mark of a deletion", "UPDATE contacts SET deleted_at = UTC_TIMESTAMP() WHERE name = 'Lycée'", one("contacts"), "SELECT state FROM sync_links WHERE state = 'deleted'", "deleted", nil, nil},
		{"the mark taken away", "UPDATE contacts SET deleted_at = NULL WHERE name = 'Lycée'", one("contacts"), "SELECT COUNT(*) FROM sync_links WHERE state = 'deleted'", "0", nil, nil},
		{"a row deleted", "DELETE FROM leads", drifts{"leads": {Vanished: 1}}, "SELECT COUNT(*) FROM sync_links WHERE entity = 'leads' AND state = 'deleted'", "1", func() any { return b.sim.Get("crm.lead", b.lead)["active"] }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.t = t
			b.behind(c.edit)
			b.push()
			require.Equal(t, c.want, b.sweepValues())
			b.clock.Advance(time.Minute)
			b.settle()
			if c.holds != "" {
				require.Equal(t, c.holds, b.rows(c.query))
			}
			if c.odoo != nil {
				require.Equal(t, c.is, c.odoo())
			}
			require.Empty(t, b.pending())
			require.Empty(t, b.rows("SELECT entity, local_id, state, error FROM sync_status WHERE state NOT IN ('synced', 'deleted')"))
			require.Empty(t, b.sweepValues(), "both sides agree")
			require.Empty(t, b.pending())
		})
	}
}

// Where only Odoo changes rows, the sweep takes edits back itself.
func TestEditsOfWhatOnlyOdooChangesAreTakenBack(t *testing.T) {
	b := newSchool(t)
	b.behind("UPDATE quotes SET client_ref = 'mine'", "UPDATE quote_lines SET quantity = 31 WHERE position = 0", "UPDATE travels SET status = 'cancelled', destination = 'Rome'")
	require.Equal(t, one("quotes"), b.sweepValues(), "the order's sync mends its travel, too")
	require.Equal(t, "NULL | 30.000000", b.rows("SELECT client_ref, quantity FROM quotes q JOIN quote_lines l ON l.quote_id = q.id AND position = 0"))
	require.Equal(t, "confirmed | Rome", b.rows("SELECT status, destination FROM travels"), "an own column stays")
	require.Equal(t, "client_ref | mine | direction | odoo", b.rows("SELECT field, local_value, policy, winner FROM sync_conflicts WHERE field = 'client_ref'"))
	require.Equal(t, "sweep", b.rows("SELECT DISTINCT cause_kind FROM sync_changes WHERE entity IN ('quotes', 'travels') AND op = 'update' AND id > (SELECT MAX(id) FROM sync_changes) - 3"))
	require.Empty(t, b.sweepValues())
	b.behind("UPDATE travels SET status = 'cancelled'")
	require.Equal(t, one("travels"), b.sweepValues())
	require.Equal(t, "confirmed", b.rows("SELECT status FROM travels"))

	b.behind("DELETE FROM quote_lines WHERE position = 1")
	require.Equal(t, one("quotes"), b.sweepValues())
	require.Equal(t, "2", b.rows("SELECT COUNT(*) FROM quote_lines"))
	require.Empty(t, b.sweepValues())
	require.Empty(t, b.pending())
}

// What Odoo does not show now is not taken back, and not found each night either.
func TestWhatASyncLeavesIsFoundOnce(t *testing.T) {
	b := newSchool(t)
	b.sim.Write("sale.order", b.order, odoosim.Values{"state": "cancel"})
	b.sync("sale.order", b.order)
	b.clock.Advance(time.Hour) // settled
	require.Empty(t, b.sweepValues())
	b.behind("UPDATE travels SET confirmed_at = '2020-01-01'")
	require.Equal(t, one("travels"), b.sweepValues())
	require.Equal(t, "2020-01-01 00:00:00", b.rows("SELECT CAST(confirmed_at AS CHAR) FROM travels"))
	require.Empty(t, b.sweepValues())
	b.behind("UPDATE travels SET confirmed_at = '2021-01-01'")
	require.Equal(t, one("travels"), b.sweepValues(), "this is another edit")
}

// A hash is good for as long as nobody writes the link.
func TestASyncDropsTheHash(t *testing.T) {
	b := newSchool(t)
	b.sim.Write("res.partner", b.mairie, odoosim.Values{"city": "Vertou"})
	b.sync("res.partner", b.mairie)
	report, err := b.engine.SweepValues(b.ctx, reconcile.DriftOptions{})
	require.NoError(t, err)
	require.Equal(t, reconcile.DriftCounts{Compared: 2, ByHash: 1}, report["contacts"])
	b.sync("res.partner", b.ecole) // nothing changes but the link
	report, err = b.engine.SweepValues(b.ctx, reconcile.DriftOptions{})
	require.NoError(t, err)
	require.Equal(t, reconcile.DriftCounts{Compared: 2, ByHash: 1}, report["contacts"])
	_, byHash := b.looked()
	require.EqualValues(t, 6, byHash)
	versions := b.rows("SELECT id, version FROM sync_links ORDER BY id")
	b.exec("UPDATE sync_links SET row_hash = NULL")
	require.Empty(t, b.sweepValues())
	require.Equal(t, versions, b.rows("SELECT id, version FROM sync_links ORDER BY id"))
}

// A sweep that was cut off goes on behind the last chunk it told of.
func TestASweepGoesOnWhereItWas(t *testing.T) {
	b := newPushBench(t, 17)
	for range 25 {
		b.sync("res.partner", b.sim.Create("res.partner", odoosim.Values{"name": "Contact"}))
	}
	stop := context.Canceled
	at := map[string]string{}
	passed := func(_ context.Context, entity, last string) error {
		at[entity] = last
		if last == "20" {
			return stop
		}
		return nil
	}
	report, err := b.engine.SweepValues(b.ctx, reconcile.DriftOptions{Chunk: 10, Passed: passed})
	require.ErrorIs(t, err, stop)
	require.Equal(t, reconcile.DriftReport{"contacts": {Compared: 20}}, report)
	require.Equal(t, map[string]string{"contacts": "20"}, at)
	report, err = b.engine.SweepValues(b.ctx, reconcile.DriftOptions{Chunk: 10, From: at, Passed: passed})
	require.NoError(t, err)
	require.EqualValues(t, 5, report["contacts"].Compared)
	require.Equal(t, reconcile.DriftDone, at["leads"])
	report, err = b.engine.SweepValues(b.ctx, reconcile.DriftOptions{From: at})
	require.NoError(t, err)
	require.Empty(t, report)
}
