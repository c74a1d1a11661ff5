package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// keyring holds the keys of which any one opens. Only their hashes are kept
// and compared, all of them each time, so that timing tells nothing.
type keyring [][sha256.Size]byte

func newKeyring(keys []string) keyring {
	var ring keyring
	for _, k := range keys {
		if k != "" {
			ring = append(ring, sha256.Sum256([]byte(k)))
		}
	}
	return ring
}

func (r keyring) opens(key string) bool {
	hash := sha256.Sum256([]byte(key))
	found := 0
	for _, known := range r {
		found |= subtle.ConstantTimeCompare(known[:], hash[:])
	}
	return key != "" && found == 1
}

// bearer returns the key of an Authorization header.
func bearer(h http.Header) string {
	scheme, key, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

// signer checks signatures with any of several secrets.
type signer struct {
	secrets  []string
	standard []*standardwebhooks.Webhook
}

func newSigner(secrets []string) (*signer, error) {
	s := &signer{}
	for _, secret := range secrets {
		if strings.TrimSpace(strings.TrimPrefix(secret, "whsec_")) == "" {
			return nil, errors.New("an empty secret lets anybody sign")
		}
		hook, err := standardwebhooks.NewWebhookRaw([]byte(secret))
		if strings.HasPrefix(secret, "whsec_") {
			hook, err = standardwebhooks.NewWebhook(secret)
		}
		if err != nil {
			return nil, err
		}
		s.secrets = append(s.secrets, secret)
		s.standard = append(s.standard, hook)
	}
	return s, nil
}

// signatureTolerance is how old or new a signed timestamp may be.
const signatureTolerance = 5 * time.Minute

// signature says in which way a request was found to be signed.
type signature int

// The ways.
const (
	none       signature = iota
	byGuide              // the guide's HMAC over Python's JSON of the body
	byStandard           // Standard Webhooks: over the id, the time and the body
)

// verify checks one of the two signatures. document is the parsed body.
func (s *signer) verify(now time.Time, h http.Header, body []byte, document any) signature {
	if h.Get(standardwebhooks.HeaderWebhookSignature) != "" {
		if s.verifyStandard(now, h, body) {
			return byStandard
		}
		return none
	}
	given, err := hex.DecodeString(h.Get("X-Webhook-Signature"))
	if err != nil || len(given) == 0 {
		return none
	}
	text := []byte(pythonJSON(document))
	for _, secret := range s.secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(text)
		if hmac.Equal(mac.Sum(nil), given) {
			return byGuide
		}
	}
	return none
}

func (s *signer) verifyStandard(now time.Time, h http.Header, body []byte) bool {
	seconds, err := strconv.ParseInt(h.Get(standardwebhooks.HeaderWebhookTimestamp), 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > signatureTolerance {
		return false
	}
	for _, hook := range s.standard {
		if hook.VerifyIgnoringTimestamp(body, h) == nil {
			return true
		}
	}
	return false
}
