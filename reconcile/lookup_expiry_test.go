package reconcile_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
)

// slowDatabase takes so long for each transaction.
type slowDatabase struct {
	reconcile.Database
	clock *clockwork.FakeClock
	each  time.Duration
}

func (d slowDatabase) InTx(ctx context.Context, f func(tx *sql.Tx) error) error {
	d.clock.Advance(d.each)
	return d.Database.InTx(ctx, f)
}

// A name that was looked up for a batch serves all of it, though the cache
// forgets it while the parents are written.
func TestALookupOutlivesTheCacheForItsBatch(t *testing.T) {
	b := newBench(t, 17)
	b.engine = reconcile.New(reconcile.Options{DB: slowDatabase{b.db, b.clock, 11 * time.Minute}, Odoo: b.client, Mapping: b.mapping(""), Hints: b.inbox, Clock: b.clock})
	school := b.sim.Create("res.partner", odoosim.Values{"name": "École", "country_id": 75})
	teacher := b.sim.Create("res.partner", odoosim.Values{"name": "Secrétariat", "parent_id": school, "country_id": 75})
	b.sync("res.partner", school, teacher)
	require.Equal(t, "École | FR\nSecrétariat | FR", b.rows("SELECT name, country_code FROM contacts ORDER BY id"))
}
