package reconcile_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
	"odoosync/reconcile"
)

// restored is an Odoo that lost a record and got it back: an older copy was
// put in its place, and taken away again.
type restored struct {
	reconcile.Reader
	without int64
}

func (r *restored) ReadEach(ctx context.Context, model string, ids []int64, fields []string, each func(int64, odooclient.Raw, error) error) error {
	return r.Reader.ReadEach(ctx, model, ids, fields, func(id int64, raw odooclient.Raw, err error) error {
		if id == r.without {
			return each(id, nil, odooclient.ErrMissing)
		}
		return each(id, raw, err)
	})
}

// A record that comes back hidden first, or with a value that is refused
// first, is revived once it can be synced.
func TestARevivalSurvivesADetour(t *testing.T) {
	for name, detour := range map[string]func(b *bench, id int64, over bool){
		"none":   func(*bench, int64, bool) {},
		"hidden": func(b *bench, id int64, over bool) { b.sim.Hide("res.partner", id, !over) },
		"refused": func(b *bench, id int64, over bool) {
			b.sim.Write("res.partner", id, odoosim.Values{"phone": strings.Repeat("1", map[bool]int{false: 65, true: 1}[over])})
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, 17)
			odoo := &restored{Reader: b.client}
			b.engine = b.engineOn(odoo)
			id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
			b.sync("res.partner", id)
			odoo.without = id
			b.sync("res.partner", id)
			require.Equal(t, "1", b.rows("SELECT deleted_at IS NOT NULL FROM contacts"))
			odoo.without = 0
			for _, over := range []bool{false, true} {
				detour(b, id, over)
				b.hint("res.partner.updated", "res.partner", id)
				b.work(b.engine, nil)
			}
			require.Equal(t, "synced | 0", b.rows("SELECT state, deleted_at IS NOT NULL FROM contacts JOIN sync_links ON entity = 'contacts'"))
		})
	}
}

// An order that is back brings its travel back.
func TestARevivedOrderRevivesItsTravel(t *testing.T) {
	b := newBench(t, 17)
	odoo := &restored{Reader: b.client}
	b.engine = b.engineOn(odoo)
	order := b.sim.Create("sale.order", odoosim.Values{"state": "sale"})
	b.sync("sale.order", order)
	odoo.without = order
	b.sync("sale.order", order)
	require.Equal(t, "1 | cancelled", b.rows("SELECT q.deleted_at IS NOT NULL, t.status FROM quotes q JOIN travels t ON t.quote_id = q.id"))
	odoo.without = 0
	b.sync("sale.order", order)
	require.Equal(t, "0 | confirmed", b.rows("SELECT q.deleted_at IS NOT NULL, t.status FROM quotes q JOIN travels t ON t.quote_id = q.id"))
}
