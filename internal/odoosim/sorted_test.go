package odoosim

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSortedIsAsASortedSlice adds and removes at random, so that chunks split
// and empty, and compares with what a sorted slice says.
func TestSortedIsAsASortedSlice(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s, want := sorted[int]{compare: cmp.Compare[int]}, map[int]bool{}
	for round := range 8 {
		for range 4000 {
			x := random.IntN(10_000)
			if round%2 == 0 || x%10 == 0 {
				s.add(x)
				want[x] = true
			} else {
				s.remove(x)
				delete(want, x)
			}
		}
		all := []int{}
		for x := range want {
			all = append(all, x)
		}
		slices.Sort(all)
		for _, from := range []int{-1, 0, all[len(all)/3], 5000, 9999, 10_000} {
			at, _ := slices.BinarySearch(all, from)
			require.Equal(t, at, s.before(from))
			require.Equal(t, all[at:], append([]int{}, slices.Collect(s.from(from))...))
		}
	}
	for x := range 10_000 {
		s.remove(x)
	}
	require.Empty(t, s.chunks)
	for x := range 10_000 {
		s.add(x)
	}
	require.Len(t, s.chunks, 10, "what only grows fills its chunks")
}
