package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/store"
	"odoosync/reconcile"
)

// A second acceptance does not prolong the first one beyond its hour.
func TestAnAcceptanceIsNotProlongedByTheNext(t *testing.T) {
	b := newBench(t, 17)
	b.partners(5)
	b.imported()
	_, err := b.engine.Halt(b.ctx, "res.partner", reconcile.HaltOlderCopy, "an older copy")
	require.NoError(t, err)
	b.accepted()
	b.clock.Advance(50 * time.Minute)
	require.NoError(t, store.SetHalts(b.ctx, b.db, b.clock.Now(), store.Halt{Model: "res.partner", Kind: "hidden", Reason: "a rule"}))
	b.accepted()
	b.clock.Advance(50 * time.Minute)
	halted, err := b.engine.Halt(b.ctx, "res.partner", reconcile.HaltOlderCopy, "another older copy")
	require.NoError(t, err)
	require.True(t, halted)
}
