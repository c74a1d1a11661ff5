package webhooks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/queue"
	"odoosync/webhooks"
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

func TestAnEchoIsTakenAndMarked(t *testing.T) {
	for name, tt := range map[string]struct{ origin, want string }{
		"of ours":      {`"daemon"`, queue.OriginDaemon},
		"of another":   {`"import"`, "import"},
		"no text":      {`7`, ""},
		"far too long": {`"` + strings.Repeat("x", 33) + `"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			echoes := 0
			r := newReceiver(t, func(o *webhooks.Options) { o.OnEcho = func() { echoes++ } })
			body := strings.Replace(payload("sale.order.updated", `{"id": 7}`), "{", `{"origin": `+tt.origin+", ", 1)
			require.Equal(t, 200, r.post(order, body, nil).status)
			require.Equal(t, tt.want, r.inbox.events[0].Origin)
			require.Equal(t, tt.want == queue.OriginDaemon, echoes == 1)
		})
	}
}
