package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// A delivery that waits is not waited for without end: its configuration may
// have been switched off, or belong to a copy, and then nobody will ever send it.
func TestADeliveryThatNobodySendsIsRead(t *testing.T) {
	b, o := newTold(t)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	o.add(1, "res.partner", id, "pending")
	b.arrived(2)
	b.missed()
	for range 8 { // the module gives up after 28 hours
		b.clock.Advance(12 * time.Hour)
		b.missed()
	}
	require.Equal(t, "Mairie", b.rows("SELECT name FROM contacts"))
	require.Empty(t, b.open())
}
