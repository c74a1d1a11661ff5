package admin_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/admin"
	"odoosync/internal/figures"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

var morning = time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)

// noted is an audit that remembers.
type noted struct {
	list []store.Entry
	err  error
}

func (n *noted) Note(_ context.Context, e store.Entry) error {
	n.list = append(n.list, e)
	return n.err
}

func (n *noted) Entries(_ context.Context, before int64, limit int) ([]store.Entry, error) {
	var out []store.Entry
	for i := len(n.list) - 1; i >= 0 && len(out) < limit; i-- {
		e := n.list[i]
		if e.ID = int64(i + 1); before == 0 || e.ID < before {
			out = append(out, e)
		}
	}
	return out, nil
}

func TestWhatIsDoneLeavesAnEntry(t *testing.T) {
	s := serve(t)
	s.ran.list = []store.RunInfo{{ID: 3, Kind: "sweep", State: store.RunDone}}
	for _, one := range []struct{ path, body, action, target, details string }{
		{"push", ``, "push", "", ""},
		{"pause", `{"direction": "to_odoo"}`, "pause", "", `{"direction": "to_odoo"}`},
		{"resume", ``, "resume", "", ""},
		{"resync", `{"entity": "contacts", "ids": [12]}`, "resync", "", `{"entity": "contacts", "ids": [12]}`},
		{"resync/res.partner/12", ``, "resync", "resync/res.partner/12", ""},
		{"runs/3/cancel", ``, "cancel", "runs/3/cancel", ""},
		{"runs/3/allow-deletes", ``, "allow-deletes", "runs/3/allow-deletes", ""},
		{"webhooks/45/replay", ``, "replay", "webhooks/45/replay", ""},
		{"webhooks/replay", `{"status": "error"}`, "replay", "", `{"status": "error"}`},
		{"webhooks/replay", `{"q": "sale.order.", "since": "1h"}`, "replay", "", `{"q": "sale.order.", "since": "1h"}`},
		{"webhooks/replay", `{"q": "Jean Dupont", "status": "error"}`, "replay", "", `{"q":"(not kept)","status":"error"}`}, // a person's name, in a table that is kept for good
		{"conflicts/7/resolve", `{"take": {"city": "odoo"}}`, "resolve", "conflicts/7/resolve", `{"take": {"city": "odoo"}}`},
	} {
		s.noted.list = nil
		a := s.do("POST", one.path, one.body, "from", "192.0.2.1:1000")
		require.Less(t, a.status, 300, a.body)
		require.Len(t, s.noted.list, 1, one.path)
		e := s.noted.list[0]
		require.Equal(t, []any{"admin token", one.action, one.target, one.details, "done", "192.0.2.1", s.clock.Now().UTC()}, []any{e.Who, e.Action, e.Target, string(e.Details), e.Result, e.Client, e.At})
	}
	s.noted.list = nil
	s.pushErr = record.Errorf(record.CodeRejected, "there is no Odoo to push to")
	require.Equal(t, 422, s.do("POST", "push", "").status)
	require.Equal(t, "there is no Odoo to push to", s.noted.list[0].Result, "a refusal too")
	require.Equal(t, 403, s.do("POST", "push", "", "Authorization", "Bearer read").status)
	require.Equal(t, 401, s.do("POST", "push", "", "Authorization", "Bearer guess").status)
	s.do("GET", "status", "")
	require.Len(t, s.noted.list, 1, "looking leaves none, and a stranger cannot fill the table")
	s.noted.err = errors.New("no")
	require.Equal(t, 200, s.do("POST", "pause", "").status, "what was done was done")
}

func TestTheAuditIsRead(t *testing.T) {
	s := serve(t)
	require.JSONEq(t, `{"entries": []}`, s.do("GET", "audit", "").body)
	for range 3 {
		s.do("POST", "push", "")
	}
	a := s.do("GET", "audit?limit=2", "", "Authorization", "Bearer read")
	require.Contains(t, a.body, `"next":2`)
	require.Contains(t, a.body, `"action":"push"`)
	require.Contains(t, s.do("GET", "audit?before=2", "").body, `{"entries":[{"id":1,`)
	require.Equal(t, 400, s.do("GET", "audit?action=push", "").status)
}

func TestARecordTellsItsStory(t *testing.T) {
	s := serve(t)
	s.story = store.Story{Link: &store.Standing{LocalID: "3", OdooID: 12, State: store.Synced, SyncedAt: &morning}, Conflicts: []store.KeptConflict{},
		Moments: []store.Moment{{ID: 9, At: morning, Side: record.Local, Op: "update", Changes: record.Changes{"city": {record.Null, record.Text("<Nantes>")}}, LocalID: "3", OdooID: 12,
			Cause: store.Reason{Kind: "webhook", ID: "45", Webhook: &store.ByWebhook{ID: 45, Event: "res.partner.updated", Source: "webhook", ReceivedAt: morning}, Text: "webhook 45"}}}, Next: 9}
	a := s.do("GET", "records/contacts/3?before=20&limit=1", "")
	require.Equal(t, 200, a.status, a.body)
	require.Equal(t, admin.RecordQuery{Entity: "contacts", LocalID: "3", Before: 20, Limit: 1}, s.asked)
	require.JSONEq(t, `{"entity": "contacts", "link": {"local_id": "3", "odoo_id": 12, "state": "synced", "writing": false, "synced_at": "2026-11-02T10:00:00Z"}, "open_conflicts": [],
		"changes": [{"id": 9, "at": "2026-11-02T10:00:00Z", "side": "local", "op": "update", "changes": {"city": [null, "<Nantes>"]}, "local_id": "3", "odoo_id": 12,
			"cause": {"kind": "webhook", "id": "45", "webhook": {"id": 45, "event": "res.partner.updated", "source": "webhook", "received_at": "2026-11-02T10:00:00Z"}, "text": "webhook 45"}}], "next": 9}`, a.body)
	require.Equal(t, 200, s.do("GET", "records/contacts/12?side=odoo", "").status)
	require.Equal(t, admin.RecordQuery{Entity: "contacts", OdooID: 12, Limit: 50}, s.asked)
	require.Equal(t, 200, s.do("GET", "records/contacts/"+url.PathEscape("a b"), "").status)
	require.Equal(t, "a b", s.asked.LocalID)
	for path, status := range map[string]int{"records/contacts/x?side=odoo": 404, "records/contacts/3?side=both": 400, "records/contacts/3?limit=0": 400, "records/contacts/" + strings.Repeat("1", 65): 404} {
		require.Equal(t, status, s.do("GET", path, "").status, path)
	}
	s.story = store.Story{}
	a = s.do("GET", "records/contacts/4", "")
	require.Equal(t, []any{404, "not_found"}, []any{a.status, a.said.Code})
	require.Contains(t, a.said.Message, "row 4 of")
}

// some are figures.
var some = figures.Figures{Received: 3, Succeeded: 1, Failed: 1, Pending: 1, Processing: figures.Times{N: 1, Mean: 1500 * time.Millisecond, P95: 2 * time.Second},
	Errors: []figures.ErrorCount{{Code: "denied", Event: "lead.updated", N: 1}}, Events: []figures.EventCount{{Event: "lead.updated", Received: 3, Failed: 1}},
	Slots: []figures.Slot{{At: morning, Received: 3, Succeeded: 1, Failed: 1}}}

func TestFiguresOfARange(t *testing.T) {
	s := serve(t)
	a := s.do("GET", "figures?from=2026-11-01&upto=2026-11-02T10:00:00Z&step=day", "")
	require.Equal(t, 200, a.status, a.body)
	require.Equal(t, figures.Range{From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Upto: morning, Step: "day"}, s.span)
	require.JSONEq(t, `{"from": "2026-11-01T00:00:00Z", "upto": "2026-11-02T10:00:00Z", "step": "day", "received": 3, "succeeded": 1, "failed": 1, "pending": 1, "success_rate": 0.5,
		"processing": {"n": 1, "mean_seconds": 1.5, "p95_seconds": 2}, "response": {"n": 0, "mean_seconds": 0, "p95_seconds": 0}, "errors": [{"code": "denied", "event": "lead.updated", "n": 1}],
		"events": [{"event": "lead.updated", "received": 3, "failed": 1}], "slots": [{"at": "2026-11-02T10:00:00Z", "received": 3, "succeeded": 1, "failed": 1}]}`, a.body)
	s.do("GET", "figures", "")
	require.Equal(t, figures.Range{From: s.clock.Now().Add(-24 * time.Hour).UTC(), Upto: s.clock.Now().UTC(), Step: "hour"}, s.span, "the last day")
	for _, bad := range []string{"from=yesterday", "step=week", "until=2026-11-02", "from=2026-11-01&from=2026-11-02"} {
		require.Equal(t, 400, s.do("GET", fmt.Sprint("figures?", bad), "").status, bad)
	}
}
