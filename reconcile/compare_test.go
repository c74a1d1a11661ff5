package reconcile_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/record"
	"odoosync/odooclient"
)

// busy is an Odoo in which somebody edits right before our writes arrive.
type busy struct {
	*odooclient.Client
	edits   int // so many times
	edit    func()
	extras  []map[string]any
	written int
}

func (b *busy) WriteIf(ctx context.Context, model string, id int64, is odooclient.Expected, values, extra map[string]any) (string, error) {
	b.extras = append(b.extras, extra)
	if b.edits > 0 {
		b.edits--
		b.edit()
	}
	as, err := b.Client.WriteIf(ctx, model, id, is, values, extra)
	if as != "" {
		b.written++
	}
	return as, err
}

func TestCompareAndSet(t *testing.T) {
	for _, tt := range []struct {
		name, edited string
		edits        int
		waits        bool
		field, want  string // what is left in Odoo
	}{
		{"nobody edits", "", 0, false, "city", "Nantes"},
		{"another field", "phone", 1, false, "city", "Nantes"},
		{"another field, three times", "phone", 3, false, "phone", "edited"},
		{"the same field: the newer edit is kept, the other noted", "city", 1, false, "city", "edited"},
		{"without end: later", "phone", 100, true, "city", "Vannes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newPushBench(t, 17)
			b.sim.SetModule(true)
			id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes"})
			b.sync("res.partner", id)
			odoo := &busy{Client: b.client, edits: tt.edits}
			odoo.edit = func() {
				b.clock.Advance(2e9)
				b.sim.Write("res.partner", id, odoosim.Values{tt.edited: "edited"})
			}
			b.remote(odoo)
			b.api("UPDATE contacts SET city = 'Nantes'")
			b.push()
			require.Equal(t, tt.want, b.sim.Get("res.partner", id)[tt.field])
			require.Equal(t, tt.waits, b.pending() != "", b.pending())
			if tt.edited == "city" {
				require.Equal(t, "city | edited | Nantes", b.rows("SELECT field, odoo_value, local_value FROM sync_conflicts"))
			}
			for _, extra := range odoo.extras {
				require.Equal(t, "daemon", extra["odoosync_origin"])
			}
			require.Zero(t, b.sim.Stats().ByMethod["write"], "no write goes without a version")
			require.Equal(t, "0", b.rows("SELECT COUNT(*) FROM sync_links WHERE intent IS NOT NULL"))
		})
	}
}

// Without the module nothing else is called than before, but for one question.
func TestWithoutTheModuleNothingIsCompared(t *testing.T) {
	b := newPushBench(t, 17)
	for _, city := range []string{"Vannes", "Nantes", "Brest"} {
		b.api("DELETE FROM contacts", "INSERT INTO contacts (name, city) VALUES ('Mairie', '"+city+"')")
		b.push()
	}
	stats := b.sim.Stats().ByMethod
	require.EqualValues(t, 1, stats["odoosync_write_date"])
	require.Zero(t, stats["odoosync_write"])
}

// The module may come and go while the daemon runs.
func TestTheModuleComesAndGoes(t *testing.T) {
	b := newPushBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes"})
	b.sync("res.partner", id)
	edit := func(city string) {
		b.api("UPDATE contacts SET city = '" + city + "'")
		b.push()
		require.Empty(t, b.pending())
		require.Equal(t, city, b.sim.Get("res.partner", id)["city"])
	}
	compared := func() int64 { return b.sim.Stats().ByMethod["odoosync_write"] }
	edit("Nantes")
	b.sim.SetModule(true)
	edit("Brest")
	require.Zero(t, compared(), "it was asked a moment ago")
	b.clock.Advance(11 * 60e9)
	edit("Quimper")
	require.EqualValues(t, 1, compared())
	b.sim.SetModule(false)
	edit("Rennes")
	require.EqualValues(t, 1, compared())
}

// goes takes the module away between the versions and the write.
type goes struct {
	*odooclient.Client
	sim *odoosim.Server
}

func (g *goes) WriteIf(ctx context.Context, model string, id int64, is odooclient.Expected, values, extra map[string]any) (string, error) {
	g.sim.SetModule(false)
	return g.Client.WriteIf(ctx, model, id, is, values, extra)
}

func TestTheModuleGoesBetweenReadAndWrite(t *testing.T) {
	b := newPushBench(t, 17)
	b.sim.SetModule(true)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes"})
	b.sync("res.partner", id)
	b.remote(&goes{b.client, b.sim})
	b.api("UPDATE contacts SET city = 'Nantes'")
	b.push()
	require.Empty(t, b.pending())
	require.Equal(t, "Nantes", b.sim.Get("res.partner", id)["city"])
}

func TestVersions(t *testing.T) {
	b := newPushBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	secret := b.sim.Create("res.partner", odoosim.Values{"name": "Privé"})
	_, err := b.client.Versions(b.ctx, "res.partner", nil)
	require.ErrorIs(t, err, odooclient.ErrNoModule)
	b.sim.SetModule(true)
	_, err = b.client.Versions(b.ctx, "product.product", nil)
	require.ErrorIs(t, err, odooclient.ErrNoModule, "not a model of the module's")
	b.sim.Hide("res.partner", secret, true)
	found, err := b.client.Versions(b.ctx, "res.partner", []int64{id, secret, 999})
	require.NoError(t, err)
	require.Len(t, found, 1, "a hidden record does not hide the others")
	as, err := b.client.WriteIf(b.ctx, "res.partner", id, odooclient.Expected{Version: "another"}, map[string]any{"city": "Brest"}, nil)
	require.NoError(t, err)
	require.Empty(t, as)
	_, err = b.client.WriteIf(b.ctx, "res.partner", id, odooclient.Expected{Version: found[id]}, map[string]any{"nonsense": 1}, nil)
	require.True(t, record.CodeOf(err) == record.CodeConfig || record.CodeOf(err).Final(), "%v", err)
}
