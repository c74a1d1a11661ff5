package reconcile_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
)

// killedBefore has the API's statements pushed by a daemon that dies right
// before its first write is applied.
func (b *pushBench) killedBefore(statements ...string) {
	b.killed(false, statements...)
}

// killedAfter is killedBefore, once the write is applied and before its answer.
func (b *pushBench) killedAfter(statements ...string) {
	b.t.Helper()
	b.killed(true, statements...)
}

func (b *pushBench) killed(after bool, statements ...string) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	b.remote(&dying{mortal: &mortal{Client: b.client, ctx: ctx}, cancel: cancel, after: after})
	b.api(statements...)
	b.catchUp()
	_, _ = b.pusher.Step(ctx) // it dies
	b.remote(b.client)
}

// dying is a client whose process dies at its first write, before or after it.
type dying struct {
	*mortal
	cancel context.CancelFunc
	after  bool
}

func (d *dying) Load(ctx context.Context, model string, fields []string, rows [][]string, extra map[string]any) (odooclient.LoadResult, error) {
	ctx, dies := d.dies(ctx)
	defer dies()
	return d.mortal.Load(ctx, model, fields, rows, extra)
}

func (d *dying) Write(ctx context.Context, model string, ids []int64, values, extra map[string]any) error {
	ctx, dies := d.dies(ctx)
	defer dies()
	return d.mortal.Write(ctx, model, ids, values, extra)
}

func (d *dying) dies(ctx context.Context) (context.Context, func()) {
	if !d.after {
		d.cancel()
	}
	return context.WithoutCancel(ctx), d.cancel
}

// takenUp lets the deadlines of open writes pass, and works both directions.
func (b *pushBench) takenUp() {
	b.t.Helper()
	for range 2 {
		b.clock.Advance(10 * time.Minute)
		b.settle()
	}
}

// An edit that differs from the old value by a capital, a space or a sign only
// is not taken for a form of Odoo's when its write never came about.
func TestAnEditOfSpellingSurvivesAKill(t *testing.T) {
	for _, tt := range []struct{ field, old, edit string }{{"city", "vannes", "Vannes"}, {"phone", "0240000000", "02 40 00 00 00"}, {"street", "12", "-12"}} {
		t.Run(tt.field, func(t *testing.T) {
			b := newPushBench(t, 17)
			id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", tt.field: tt.old})
			b.sync("res.partner", id)
			b.killedBefore("UPDATE contacts SET " + tt.field + " = '" + tt.edit + "'")
			require.Equal(t, tt.old, b.sim.Get("res.partner", id)[tt.field])
			b.takenUp()
			require.Empty(t, b.pending())
			require.Equal(t, tt.edit, b.rows("SELECT "+tt.field+" FROM contacts"))
			require.Equal(t, tt.edit, b.sim.Get("res.partner", id)[tt.field])
		})
	}
}

// A line that somebody adds in Odoo while one of ours is on its way, and does
// not arrive, is not taken for ours.
func TestALineOfOdoosIsNotTakenForOneThatNeverArrived(t *testing.T) {
	b := newPushBench(t, 17)
	id := b.sim.Create("account.move", odoosim.Values{"invoice_line_ids": []odoosim.Values{{"name": "Bus", "price_unit": 15.0}}})
	b.sync("account.move", id)
	b.killedBefore("INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) SELECT id, 1, 'ours', 1, 7, '[]' FROM invoices")
	b.sim.Write("account.move", id, odoosim.Values{"invoice_line_ids": []odoosim.Values{{"name": "theirs", "price_unit": 100.0}}})
	b.takenUp()
	require.Empty(t, b.pending())
	require.ElementsMatch(t, []string{"Bus 100", "ours 100", "theirs 100"}, b.places())
	require.Equal(t, "Bus | 15.000000\nours | 7.000000\ntheirs | 100.000000", b.rows("SELECT name, price_unit FROM invoice_lines ORDER BY name"))
}

// A line that arrived from a daemon that died, and that somebody edited since,
// keeps that edit.
func TestAnEditOfALineWhoseSenderDiedStays(t *testing.T) {
	b := newPushBench(t, 17)
	id := b.sim.Create("account.move", odoosim.Values{"invoice_line_ids": []odoosim.Values{{"name": "Bus", "price_unit": 15.0}}})
	b.sync("account.move", id)
	b.killedAfter("INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) SELECT id, 1, 'ours', 1, 7, '[]' FROM invoices")
	lines := b.sim.Get("account.move", id)["invoice_line_ids"].([]int64)
	require.Len(t, lines, 2)
	b.sim.Write("account.move.line", lines[1], odoosim.Values{"name": "theirs", "price_unit": 9.0})
	b.takenUp()
	require.Empty(t, b.pending())
	require.Equal(t, "Bus | 15.000000\ntheirs | 9.000000", b.rows("SELECT name, price_unit FROM invoice_lines ORDER BY name"))
	require.Equal(t, []string{"Bus 100", "theirs 100"}, b.places())
	require.Equal(t, "ours | theirs", b.rows("SELECT local_value, odoo_value FROM sync_conflicts WHERE field LIKE '%name'"), "both are kept")
}

// The line's sum that Odoo computed of our own price is nobody's edit: the line
// goes when its row is removed.
func TestALineRemovedAfterItsSenderDiedGoes(t *testing.T) {
	b := newPushBench(t, 17)
	id := b.sim.Create("account.move", odoosim.Values{"invoice_line_ids": []odoosim.Values{{"name": "Bus", "price_unit": 15.0}, {"name": "Guide", "price_unit": 1.0}}})
	b.sync("account.move", id)
	b.killedAfter("UPDATE invoice_lines SET price_unit = 7 WHERE name = 'Bus'")
	b.api("DELETE FROM invoice_lines WHERE name = 'Bus'")
	b.takenUp()
	require.Empty(t, b.pending())
	require.Equal(t, []string{"Guide 100"}, b.places())
	require.Equal(t, "synced", b.rows("SELECT state FROM sync_status WHERE entity = 'invoices'"))
}
