package figures

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The percentile of buckets is near the exact one, whatever the times, and the
// mean is the mean.
func TestTimesAreNearTheExactOnes(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		n, width := 1+r.IntN(500), r.Float64()*12
		var b bucketed
		var all []time.Duration
		var sum time.Duration
		for range n {
			d := time.Duration(math.Exp(r.NormFloat64()*width/4+8)) * time.Microsecond
			d = min(max(d, time.Microsecond), 24*time.Hour)
			all, sum = append(all, d), sum+d
			b.add(BucketOf(d), 1, d.Microseconds())
		}
		slices.Sort(all)
		exact := all[(n*95+99)/100-1]
		got := b.times()
		require.EqualValues(t, n, got.N)
		require.InDelta(t, float64(sum)/float64(n), float64(got.Mean), float64(time.Microsecond), "seed %d", seed)
		require.InEpsilon(t, float64(exact), float64(got.P95), 0.095, "seed %d", seed)
	}
}

func TestNoTimes(t *testing.T) {
	var b bucketed
	require.Equal(t, Times{}, b.times())
}
