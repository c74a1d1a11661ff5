package webhooks_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"odoosync/webhooks"
)

// The guide's signature does not cover webhook-id. Whoever repeats such a
// request under an id of his choice must not use that id up: the delivery that
// really has it would be acknowledged and never processed.
func TestAnUnsignedDeliveryIDUsesNothingUp(t *testing.T) {
	const secret = "a secret of thirty-two bytes long"
	r := newReceiver(t, func(o *webhooks.Options) { o.SigningSecrets = []string{secret} })
	old := `{"data": {"id": 1}, "event": "sale.order.updated", "timestamp": "2025-01-22T10:00:00Z"}`
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(old))
	got := r.post(order, old, map[string]string{"X-Webhook-Signature": hex.EncodeToString(mac.Sum(nil)), "webhook-id": "msg_next"})
	require.Equal(t, 200, got.status, got.message)

	body := `{"event": "sale.order.updated", "timestamp": "2025-01-22T11:59:00Z", "data": {"id": 2}}`
	hook, err := standardwebhooks.NewWebhookRaw([]byte(secret))
	require.NoError(t, err)
	signature, err := hook.Sign("msg_next", now, []byte(body))
	require.NoError(t, err)
	got = r.post(order, body, map[string]string{"webhook-id": "msg_next", "webhook-timestamp": strconv.FormatInt(now.Unix(), 10), "webhook-signature": signature})
	require.Equal(t, 200, got.status, got.message)
	require.Len(t, r.inbox.events, 2, "the second delivery was taken for a repeated one")
}
