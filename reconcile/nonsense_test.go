package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
)

// An answer without the list of lines, or with something else in its place,
// says nothing of the lines: they stay.
func TestAnAnswerWithoutLinesTakesNoneAway(t *testing.T) {
	for name, bend := range map[string]func(odooclient.Raw){
		"left out": func(r odooclient.Raw) { delete(r, "order_line") },
		"a text":   func(r odooclient.Raw) { r["order_line"] = "7" },
		"texts":    func(r odooclient.Raw) { r["order_line"] = []any{"7"} },
		"a number": func(r odooclient.Raw) { r["order_line"] = int64(7) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, 17)
			order := b.sim.Create("sale.order", odoosim.Values{"order_line": []odoosim.Values{{"name": "Rome"}}})
			b.sync("sale.order", order)
			b.syncOn(b.engineOn(&betweenRead{Reader: b.client, model: "sale.order", bend: bend}), "sale.order", order)
			require.Equal(t, "Rome", b.rows("SELECT name FROM quote_lines"))
		})
	}
}

// A record listed twice is one record.
func TestALineListedTwiceIsOneLine(t *testing.T) {
	b := newBench(t, 17)
	order := b.sim.Create("sale.order", odoosim.Values{"order_line": []odoosim.Values{{"name": "Rome"}}})
	twice := func(r odooclient.Raw) { r["order_line"] = append(r["order_line"].([]any), r["order_line"].([]any)...) }
	got := b.syncOn(b.engineOn(&betweenRead{Reader: b.client, model: "sale.order", bend: twice}), "sale.order", order)
	require.NoError(t, got.Err)
	require.Equal(t, "Rome", b.rows("SELECT name FROM quote_lines"))
}
