package admin_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/queue"
	"odoosync/internal/record"
)

// logged is a log that remembers what it was asked.
type logged struct {
	asked    queue.LogFilter
	list     []queue.Logged
	replayed []int64
	err      error
}

func (l *logged) Webhooks(_ context.Context, f queue.LogFilter) ([]queue.Logged, error) {
	l.asked = f
	return l.list[:min(len(l.list), f.Limit)], l.err
}

func (l *logged) Replay(_ context.Context, r queue.Replay) (queue.Replayed, error) {
	if l.err == nil {
		l.replayed = append(l.replayed, r.IDs...)
	}
	return queue.Replayed{Again: 1, Busy: 2}, l.err
}

func TestWebhooksAreListedAndReplayed(t *testing.T) {
	s := serve(t)
	s.logged.list = []queue.Logged{{ID: 3, Event: "lead.updated"}, {ID: 2}, {ID: 1}}
	a := s.do("GET", "webhooks?status=error&event=lead.updated&q=12&before=9&limit=2", "")
	require.Equal(t, 200, a.status, a.body)
	require.Equal(t, queue.LogFilter{Status: "error", Event: "lead.updated", Search: "12", Before: 9, Limit: 3}, s.logged.asked)
	require.Contains(t, a.body, `"next":2`)
	require.NotContains(t, a.body, `"id":1`)
	for _, bad := range []string{"status=failed", "q=1&q=2", "events=x"} {
		require.Equal(t, 400, s.do("GET", "webhooks?"+bad, "").status, bad)
	}
	s.logged.list = nil
	require.JSONEq(t, `{"webhooks": []}`, s.do("GET", "webhooks", "").body)

	require.JSONEq(t, `{"status": "success", "message": "1 webhook will be worked again; 2 webhooks left alone, being worked right now.", "again": 1, "hurried": 0, "busy": 2}`,
		s.do("POST", "webhooks/7/replay", "").body)
	require.Equal(t, []int64{7}, s.logged.replayed)
	require.Equal(t, 403, s.do("POST", "webhooks/7/replay", "", "Authorization", "Bearer read").status)
	require.Equal(t, 404, s.do("POST", "webhooks/x/replay", "").status)
	require.Equal(t, 422, s.do("POST", "webhooks/7/replay", `{"force": 1}`).status)
	s.logged.err = record.Wrap(record.CodeRejected, queue.ErrNoWebhook, "there is no webhook 9")
	require.Equal(t, 404, s.do("POST", "webhooks/9/replay", "").status)
	require.Equal(t, []int64{7}, s.logged.replayed)
}
