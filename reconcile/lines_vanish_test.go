package reconcile_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
)

// automated is an Odoo in which an automation acts on each load.
type automated struct {
	*odooclient.Client
	then  func()
	loads int
}

func (a *automated) Load(ctx context.Context, model string, fields []string, rows [][]string, extra map[string]any) (odooclient.LoadResult, error) {
	result, err := a.Client.Load(ctx, model, fields, rows, extra)
	a.loads++
	a.then()
	return result, err
}

// An automation of Odoo's moves each new line of an invoice to another one. What
// was sent and is there under its external id is not sent again.
func TestALineThatOdooMovesElsewhereIsNotMadeAgainAndAgain(t *testing.T) {
	b := newPushBench(t, 17)
	b.sim.SetModule(true)
	b.api("INSERT INTO contacts (id, name) VALUES (3, 'Lycée')", "INSERT INTO invoices (id, contact_id, ref) VALUES (3, 3, 'old')",
		"INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) VALUES (3, 0, 'Bus', 1, 1, '[]')")
	b.push()
	require.Empty(t, b.pending())
	known := b.sim.IDs("account.move.line")
	other := b.sim.Create("account.move", odoosim.Values{"move_type": "out_invoice", "partner_id": b.sim.IDs("res.partner")[0]})
	odoo := &automated{Client: b.client, then: func() {
		for _, id := range b.sim.IDs("account.move.line") {
			if id != known[0] {
				b.sim.Write("account.move.line", id, odoosim.Values{"move_id": other})
			}
		}
	}}
	b.remote(odoo)
	b.api("INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) VALUES (3, 1, 'Guide', 1, 2, '[]')")
	b.push()
	require.LessOrEqual(t, len(b.sim.IDs("account.move.line")), 2)
}
