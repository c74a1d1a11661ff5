package queue_test

import (
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/queue"
	"odoosync/internal/record"
)

func TestSearchTheLog(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClockAt(time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC))
	q := newInbox(t, db, clock)
	add := func(kind, model string, id int64, data string) {
		t.Helper()
		_, err := q.Append(ctx, queue.Event{Type: kind, Model: model, OdooID: id, Data: []byte(data), Body: []byte(data), Source: queue.SourceWebhook})
		require.NoError(t, err)
	}
	add("res.partner.created", "res.partner", 3, `{"id": 3, "name": "École Primaire"}`)
	add("sale.order.updated", "sale.order", 12, `{"id": 12, "name": "S00012"}`)
	clock.Advance(time.Hour)
	add("sale.order.deleted", "sale.order", 12, `{"id": 12}`)
	add("res.partner.updated", "res.partner", 13, `{"id": 13, "name": "sales_100%"}`)
	clock.Advance(time.Hour)
	add("crm.lead.won", "crm.lead", 14, `{"id": 14, "name": false}`)
	found := func(f queue.LogFilter) []int64 {
		t.Helper()
		list, err := queue.ReadLog(ctx, db, f)
		require.NoError(t, err)
		out := []int64{}
		for _, l := range list {
			out = append(out, l.ID)
		}
		return out
	}
	search := func(s string) []int64 { return found(queue.LogFilter{Search: s}) }
	require.Equal(t, []int64{3, 2}, search("12"), "of a record")
	require.Equal(t, []int64{3, 1}, search("3"), "a webhook's and a record's id")
	require.Equal(t, []int64{1}, search("école"))
	require.Equal(t, []int64{2}, search("S000"))
	require.Equal(t, []int64{4}, search("sales_"), "the sign for any character is none")
	require.Equal(t, []int64{4, 3, 2}, search("sale"), "names and events")
	require.Equal(t, []int64{4}, search("sales_100%"))
	require.Empty(t, search("Primaire"), "the beginning counts")
	require.Equal(t, []int64{3, 2}, search("sale.order."))
	require.Equal(t, []int64{2}, found(queue.LogFilter{Search: "sale", Before: 4, Event: "sale.order.updated"}))
	require.Equal(t, []int64{4, 3}, found(queue.LogFilter{From: clock.Now().Add(-time.Hour), Upto: clock.Now()}))
	require.Equal(t, []int64{5}, found(queue.LogFilter{From: clock.Now()}))
	require.Equal(t, []int64{2, 1}, found(queue.LogFilter{Upto: clock.Now().Add(-time.Hour)}))
	require.Empty(t, found(queue.LogFilter{From: clock.Now().Add(time.Hour)}))
	for _, status := range []string{"NULL WHERE id = 1", "NULL, status = 'error', processed_at = NOW() WHERE id = 2"} {
		_, err := db.ExecContext(ctx, "UPDATE webhook_logs SET source = 'recheck', outcome = "+status)
		require.NoError(t, err)
	}
	require.Equal(t, []int64{5, 4, 3, 2}, found(queue.LogFilter{Received: true}), "second looks only where they failed")
	require.Equal(t, []int64{2}, found(queue.LogFilter{Received: true, Search: "S000"}))
}

// error_code is there while a webhook fails or waits for a reason, and no longer.
func TestTheCodeOfAFailure(t *testing.T) {
	db := dbtest.New(t)
	clock := clockwork.NewFakeClock()
	q := newInbox(t, db, clock)
	_, err := q.Append(ctx, event(1))
	require.NoError(t, err)
	code := func() queue.Logged {
		t.Helper()
		list, err := queue.ReadLog(ctx, db, queue.LogFilter{})
		require.NoError(t, err)
		return list[0]
	}
	claim := func() queue.Event {
		t.Helper()
		clock.Advance(10 * time.Second)
		events, err := q.Claim(ctx, 1, time.Minute)
		require.NoError(t, err)
		require.Len(t, events, 1)
		return events[0]
	}
	_, err = q.Retry(ctx, claim(), errors.New("who knows"))
	require.NoError(t, err)
	require.Equal(t, "internal", code().Code)
	require.NoError(t, q.Postpone(ctx, []int64{claim().ID}, clock.Now(), record.Errorf(record.CodeUnavailable, "away")))
	require.Equal(t, "unavailable", code().Code)
	require.NoError(t, q.Fail(ctx, []int64{claim().ID}, record.Errorf(record.CodeDenied, "no")))
	require.Equal(t, "denied", code().Code)
	require.Equal(t, "error", code().Status)
	list, err := queue.ReadLog(ctx, db, queue.LogFilter{Code: "denied", Status: "error"})
	require.NoError(t, err)
	require.Len(t, list, 1)
	clock.Advance(time.Hour)
	_, err = queue.Replay{IDs: []int64{1}}.Run(ctx, db, clock.Now())
	require.NoError(t, err)
	require.Empty(t, code().Code)
	e := claim()
	require.NoError(t, db.InTx(ctx, func(tx *sql.Tx) error { return q.CompleteTx(ctx, tx, []int64{e.ID}, "applied") }))
	require.Empty(t, code().Code)
	require.EqualValues(t, 10_000_000, code().ProcessingUS, "since the replay")
	one, err := queue.ReadWebhook(ctx, db, e.ID)
	require.NoError(t, err)
	require.Equal(t, "{}", one.Body)
	none, err := queue.ReadWebhook(ctx, db, 99)
	require.NoError(t, err)
	require.Nil(t, none)
}
