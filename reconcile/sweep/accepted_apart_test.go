package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A model that was accepted is not halted again because another one waits.
func TestAnAcceptedModelIsNotHaltedAgainWhileAnotherWaits(t *testing.T) {
	b := newBench(t, 17)
	b.partners(10)
	b.imported()
	b.sim.SetDatabaseUUID("second")
	b.poll()
	require.NoError(t, b.engine.AllowDeletes(b.ctx, "contacts"))
	b.poll()
	require.NotContains(t, b.halts(), "res.partner")
	b.clock.Advance(2 * time.Hour)
	b.poll()
	require.NotContains(t, b.halts(), "res.partner", "it is the same database that was accepted")
}
