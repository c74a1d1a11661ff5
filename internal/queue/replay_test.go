package queue_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/queue"
	"odoosync/internal/record"
)

func TestReplay(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClockAt(time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC))
	q := newInbox(t, db, clock)
	take := func() []queue.Event {
		events, err := q.Claim(ctx, 100, time.Minute)
		require.NoError(t, err)
		return events
	}
	add := func(id int64) {
		_, err := q.Append(ctx, event(id))
		require.NoError(t, err)
	}
	replay := func(r queue.Replay) queue.Replayed {
		got, err := r.Run(ctx, db, clock.Now())
		require.NoError(t, err)
		return got
	}
	add(1) // done
	complete(t, db, q, take())
	add(2) // failed
	require.NoError(t, q.Fail(ctx, []int64{take()[0].ID}, record.Errorf(record.CodeRejected, "no")))
	err := q.AppendRejected(ctx, event(3), "its timestamp is none")
	require.NoError(t, err)
	clock.Advance(time.Hour)
	add(4) // waits for another try
	_, err = q.Retry(ctx, take()[0], record.Errorf(record.CodeRetryable, "later"))
	require.NoError(t, err)
	add(5) // is being worked
	require.Len(t, take(), 1)

	for want, r := range map[int64][]queue.Replay{
		0: {{}, {Status: "error", Event: "sale.order.state.changed"}},
		1: {{Status: "error"}, {Status: "error", Search: "2"}, {IDs: []int64{4}}, {Search: "2"}},
	} {
		for _, one := range r {
			n, err := one.Count(ctx, db)
			require.NoError(t, err)
			require.Equal(t, want, n, "%+v", one)
		}
	}
	require.Equal(t, queue.Replayed{}, replay(queue.Replay{Status: "error", Since: clock.Now().Add(-30 * time.Minute)}), "received before that")
	require.Equal(t, queue.Replayed{Again: 1}, replay(queue.Replay{Status: "error"}), "what was refused as it came stays")
	require.Equal(t, 1, count(t, db, "id = 2 AND status = 'pending' AND attempts = 0 AND outcome IS NULL AND finished_us IS NULL AND processing_us IS NULL AND error_message IS NULL AND received_us < next_attempt_at"))
	require.Equal(t, queue.Replayed{Again: 1}, replay(queue.Replay{IDs: []int64{1}}))
	require.Equal(t, queue.Replayed{Hurried: 1, Busy: 1}, replay(queue.Replay{IDs: []int64{4, 5}}))
	require.Equal(t, 1, count(t, db, "id = 5 AND lease_owner IS NOT NULL"), "its worker keeps it")
	require.Len(t, take(), 3)

	_, err = queue.Replay{IDs: []int64{99}}.Run(ctx, db, clock.Now())
	require.ErrorIs(t, err, queue.ErrNoWebhook)
	_, err = queue.Replay{IDs: []int64{3}}.Run(ctx, db, clock.Now())
	require.ErrorContains(t, err, "webhook 3 was refused as it came")
}

// Many go in several transactions, each once.
func TestReplayOfMany(t *testing.T) {
	db := dbtest.New(t)
	q := newInbox(t, db, nil)
	_, err := db.Exec("INSERT INTO webhook_logs (event_type, status, processed_at, model, odoo_id, body, source, next_attempt_at, received_us, attempts)" +
		" SELECT 'lead.updated', 'error', UTC_TIMESTAMP(), 'crm.lead', seq, '', 'webhook', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), 1 FROM (SELECT a.n + 60 * b.n + 1 AS seq FROM" + numbers("a") + "," + numbers("b") + ") s")
	require.NoError(t, err)
	got, err := queue.Replay{Status: "error"}.Run(ctx, db, time.Now())
	require.NoError(t, err)
	require.Equal(t, queue.Replayed{Again: 3600}, got)
	events, err := q.Claim(ctx, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, events, 10)
}

func numbers(as string) string {
	out := " (SELECT 0 AS n"
	for i := 1; i < 60; i++ {
		out += fmt.Sprint(" UNION ALL SELECT ", i)
	}
	return out + ") " + as
}

func TestTheLogIsSearched(t *testing.T) {
	db := dbtest.New(t)
	q := newInbox(t, db, nil)
	for i, kind := range []string{"res.partner.updated", "sale.order.updated", "sale.order.state_changed", "lead.updated"} {
		e := event(int64(i + 2))
		e.Type = kind
		if i > 0 {
			e.Model = "sale.order"
		}
		_, err := q.Append(ctx, e)
		require.NoError(t, err)
	}
	err := q.AppendRejected(ctx, queue.Event{Type: "nonsense", Source: "webhook"}, "not known")
	require.NoError(t, err)
	for _, tt := range []struct {
		name string
		f    queue.LogFilter
		want []int64
	}{
		{"all", queue.LogFilter{}, []int64{5, 4, 3, 2, 1}},
		{"a page", queue.LogFilter{Before: 4, Limit: 2}, []int64{3, 2}},
		{"a status", queue.LogFilter{Status: "error"}, []int64{5}},
		{"an event", queue.LogFilter{Event: "lead.updated"}, []int64{4}},
		{"how events begin", queue.LogFilter{Search: "sale.order."}, []int64{3, 2}},
		{"no pattern", queue.LogFilter{Search: "sale%"}, nil},
		{"nor a letter's place", queue.LogFilter{Search: "sale.order.state_"}, []int64{3}},
		{"an id, of the webhook or the record", queue.LogFilter{Search: "3"}, []int64{3, 2}},
		{"both", queue.LogFilter{Search: "3", Event: "sale.order.updated"}, []int64{2}},
		{"an id of nothing", queue.LogFilter{Search: "77"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list, err := queue.ReadLog(ctx, db, tt.f)
			require.NoError(t, err)
			var got []int64
			for _, l := range list {
				got = append(got, l.ID)
			}
			require.Equal(t, tt.want, got)
		})
	}
	list, err := queue.ReadLog(ctx, db, queue.LogFilter{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, []any{"nonsense", "not known", "failed", int64(0)}, []any{list[0].Event, list[0].Error, list[0].Outcome, list[0].OdooID})
	require.Nil(t, list[0].NextAttempt)
}

// One webhook is shown whole, and so are the edits that have not gone through.
func TestWhatAPersonIsShown(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClockAt(time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC))
	q := newInbox(t, db, clock)
	e := event(7)
	e.Body, e.RequestID, e.Origin, e.Place = []byte(`{"a": "<b>"}`), "r-1", queue.OriginDaemon, queue.Place{Stream: "0189d3a0-0000-7000-8000-000000000001", Number: 3}
	_, err := q.Append(ctx, e)
	require.NoError(t, err)
	got, err := queue.ReadWebhook(ctx, db, 1)
	require.NoError(t, err)
	require.Equal(t, []any{int64(7), "pending", `{"a": "<b>"}`, "r-1", queue.OriginDaemon, e.Place}, []any{got.OdooID, got.Status, got.Body, got.RequestID, got.Origin, queue.Place{Stream: got.Stream, Number: got.Number}})
	got, err = queue.ReadWebhook(ctx, db, 2)
	require.NoError(t, err)
	require.Nil(t, got)

	for _, values := range []string{"'contacts', '1', 'update', '[\"city\"]', 'error', 'no'", "'contacts', '2', 'delete', NULL, 'pending', NULL", "'leads', '1', 'insert', NULL, 'done', NULL"} {
		_, err := db.ExecContext(ctx, "INSERT INTO sync_outbox (entity, local_id, op, changed_columns, status, error_message, changed_at, next_attempt_at) VALUES ("+values+", ?, ?)", clock.Now(), clock.Now())
		require.NoError(t, err)
	}
	for want, f := range map[string]queue.EditFilter{"2 1": {}, "1": {Status: "error"}, "2": {Entity: "contacts", LocalID: "2"}, "": {Entity: "leads"}} {
		edits, err := queue.ReadEdits(ctx, db, f)
		require.NoError(t, err)
		ids := []string{}
		for _, one := range edits {
			ids = append(ids, fmt.Sprint(one.ID))
		}
		require.Equal(t, want, strings.Join(ids, " "))
	}
	edits, err := queue.ReadEdits(ctx, db, queue.EditFilter{Before: 2, Limit: 1})
	require.NoError(t, err)
	require.Equal(t, queue.LoggedEdit{ID: 1, Entity: "contacts", LocalID: "1", Op: "update", Columns: []string{"city"}, ChangedAt: clock.Now(), Refused: true, Reason: "no", NextAttempt: clock.Now()}, edits[0])
}
