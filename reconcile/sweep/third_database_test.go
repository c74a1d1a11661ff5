package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Who accepts one other database has not accepted a third one that answers
// within the hour.
func TestAThirdDatabaseIsNotAcceptedWithTheSecond(t *testing.T) {
	b := newBench(t, 17)
	b.partners(10)
	b.imported()
	b.sim.SetDatabaseUUID("second")
	_, err := b.sweeper.Poll(b.ctx)
	require.NoError(t, err)
	require.Contains(t, b.halts(), "other_database")
	b.accepted()
	b.poll()
	require.Empty(t, b.halts())
	b.clock.Advance(10 * time.Minute)
	b.sim.SetDatabaseUUID("third")
	_, err = b.sweeper.Poll(b.ctx)
	require.NoError(t, err)
	require.Contains(t, b.halts(), "other_database", "nobody has seen this one")
}
