package sweep_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/store"
	"odoosync/reconcile"
)

// A restore halts also the model that was halted for less: who accepts that a
// rule hides contacts has not accepted an older copy of Odoo.
func TestARestoreIsNotAcceptedWithWhatHaltedBefore(t *testing.T) {
	b := newBench(t, 17)
	b.partners(5)
	b.imported()
	require.NoError(t, store.SetHalts(b.ctx, b.db, b.clock.Now(), store.Halt{Model: "res.partner", Kind: "hidden", Reason: "a rule"}))
	halted, err := b.engine.Halt(b.ctx, "sale.order", reconcile.HaltOlderCopy, "sale.order 7 was created at another time")
	require.NoError(t, err)
	require.True(t, halted)
	require.Equal(t, olderCopy, b.halts(), "it is what a person is shown, and accepts")
}
