package reconcile_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/record"
	"odoosync/odooclient"
)

// cutOff is an Odoo that is out of reach at the load of that number, once.
type cutOff struct {
	*odooclient.Client
	at, loads int
}

func (c *cutOff) Load(ctx context.Context, model string, fields []string, rows [][]string, extra map[string]any) (odooclient.LoadResult, error) {
	if c.loads++; c.loads == c.at {
		return odooclient.LoadResult{}, record.Errorf(record.CodeUnavailable, "Odoo is out of reach")
	}
	return c.Client.Load(ctx, model, fields, rows, extra)
}

// An update's fields are written, and then Odoo is out of reach for its new
// lines. The fields are written all the same: who takes them back in Odoo since
// has edited them, and is not overwritten.
func TestAWriteWhoseLinesDidNotFollowIsConfirmed(t *testing.T) {
	for name, module := range map[string]bool{"with the module": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			b := newPushBench(t, 17)
			b.sim.SetModule(module)
			b.api("INSERT INTO contacts (id, name) VALUES (3, 'Lycée')", "INSERT INTO invoices (id, contact_id, ref) VALUES (3, 3, 'old')",
				"INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) VALUES (3, 0, 'Bus', 1, 1, '[]')")
			b.push()
			require.Empty(t, b.pending())
			id := b.sim.IDs("account.move")[0]
			odoo := &cutOff{Client: b.client, at: 1}
			b.remote(odoo)
			b.api("UPDATE invoices SET ref = 'new'", "INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) VALUES (3, 1, 'Guide', 1, 2, '[]')")
			b.push()
			require.Equal(t, "new", b.sim.Get("account.move", id)["ref"])
			require.Equal(t, 1, odoo.loads)
			b.sim.Write("account.move", id, odoosim.Values{"ref": "old"}) // a person takes it back
			b.clock.Advance(10 * 60e9)
			b.push()
			require.Empty(t, b.pending())
			require.Len(t, b.sim.IDs("account.move.line"), 2)
			require.Equal(t, "old", b.sim.Get("account.move", id)["ref"])
		})
	}
}

// New lines go in two loads, and Odoo is out of reach for the second.
func TestLinesThatArrivedBeforeACutAreNotDoubled(t *testing.T) {
	b := newPushBench(t, 17)
	b.sim.SetModule(true)
	b.api("INSERT INTO contacts (id, name) VALUES (3, 'Lycée')", "INSERT INTO invoices (id, contact_id, ref) VALUES (3, 3, 'old')",
		"INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) VALUES (3, 0, 'Bus', 1, 1, '[]')")
	b.push()
	require.Empty(t, b.pending())
	odoo := &cutOff{Client: b.client, at: 2}
	b.remote(odoo)
	b.api("INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) VALUES (3, 1, 'Guide', 1, 2, '[]')",
		"INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, discount, tax_codes) VALUES (3, 2, 'Car', 1, 2, 5, '[]')")
	b.push()
	require.Equal(t, 2, odoo.loads)
	b.clock.Advance(10 * 60e9)
	b.push()
	require.Empty(t, b.pending())
	require.Len(t, b.sim.IDs("account.move.line"), 3)
	require.Equal(t, "Bus\nGuide\nCar", b.rows("SELECT name FROM invoice_lines ORDER BY position, id"))
}
