package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// The poll that meets a halt has applied nothing: its place must not pass what
// it did not apply.
func TestThePollDoesNotPassWhatAHaltHeldBack(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(10)
	b.imported()
	old := b.sim.Snapshot()
	b.clock.Advance(time.Hour)
	b.sim.Create("res.partner", odoosim.Values{"name": "Nouveau"})
	b.poll()
	b.clock.Advance(time.Hour)
	b.sim.Restore(old)
	// The daemon is off for two hours, in which people work in the restored Odoo.
	b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Nantes"})
	b.sim.Create("res.partner", odoosim.Values{"name": "Un tout autre"})
	b.clock.Advance(2 * time.Hour)
	b.pollHalts()
	b.accepted()
	b.poll()
	require.Equal(t, "Nantes", b.city(ids[0]))
}
