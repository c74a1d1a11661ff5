package webhooks_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/webhooks"
)

// A secret that is empty (an unset variable, an empty file) signs nothing:
// anybody could.
func TestAnEmptySecretIsNone(t *testing.T) {
	for _, secret := range []string{"", " ", "whsec_"} {
		_, err := webhooks.New(webhooks.Options{Inbox: &memory{}, Keys: []string{"k"}, SigningSecrets: []string{"a good one that is long", secret}})
		if err != nil {
			continue // refused at the start is as good
		}
		r := newReceiver(t, func(o *webhooks.Options) { o.SigningSecrets = []string{"a good one that is long", secret} })
		body := `{"data": {"id": 1}, "event": "sale.order.updated", "timestamp": "2025-01-22T10:00:00Z"}`
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(body))
		got := r.post(order, body, map[string]string{"X-Webhook-Signature": hex.EncodeToString(mac.Sum(nil))})
		require.Equal(t, 401, got.status, "signed with %q", secret)
	}
}
