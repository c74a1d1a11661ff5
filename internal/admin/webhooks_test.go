package admin_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

// logged is a log that remembers what it was asked.
type logged struct {
	asked    queue.LogFilter
	list     []queue.Logged
	replayed []int64
	replays  []queue.Replay
	whole    *queue.Content
	changes  []store.Change
	err      error
}

func (l *logged) Webhook(context.Context, int64) (*queue.Content, []store.Change, error) {
	return l.whole, l.changes, l.err
}

func (l *logged) Webhooks(_ context.Context, f queue.LogFilter) ([]queue.Logged, error) {
	l.asked = f
	return l.list[:min(len(l.list), f.Limit)], l.err
}

func (l *logged) Replay(_ context.Context, r queue.Replay) (queue.Replayed, error) {
	l.replays = append(l.replays, r)
	if l.err == nil {
		l.replayed = append(l.replayed, r.IDs...)
	}
	return queue.Replayed{Again: 1, Busy: 2}, l.err
}

func TestWebhooksAreListedAndReplayed(t *testing.T) {
	s := serve(t)
	s.logged.list = []queue.Logged{{ID: 3, Event: "lead.updated", Status: "error", Source: "webhook"}, {ID: 2, Status: "pending", Source: "automation"}, {ID: 1}}
	a := s.do("GET", "webhooks?status=error&event=lead.updated&code=denied&q=12&from=2026-11-01&upto=2026-11-02T10:00:00Z&before=9&limit=2", "")
	require.Equal(t, 200, a.status, a.body)
	require.Equal(t, queue.LogFilter{Status: "error", Event: "lead.updated", Code: "denied", Search: "12", From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		Upto: time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC), Before: 9, Limit: 3}, s.logged.asked)
	require.Contains(t, a.body, `"next":2`)
	require.NotContains(t, a.body, `"id":1`)
	for _, bad := range []string{"status=failed", "q=1&q=2", "events=x"} {
		require.Equal(t, 400, s.do("GET", "webhooks?"+bad, "").status, bad)
	}
	s.logged.list = nil
	require.JSONEq(t, `{"webhooks": []}`, s.do("GET", "webhooks", "").body)

	require.JSONEq(t, `{"status": "success", "message": "1 webhook will be worked again; 2 webhooks left alone, being worked right now.", "again": 1, "hurried": 0, "busy": 2, "erased": 0}`,
		s.do("POST", "webhooks/7/replay", "").body)
	require.Equal(t, []int64{7}, s.logged.replayed)
	require.Equal(t, 403, s.do("POST", "webhooks/7/replay", "", "Authorization", "Bearer read").status)
	require.Equal(t, 404, s.do("POST", "webhooks/x/replay", "").status)
	require.Equal(t, 422, s.do("POST", "webhooks/7/replay", `{"force": 1}`).status)
	s.logged.err = record.Wrap(record.CodeRejected, queue.ErrNoWebhook, "there is no webhook 9")
	require.Equal(t, 404, s.do("POST", "webhooks/9/replay", "").status)
	require.Equal(t, []int64{7}, s.logged.replayed)
}

func TestOneWebhookIsShownWhole(t *testing.T) {
	s := serve(t)
	at := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)
	s.logged.whole = &queue.Content{Logged: queue.Logged{ID: 45, Event: "res.partner.updated", Model: "res.partner", OdooID: 12, Status: "success", Outcome: "applied", Source: "webhook", ReceivedAt: at, FinishedAt: &at, ProcessingUS: 1500},
		Body: "{\"data\": {\"id\": 12}}\xff", Data: []byte(`{"id": 12, "city": "<Nantes>"}`), RequestID: "r-1", Stream: "s", Number: 3}
	s.logged.changes = []store.Change{{ID: 9, At: at, Entity: "contacts", LocalID: "3", OdooID: 12, Side: "local", Op: "update", Changes: json.RawMessage(`{"city": ["Brest", "<Nantes>"]}`)}}
	a := s.do("GET", "webhooks/45", "")
	require.Equal(t, 200, a.status, a.body)
	require.JSONEq(t, `{"id": 45, "event": "res.partner.updated", "model": "res.partner", "odoo_id": 12, "status": "success", "outcome": "applied", "source": "webhook", "attempts": 0,
		"received_at": "2026-11-02T10:00:00Z", "finished_at": "2026-11-02T10:00:00Z", "request_id": "r-1", "stream": "s", "stream_number": 3, "processing_us": 1500,
		"data": {"id": 12, "city": "<Nantes>"}, "body": "{\"data\": {\"id\": 12}}�",
		"changes": [{"id": 9, "at": "2026-11-02T10:00:00Z", "entity": "contacts", "local_id": "3", "odoo_id": 12, "side": "local", "op": "update", "changes": {"city": ["Brest", "<Nantes>"]}}]}`, a.body)
	s.logged.whole, s.logged.changes = &queue.Content{Logged: queue.Logged{ID: 46, Event: "unknown", Status: "error", Source: "webhook", ReceivedAt: at}}, nil
	require.Contains(t, s.do("GET", "webhooks/46", "").body, `"changes":[]`)
	s.logged.whole = nil
	a = s.do("GET", "webhooks/47", "")
	require.Equal(t, []any{404, "not_found"}, []any{a.status, a.said.Code})
	require.Equal(t, 404, s.do("GET", "webhooks/x", "").status)
	require.Equal(t, 400, s.do("GET", "webhooks/45?whole=1", "").status)
}

func TestAFilterIsReplayed(t *testing.T) {
	s := serve(t)
	for body, want := range map[string]queue.Replay{
		`{"status": "error", "since": "24h"}`:                                        {Status: "error", Since: s.clock.Now().Add(-24 * time.Hour)},
		`{"event": "sale.order.updated"}`:                                            {Event: "sale.order.updated"},
		`{"q": "sale.order.", "status": "success", "since": "2026-11-02T10:00:00Z"}`: {Search: "sale.order.", Status: "success", Since: time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)},
		`{"ids": [46, 45, 46]}`:                                                      {IDs: []int64{45, 46}},
	} {
		s.logged.replays = nil
		a := s.do("POST", "webhooks/replay", body)
		require.Equal(t, 202, a.status, a.body)
		require.Equal(t, []queue.Replay{want}, s.logged.replays)
		require.Contains(t, a.body, `"again":1`)
	}
	s.logged.replays = nil
	for body, status := range map[string]int{``: 422, `{}`: 422, `{"since": "24h"}`: 422, `{"status": "failed"}`: 422, `{"ids": [1], "status": "error"}`: 422, `{"ids": [1], "since": "1h"}`: 422,
		`{"status": "error", "since": "-1h"}`: 422, `{"status": "error", "since": "yesterday"}`: 422, `{"state": "error"}`: 422, `[]`: 422, `{`: 400} {
		require.Equal(t, status, s.do("POST", "webhooks/replay", body).status, body)
	}
	require.Equal(t, 403, s.do("POST", "webhooks/replay", `{"status": "error"}`, "Authorization", "Bearer read").status)
	require.Empty(t, s.logged.replays)
}

func TestEditsAreListed(t *testing.T) {
	s := serve(t)
	at := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)
	s.edits = []queue.LoggedEdit{
		{ID: 3, Entity: "contacts", LocalID: "7", Op: "update", Columns: []string{"city"}, ChangedAt: at, Refused: true, Reason: "no", Attempts: 1, NextAttempt: at},
		{ID: 2, Entity: "contacts", LocalID: "8", Op: "delete", ChangedAt: at, NextAttempt: at},
		{ID: 1}}
	a := s.do("GET", "edits?limit=2&state=refused&entity=contacts&local_id=7&before=9", "")
	require.Equal(t, 200, a.status, a.body)
	require.Equal(t, queue.EditFilter{Status: "error", Entity: "contacts", LocalID: "7", Before: 9, Limit: 3}, s.editsAsked)
	require.JSONEq(t, `{"edits": [
		{"id": 3, "entity": "contacts", "local_id": "7", "op": "update", "columns": ["city"], "state": "refused", "reason": "no", "attempts": 1, "changed_at": "2026-11-02T10:00:00Z"},
		{"id": 2, "entity": "contacts", "local_id": "8", "op": "delete", "state": "waiting", "attempts": 0, "changed_at": "2026-11-02T10:00:00Z", "next_attempt_at": "2026-11-02T10:00:00Z"}], "next": 2}`, a.body)
	s.edits = nil
	require.JSONEq(t, `{"edits": []}`, s.do("GET", "edits?state=waiting", "").body)
	require.Equal(t, "pending", s.editsAsked.Status)
	for _, bad := range []string{"state=error", "local_id=7", "status=waiting", "limit=0"} {
		require.Equal(t, 400, s.do("GET", "edits?"+bad, "").status, bad)
	}
}
