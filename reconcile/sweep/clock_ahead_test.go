package sweep_test

import (
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// Where the clock here runs days ahead, the polls go on finding what is written.
func TestAClockThatIsDaysAheadHidesNothingFromThePolls(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(5)
	b.imported()
	ahead := clockwork.NewFakeClockAt(b.clock.Now().Add(48 * time.Hour))
	sim := b.clock
	b.clock = ahead
	b.start(b.o)
	b.poll()
	for range 3 {
		ahead.Advance(time.Minute)
		sim.Advance(time.Minute)
		b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Rennes"})
		b.poll()
	}
	require.Equal(t, "Rennes", b.city(ids[0]))
}
