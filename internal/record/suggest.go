package record

import "slices"

// maxSuggested bounds the names DidYouMean compares: longer ones are no typing
// mistakes.
const maxSuggested = 128

// DidYouMean names the known name nearest to a wrong one, as the end of a
// sentence (": did you mean phone?"), or is empty when none is near.
func DidYouMean(name string, known []string) string {
	if len(name) > maxSuggested {
		return ""
	}
	best, distance := "", (len(name)+2)/3+1 // a third of the letters may be wrong
	for _, k := range slices.Sorted(slices.Values(known)) {
		if d := editDistance(name, k); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return ": did you mean " + best + "?"
}

// editDistance counts the bytes to add, drop, replace or swap with their
// neighbour.
func editDistance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
