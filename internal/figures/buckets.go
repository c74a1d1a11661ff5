package figures

import (
	"math"
	"slices"
	"time"
)

// Times are how long something took, n times.
type Times struct {
	Mean, P95 time.Duration
	N         int64
}

// bucketed are times counted by bucket.
type bucketed struct {
	n     map[int]int64
	sumUS int64
}

// BucketOf is the bucket of a time.
func BucketOf(d time.Duration) int {
	return int(math.Floor(4 * math.Log2(float64(max(d.Microseconds(), 1)))))
}

// bucketSQL is the same of a column in microseconds, -1 for NULL.
func bucketSQL(column string) string {
	return "COALESCE(FLOOR(4 * LOG2(GREATEST(" + column + ", 1))), -1)"
}

// middle is the time in the middle of a bucket, by ratio: none in it is further
// from it than by an eighth of an octave, 9 %.
func middle(bucket int) time.Duration {
	return time.Duration(math.Exp2((float64(bucket)+0.5)/4) * float64(time.Microsecond))
}

func (b *bucketed) add(bucket int, n, sumUS int64) {
	if b.n == nil {
		b.n = map[int]int64{}
	}
	b.n[bucket] += n
	b.sumUS += sumUS
}

// times are the mean, to the microsecond, and the 95th percentile: the least
// time that 95 of 100 do not exceed, as the middle of its bucket.
func (b *bucketed) times() Times {
	var t Times
	buckets := make([]int, 0, len(b.n))
	for bucket, n := range b.n {
		buckets = append(buckets, bucket)
		t.N += n
	}
	if t.N <= 0 {
		return Times{}
	}
	slices.Sort(buckets)
	t.Mean = time.Duration(b.sumUS/t.N) * time.Microsecond
	rank, below := (t.N*95+99)/100, int64(0)
	for _, bucket := range buckets {
		if below += b.n[bucket]; below >= rank {
			t.P95 = middle(bucket)
			break
		}
	}
	return t
}
