package sweep_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/mapping"
	"odoosync/reconcile"
)

// Where deletes are hard, a lost record whose row is still referred to does not
// stop the other records of its model.
func TestARowThatCannotBeLetGoStopsNoOther(t *testing.T) {
	b := newBench(t, 17)
	data, err := os.ReadFile("../../configs/mapping.yaml")
	require.NoError(t, err)
	spec, err := mapping.Parse([]byte(strings.Replace(string(data), "on_odoo_delete: {action: soft}", "on_odoo_delete: {action: hard}", 1)))
	require.NoError(t, err)
	schema, err := reconcile.LoadSchema(b.ctx, b.client, b.db, spec)
	require.NoError(t, err)
	b.mapped, err = spec.Compile(schema)
	require.NoError(t, err)
	b.start(b.o)
	ids := b.partners(10)
	b.imported()
	old := b.sim.Snapshot()
	b.clock.Advance(time.Hour)
	b.sim.Create("sale.order", odoosim.Values{"partner_id": b.sim.Create("res.partner", odoosim.Values{"name": "Nouveau"})})
	b.poll()
	b.clock.Advance(time.Hour)
	b.sim.Restore(old)
	b.sim.Create("res.partner", odoosim.Values{"name": "Un tout autre"})
	b.pollHalts()
	b.accepted()
	b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Rennes"})
	b.clock.Advance(time.Minute)
	_, err = b.sweeper.Poll(b.ctx)
	require.NoError(t, err)
	require.Equal(t, "Rennes", b.city(ids[0]))
}
