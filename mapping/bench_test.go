package mapping_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkDecode turns recorded partners and orders with their lines into
// canonical values: what each record of an import costs here.
func BenchmarkDecode(b *testing.B) {
	m, reads := bound(b, "17", liveTables(b)), recordedReads(b, "17")
	res := namesIn(reads, recordedFields(b, "17"), recordedModels())
	for _, name := range []string{"search-read-res-partner", "search-read-sale-order"} {
		r := recordings[name]
		e := m.ByName(r.entities[0])
		b.Run(e.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, raw := range reads[name] {
					_, _, err := e.Decode(raw, linesOf(reads, r.child, r.lines, raw), res)
					require.NoError(b, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(reads[name])), "ns/record")
		})
	}
}
