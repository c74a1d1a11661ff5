package webhooks_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/queue"
)

// Whatever the headers say, the event is taken.
func TestANumberGoesWithItsEvent(t *testing.T) {
	const stream = "0b9a2f6e-8f3c-4e0e-9d53-7a1f0c2b4d5e"
	for _, tt := range []struct {
		name           string
		stream, number string
		want           queue.Place
		logged         bool
	}{
		{"both", stream, "12", queue.Place{Stream: stream, Number: 12}, false},
		{"none", "", "", queue.Place{}, false},
		{"garbage", stream, "twelve", queue.Place{}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newReceiver(t, nil)
			header := map[string]string{}
			if tt.stream != "" {
				header = map[string]string{"X-Webhook-Stream": tt.stream, "X-Webhook-Sequence": tt.number}
			}
			require.Equal(t, 200, r.post(order, payload("sale.order.updated", `{"id": 7}`), header).status)
			require.Len(t, r.inbox.events, 1)
			require.Equal(t, tt.want, r.inbox.events[0].Place)
			require.Equal(t, tt.logged, r.logs.FilterMessageSnippet("stream or number").Len() == 1)
		})
	}
}
