package webhooks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a sender writes into a name is cut before it reaches the log or the
// answer: the log is no store for bodies.
func TestLongNamesAreCutInTheLogAndTheAnswer(t *testing.T) {
	long := strings.Repeat("x", 90_000)
	for name, body := range map[string]string{
		"event":   `{"event": "` + long + `", "data": {"id": 1}}`,
		"a key":   `{"event": "sale.order.updated", "data": {"id": 1, "` + long + `": 1e999}}`,
		"doubled": `{"` + long + `": 1, "` + long + `": 2}`,
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t, nil)
			got := r.post(order, body, nil)
			require.Less(t, len(got.message), 1000)
			for _, entry := range r.logs.All() {
				for _, field := range entry.Context {
					require.Less(t, len(field.String), 1000, field.Key)
				}
			}
		})
	}
}
