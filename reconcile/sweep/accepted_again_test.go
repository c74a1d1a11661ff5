package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
	"odoosync/reconcile/sweep"
)

// sync0 syncs records as a webhook has it, whatever becomes of them.
func (b *bench) sync0(model string, ids ...int64) {
	b.t.Helper()
	var targets []reconcile.Target
	for _, id := range ids {
		targets = append(targets, reconcile.Target{OdooID: id})
	}
	_, err := b.engine.SyncRecords(b.ctx, model, targets)
	require.NoError(b.t, err)
}

// A restore that a person has accepted does not halt all models night after
// night because one record of it cannot be written here.
func TestAnAcceptedRestoreDoesNotHaltAgainOverARefusedRecord(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(10)
	b.sim.Write("res.partner", ids[3], odoosim.Values{"city": "Rennes"})
	b.imported()
	old := b.sim.Snapshot()
	b.clock.Advance(time.Hour)
	b.sim.Write("res.partner", ids[3], odoosim.Values{"city": "Nantes"})
	b.poll()
	b.exec("ALTER TABLE contacts ADD CONSTRAINT no_rennes CHECK (city IS NULL OR city <> 'Rennes')")
	b.sim.Restore(old)
	b.clock.Advance(time.Hour)
	b.sync0("res.partner", ids[3])
	require.Equal(t, olderCopy, b.halts())
	b.accepted()
	_, err := b.sweeper.Poll(b.ctx)
	require.NoError(t, err)
	b.swept()
	require.Empty(t, b.halts(), "the night of the acceptance")
	b.clock.Advance(24 * time.Hour)
	_, _ = b.sweeper.Sweep(b.ctx, sweep.SweepOptions{}) // what halted says below
	require.Empty(t, b.halts(), "the next: one refused record stops everything again")
}

// Nor because one row cannot be let go.
func TestAnAcceptedRestoreDoesNotHaltAgainOverARowThatStays(t *testing.T) {
	b, id := restoredWithAStranger(t)
	b.pollHalts()
	b.exec("ALTER TABLE contacts ADD CONSTRAINT nouveau_stays CHECK (name <> 'Nouveau' OR deleted_at IS NULL)")
	b.accepted()
	b.poll()
	b.swept()
	require.Empty(t, b.halts(), "the night of the acceptance")
	b.clock.Advance(24 * time.Hour)
	b.sync0("sale.order", b.sim.Create("sale.order", odoosim.Values{"partner_id": id}))
	require.Empty(t, b.halts(), "the next: one row that cannot be let go stops everything again")
}
