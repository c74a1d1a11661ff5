package reconcile_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
)

// afterVersions is an Odoo in which somebody edits right after we asked for the
// versions by which a write is read back, once.
type afterVersions struct {
	*odooclient.Client
	wrote bool
	then  func()
}

func (a *afterVersions) WriteIf(ctx context.Context, model string, id int64, is odooclient.Expected, values, extra map[string]any) (string, error) {
	as, err := a.Client.WriteIf(ctx, model, id, is, values, extra)
	a.wrote = a.wrote || as != ""
	return as, err
}

func (a *afterVersions) Versions(ctx context.Context, model string, ids []int64) (map[int64]string, error) {
	found, err := a.Client.Versions(ctx, model, ids)
	if then := a.then; then != nil && a.wrote {
		a.then = nil
		then()
	}
	return found, err
}

// A person takes our value back between the version that a write is read back by
// and the reading. That is an edit like one a moment earlier, and no value that
// Odoo kept: the next edit of the row does not send ours over it.
func TestAValueTakenBackBetweenVersionAndReadStays(t *testing.T) {
	b := newPushBench(t, 17)
	b.sim.SetModule(true)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes"})
	b.sync("res.partner", id)
	b.remote(&afterVersions{Client: b.client, then: func() {
		require.Equal(t, "Nantes", b.sim.Get("res.partner", id)["city"])
		b.clock.Advance(2e9)
		b.sim.Write("res.partner", id, odoosim.Values{"city": "Vannes"})
	}})
	b.api("UPDATE contacts SET city = 'Nantes'")
	b.push()
	require.Equal(t, "Vannes", b.sim.Get("res.partner", id)["city"])
	b.clock.Advance(60e9)
	b.api("UPDATE contacts SET phone = '02'")
	b.settle()
	require.Equal(t, "Vannes", b.sim.Get("res.partner", id)["city"])
}
