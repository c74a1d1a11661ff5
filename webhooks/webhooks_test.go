package webhooks_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/webhooks"
)

var now = time.Date(2025, 1, 22, 12, 0, 0, 0, time.UTC)

// memory is an inbox that remembers.
type memory struct {
	mu       sync.Mutex
	events   []queue.Event
	rejected []string
	err      error
}

func (m *memory) Append(_ context.Context, e queue.Event) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return false, m.err
	}
	for _, known := range m.events {
		if e.DeliveryID != "" && known.DeliveryID == e.DeliveryID {
			return true, nil
		}
	}
	m.events = append(m.events, e)
	return false, nil
}

func (m *memory) AppendRejected(_ context.Context, _ queue.Event, reason string) error {
	m.rejected = append(m.rejected, reason)
	return m.err
}

type receiver struct {
	t     testing.TB
	h     http.Handler
	inbox *memory
	logs  *observer.ObservedLogs
}

func newReceiver(t testing.TB, change func(*webhooks.Options)) *receiver {
	t.Helper()
	r := &receiver{t: t, inbox: &memory{}}
	core, logs := observer.New(zap.InfoLevel)
	r.logs = logs
	o := webhooks.Options{Inbox: r.inbox, Keys: []string{"old-key", "new-key"}, Clock: clockwork.NewFakeClockAt(now), MaxBody: 100_000, Logger: zap.New(core)}
	if change != nil {
		change(&o)
	}
	h, err := webhooks.New(o)
	require.NoError(t, err)
	engine, err := webhooks.Engine(nil, zap.New(core))
	require.NoError(t, err)
	h.Register(engine)
	r.h = engine
	return r
}

type answer struct {
	status  int
	code    string
	message string
	header  http.Header
}

func (r *receiver) post(path, body string, header map[string]string) answer {
	r.t.Helper()
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer new-key")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	return r.send(req)
}

func (r *receiver) send(req *http.Request) answer {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.h.ServeHTTP(w, req)
	var body struct{ Status, Code, Message string }
	require.NoError(r.t, json.Unmarshal(w.Body.Bytes(), &body), w.Body.String())
	for _, leak := range []string{"goroutine", "SELECT", "INSERT", ".go:"} {
		require.NotContains(r.t, w.Body.String(), leak)
	}
	if w.Code == 200 {
		require.Equal(r.t, "success", body.Status)
	} else {
		require.Equal(r.t, "error", body.Status)
	}
	return answer{w.Code, body.Code, body.Message, w.Header()}
}

const order = "/webhooks/odoo/sale-order"

func payload(event, data string) string {
	return `{"event": "` + event + `", "timestamp": "2025-01-22T10:30:00Z", "data": ` + data + `}`
}

func TestTheFifteenEvents(t *testing.T) {
	r := newReceiver(t, nil)
	n := 0
	for path, events := range map[string][]string{
		"sale-order": {"sale.order.created", "sale.order.updated", "sale.order.state.changed", "sale.order.deleted"},
		"invoice":    {"account.move.created", "account.move.validated", "account.move.updated", "account.move.cancelled"},
		"partner":    {"res.partner.created", "res.partner.updated", "res.partner.deleted"},
		"lead":       {"crm.lead.created", "crm.lead.updated", "crm.lead.converted", "crm.lead.won"},
	} {
		for _, event := range events {
			got := r.post("/webhooks/odoo/"+path, payload(event, `{"id": 7}`), nil)
			require.Equal(t, 200, got.status, event)
			require.Equal(t, "Webhook traité", got.message)
			n++
		}
	}
	require.Equal(t, 15, n)
	require.Len(t, r.inbox.events, 15)
}

func TestWhatIsRefused(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000)
	for _, tt := range []struct {
		name, path, body string
		status           int
		code, says       string
	}{
		{"truncated", order, `{"event": "sale.order.upd`, 400, "bad_json", "ends in the middle"},
		{"empty", order, ``, 400, "bad_json", "ends in the middle"},
		{"not JSON", order, `event=x`, 400, "bad_json", "not JSON"},
		{"trailing junk", order, payload("sale.order.updated", `{"id": 1}`) + "x", 400, "bad_json", "follows"},
		{"two documents", order, `{} {}`, 400, "bad_json", "follows"},
		{"too deep", order, deep, 400, "bad_json", "nested"},
		{"too large", order, `{"a": "` + strings.Repeat("x", 200_000) + `"}`, 413, "too_large", "100000 bytes"},
		{"a key twice", order, `{"event": "a", "event": "b"}`, 400, "bad_json", `"event" stands twice`},
		{"a nested key twice", order, payload("sale.order.updated", `{"id": 1, "id": 2}`), 400, "bad_json", `"id" stands twice`},
		{"NaN", order, payload("sale.order.updated", `{"id": NaN}`), 400, "bad_json", "not JSON"},
		{"invalid UTF-8", order, payload("sale.order.updated", "{\"id\": 1, \"name\": \"\xff\"}"), 400, "bad_json", "UTF-8"},
		{"half a surrogate", order, payload("sale.order.updated", `{"id": 1, "name": "\ud800"}`), 400, "bad_json", "surrogate"},
		{"1e400", order, payload("sale.order.updated", `{"id": 1, "amount_total": 1e400}`), 422, "bad_number", "data.amount_total"},
		{"a list", order, `[]`, 422, "bad_payload", "object"},
		{"no event", order, `{"data": {"id": 1}}`, 422, "missing_event", "event:"},
		{"an event that is a number", order, `{"event": 1, "data": {"id": 1}}`, 422, "missing_event", "event:"},
		{"unknown event", order, payload("sale.order.exploded", `{"id": 1}`), 422, "unknown_event", "sale.order.exploded"},
		{"event of another endpoint", order, payload("crm.lead.won", `{"id": 1}`), 422, "unknown_event", "crm.lead.won"},
		{"keys in another case", order, `{"Event": "sale.order.updated", "Data": {"id": 1}}`, 422, "missing_event", "event:"},
		{"no data", order, `{"event": "sale.order.updated"}`, 422, "missing_data", "data:"},
		{"no id", order, payload("sale.order.updated", `{}`), 422, "bad_id", "data.id"},
		{"null id", order, payload("sale.order.updated", `{"id": null}`), 422, "bad_id", "data.id"},
		{"zero id", order, payload("sale.order.updated", `{"id": 0}`), 422, "bad_id", "data.id"},
		{"negative id", order, payload("sale.order.updated", `{"id": -5}`), 422, "bad_id", "data.id"},
		{"fractional id", order, payload("sale.order.updated", `{"id": 1.5}`), 422, "bad_id", "data.id"},
		{"huge id", order, payload("sale.order.updated", `{"id": 99999999999999999999}`), 422, "bad_id", "data.id"},
		{"text id", order, payload("sale.order.updated", `{"id": "12"}`), 422, "bad_id", "data.id"},
		{"no timestamp", order, `{"event": "sale.order.updated", "data": {"id": 1}}`, 422, "bad_timestamp", "timestamp"},
		{"a bad timestamp", order, `{"event": "sale.order.updated", "data": {"id": 1}, "timestamp": "yesterday"}`, 422, "bad_timestamp", "yesterday"},
		{"a far future", order, `{"event": "sale.order.updated", "data": {"id": 1}, "timestamp": "2025-01-24T12:00:01Z"}`, 422, "bad_timestamp", "future"},
		{"nowhere", "/webhooks/odoo/stock", `{}`, 404, "not_found", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newReceiver(t, nil)
			got := r.post(tt.path, tt.body, nil)
			require.Equal(t, tt.status, got.status, got.message)
			require.Equal(t, tt.code, got.code)
			require.Contains(t, got.message, tt.says)
			require.Empty(t, r.inbox.events)
			if tt.status == 422 {
				require.Equal(t, []string{got.message}, r.inbox.rejected, "an authenticated 422 is logged")
			}
		})
	}
}

func TestMethodContentTypeAndKeys(t *testing.T) {
	r := newReceiver(t, nil)
	good := payload("sale.order.updated", `{"id": 1}`)
	got := r.send(httptest.NewRequest(http.MethodGet, order, nil))
	require.Equal(t, 405, got.status)
	require.Equal(t, "POST", got.header.Get("Allow"))
	require.Equal(t, 415, r.post(order, good, map[string]string{"Content-Type": "text/plain"}).status)
	require.Equal(t, 200, r.post(order, good, map[string]string{"Content-Type": "application/json; charset=utf-8"}).status)
	for _, key := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "Basic new-key", "new-key"} {
		require.Equal(t, 401, r.post(order, good, map[string]string{"Authorization": key}).status, key)
	}
	require.Equal(t, 200, r.post(order, good, map[string]string{"Authorization": "bearer old-key"}).status)
	require.Equal(t, 401, r.post(order, "not even JSON", map[string]string{"Authorization": "Bearer x"}).status)
	open := newReceiver(t, func(o *webhooks.Options) { o.AllowAnonymous = true })
	require.Equal(t, 200, open.post(order, good, map[string]string{"Authorization": ""}).status)
}

func TestTimestampsAndUnknownFields(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2025-01-22T10:30:00Z":       time.Date(2025, 1, 22, 10, 30, 0, 0, time.UTC),
		"2025-01-22T11:30:00+01:00":  time.Date(2025, 1, 22, 10, 30, 0, 0, time.UTC),
		"2025-01-22T10:30:00":        time.Date(2025, 1, 22, 10, 30, 0, 0, time.UTC),
		"2025-01-22T10:30:00.123456": time.Date(2025, 1, 22, 10, 30, 0, 123456000, time.UTC),
		"2025-01-22T18:00:00Z":       now, // ahead of us: clamped
	} {
		r := newReceiver(t, nil)
		body := `{"event": "sale.order.updated", "extra": 1, "data": {"id": 1, "amount_total": 5000.00, "x": [1]}, "timestamp": "` + text + `"}`
		require.Equal(t, 200, r.post(order, body, nil).status, text)
		e := r.inbox.events[0]
		require.Equal(t, want, e.EventTime)
		require.Equal(t, `{"id": 1, "amount_total": 5000.00, "x": [1]}`, string(e.Data), "kept to the digit")
		require.Equal(t, body, string(e.Body))
	}
}

func TestTheGuidesAnswerToTheLetter(t *testing.T) {
	r := newReceiver(t, nil)
	for body, want := range map[string]string{
		payload("sale.order.updated", `{"id": 1}`): `{"status":"success","message":"Webhook traité"}`,
		payload("sale.order.updated", `{"id": 0}`): `{"status":"error","code":"bad_id","message":"data.id: 0 is not the id of a record"}`,
	} {
		req := httptest.NewRequest(http.MethodPost, order, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer new-key")
		w := httptest.NewRecorder()
		r.h.ServeHTTP(w, req)
		require.Equal(t, want, w.Body.String())
		require.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
	}
}

func TestWhatCannotBeStoredIs503(t *testing.T) {
	r := newReceiver(t, nil)
	r.inbox.err = record.Wrap(record.CodeUnavailable, errors.New("dial tcp"), "the MySQL server cannot be reached")
	got := r.post(order, payload("sale.order.updated", `{"id": 1}`), nil)
	require.Equal(t, 503, got.status)
	require.NotEmpty(t, got.header.Get("Retry-After"))
	require.NotContains(t, got.message, "dial")
}

// slow is an inbox whose commits wait for release.
type slow struct {
	memory
	entered, release chan struct{}
}

func (s *slow) Append(ctx context.Context, e queue.Event) (bool, error) {
	s.entered <- struct{}{}
	<-s.release
	return s.memory.Append(ctx, e)
}

func TestMoreRequestsAtOnceThanPlacesAre429(t *testing.T) {
	inbox := &slow{entered: make(chan struct{}), release: make(chan struct{})}
	r := newReceiver(t, func(o *webhooks.Options) { o.MaxInFlight, o.Inbox = 2, inbox })
	body := payload("sale.order.updated", `{"id": 1}`)
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			if got := r.post(order, body, nil).status; got != 200 {
				t.Errorf("answered %d", got)
			}
		})
		<-inbox.entered
	}
	got := r.post(order, body, nil)
	require.Equal(t, 429, got.status)
	require.Equal(t, "too_many_requests", got.code)
	require.NotEmpty(t, got.header.Get("Retry-After"))
	close(inbox.release)
	group.Wait()
	group.Go(func() { <-inbox.entered })
	require.Equal(t, 200, r.post(order, body, nil).status, "a place is free again")
	group.Wait()
}

func TestAStrangeRequestIDHurtsNobody(t *testing.T) {
	for _, id := range []string{"\xff\xfe", strings.Repeat("é", 60), strings.Repeat("x", 65), "a b"} {
		r := newReceiver(t, nil)
		got := r.post(order, payload("sale.order.updated", `{"id": 1}`), map[string]string{"X-Request-ID": id})
		require.Equal(t, 200, got.status)
		require.Regexp(t, `^[0-9a-f-]{36}$`, r.inbox.events[0].RequestID, "it has one of ours")
		require.Equal(t, r.inbox.events[0].RequestID, got.header.Get("X-Request-Id"))
	}
	r := newReceiver(t, nil)
	require.Equal(t, "odoo-17.4_a", r.post(order, payload("sale.order.updated", `{"id": 1}`), map[string]string{"X-Request-ID": "odoo-17.4_a"}).header.Get("X-Request-Id"))
	require.Equal(t, "odoo-17.4_a", r.inbox.events[0].RequestID, "a good one is kept")
}

func TestNativeAutomation(t *testing.T) {
	for _, model := range []string{"res-partner", "crm-lead"} {
		data, err := os.ReadFile("testdata/native-webhook-" + model + ".json")
		require.NoError(t, err)
		var recorded struct{ Body json.RawMessage }
		require.NoError(t, json.Unmarshal(data, &recorded))
		r := newReceiver(t, nil)
		got := r.post("/webhooks/odoo/automation/new-key", string(recorded.Body), map[string]string{"Authorization": ""})
		require.Equal(t, 200, got.status, got.message)
		require.Equal(t, strings.ReplaceAll(model, "-", "."), r.inbox.events[0].Model)
		require.Positive(t, r.inbox.events[0].OdooID)
		require.Equal(t, 401, r.post("/webhooks/odoo/automation/wrong", string(recorded.Body), nil).status)
		for _, entry := range r.logs.All() {
			require.NotContains(t, entry.Message, "new-key")
			for _, f := range entry.Context {
				require.NotContains(t, f.String, "new-key")
			}
		}
	}
}

func TestSignatures(t *testing.T) {
	const secret = "signing-secret"
	body := payload("sale.order.updated", `{"id": 1, "partner_name": "École", "amount_total": 5000.00}`)
	standard, err := standardwebhooks.NewWebhookRaw([]byte(secret))
	require.NoError(t, err)
	signed := func(id string, at time.Time) map[string]string {
		signature, err := standard.Sign(id, at, []byte(body))
		require.NoError(t, err)
		return map[string]string{"webhook-id": id, "webhook-timestamp": itoa(at.Unix()), "webhook-signature": "v1,AAAA " + signature}
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(`{"data": {"amount_total": 5000.0, "id": 1, "partner_name": "\u00c9cole"}, "event": "sale.order.updated", "timestamp": "2025-01-22T10:30:00Z"}`))
	guide := hex.EncodeToString(mac.Sum(nil))
	r := newReceiver(t, func(o *webhooks.Options) { o.SigningSecrets = []string{"next-secret", secret} })
	require.Equal(t, 401, r.post(order, body, nil).status)
	require.Equal(t, 401, r.post(order, body, map[string]string{"X-Webhook-Signature": strings.Repeat("0", 64)}).status)
	require.Equal(t, 200, r.post(order, body, map[string]string{"X-Webhook-Signature": guide}).status)
	require.Equal(t, 401, r.post(order, strings.Replace(body, "5000", "5001", 1), map[string]string{"X-Webhook-Signature": guide}).status)
	require.Equal(t, 200, r.post(order, body, signed("msg_1", now.Add(-4*time.Minute))).status)
	require.Equal(t, 200, r.post(order, body, signed("msg_1", now)).status, "a replay is acknowledged")
	require.Equal(t, 401, r.post(order, body, signed("msg_2", now.Add(-6*time.Minute))).status)
	require.Equal(t, 401, r.post(order, body, signed("msg_3", now.Add(6*time.Minute))).status)
	require.Len(t, r.inbox.events, 2, "and not stored twice")
	_, err = webhooks.New(webhooks.Options{SigningSecrets: []string{"whsec_?"}})
	require.ErrorContains(t, err, "webhooks.signing_secrets")
}

func itoa(n int64) string {
	encoded, _ := json.Marshal(n)
	return string(bytes.TrimSpace(encoded))
}

// Every answer is told, with how long it took.
func TestAnswersAreTold(t *testing.T) {
	var told []int
	clock := clockwork.NewFakeClockAt(now)
	r := newReceiver(t, func(o *webhooks.Options) {
		o.Clock = clock
		o.OnEcho = nil
		o.OnReceived = func(string, int) { clock.Advance(3 * time.Second) }
		o.OnAnswered = func(status int, took time.Duration) {
			require.Equal(t, 3*time.Second, took)
			told = append(told, status)
		}
	})
	r.post(order, payload("sale.order.updated", `{"id": 1}`), nil)
	r.post(order, `{`, nil)
	r.post(order, payload("sale.order.updated", `{"id": 1}`), map[string]string{"Authorization": "Bearer no"})
	require.Equal(t, []int{200, 400, 401}, told)
}
