package reconcile_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/record"
	"odoosync/odooclient"
)

// deaf is an Odoo whose connection is cut before a write reaches it, which
// nobody can tell from an answer that is lost.
type deaf struct{ *odooclient.Client }

var errCut = record.Errorf(record.CodeUnknownOutcome, "the connection was cut")

func (deaf) Load(context.Context, string, []string, [][]string, map[string]any) (odooclient.LoadResult, error) {
	return odooclient.LoadResult{}, errCut
}
func (deaf) Write(context.Context, string, []int64, map[string]any, map[string]any) error {
	return errCut
}
func (deaf) Unlink(context.Context, string, []int64, map[string]any) error { return errCut }
func (deaf) WriteIf(context.Context, string, int64, odooclient.Expected, map[string]any, map[string]any) (string, error) {
	return "", errCut
}
func (deaf) Call(context.Context, string, string, []any, map[string]any) (any, error) {
	return nil, errCut
}

// Whatever is sent, a write that did not come about is made later: it is neither
// refused, nor given up, nor taken for done.
func TestALostWriteIsMadeLater(t *testing.T) {
	for _, tt := range []struct {
		name, model string
		values      odoosim.Values
		edit        string
		field       string
		want        any
	}{
		{"fields", "res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes"}, "UPDATE contacts SET city = 'Nantes'", "city", "Nantes"},
		{"a spelling", "res.partner", odoosim.Values{"name": "Mairie", "city": "nantes"}, "UPDATE contacts SET city = 'Nantes'", "city", "Nantes"},
		{"an archiving", "res.partner", odoosim.Values{"name": "Mairie"}, "DELETE FROM contacts", "active", false},
		{"a method", "crm.lead", odoosim.Values{"name": "Rome", "type": "opportunity"}, "UPDATE leads SET status = 'won'", "probability", 100.0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newPushBench(t, 17)
			id := b.sim.Create(tt.model, tt.values)
			b.sync(tt.model, id)
			b.remote(deaf{b.client})
			b.api(tt.edit)
			b.push()
			b.push()
			require.Equal(t, "pending", b.rows("SELECT status FROM sync_outbox"), "it waits")
			b.remote(b.client)
			b.takenUp()
			require.Empty(t, b.pending())
			require.Equal(t, tt.want, b.sim.Get(tt.model, id)[tt.field])
			require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM sync_changes WHERE side = 'odoo'"))
		})
	}
	t.Run("lines and an unlink", func(t *testing.T) {
		b := newPushBench(t, 17)
		id := b.sim.Create("account.move", odoosim.Values{"invoice_line_ids": []odoosim.Values{{"name": "Bus", "price_unit": 5.0}, {"name": "Guide"}}})
		b.sync("account.move", id)
		b.remote(deaf{b.client})
		b.api("UPDATE invoice_lines SET price_unit = 7 WHERE name = 'Bus'", "DELETE FROM invoice_lines WHERE name = 'Guide'",
			"INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) SELECT id, 1, 'Repas', 1, 2, '[]' FROM invoices")
		b.push()
		b.remote(b.client)
		b.takenUp()
		require.Empty(t, b.pending())
		require.Equal(t, "Bus | 7.000000\nRepas | 2.000000", b.rows("SELECT name, price_unit FROM invoice_lines ORDER BY position"))
		require.Equal(t, []string{"Bus 100", "Repas 100"}, b.places())

		b.remote(deaf{b.client})
		b.api("DELETE FROM invoice_lines", "DELETE FROM invoices")
		b.push()
		b.remote(b.client)
		b.takenUp()
		require.Empty(t, b.pending())
		require.Empty(t, b.sim.IDs("account.move"))
	})
}
