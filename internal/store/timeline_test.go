package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

var ctx = context.Background()

var morning = time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)

// aStory is a contact that Odoo made, that was edited here, and that a resync
// changed.
func aStory(t *testing.T, db *mysqldb.DB) {
	t.Helper()
	for _, statement := range []string{
		"INSERT INTO webhook_logs (id, event_type, status, processed_at, model, odoo_id, body, source, origin, next_attempt_at, received_us) VALUES (45, 'res.partner.created', 'success', NOW(), 'res.partner', 12, '', 'webhook', 'daemon', NOW(), '2026-03-10 08:59:59')",
		"INSERT INTO sync_outbox (id, entity, local_id, op, changed_columns, changed_at, status, next_attempt_at) VALUES (7, 'contacts', '3', 'update', '[\"phone\", \"email\"]', '2026-03-10 09:00:59', 'done', NOW())",
		"INSERT INTO sync_runs (id, kind, mode, state, cause, started_at, heartbeat_at, finished_at) VALUES (9, 'resync', 'full', 'done', 'command line, alice', NOW(), NOW(), NOW())",
	} {
		_, err := db.Exec(statement)
		require.NoError(t, err)
	}
	link := &store.Link{Entity: "contacts", LocalID: "3", OdooID: 12, State: store.InConflict, Base: record.Base{}}
	require.NoError(t, store.InsertLinks(ctx, db, morning, []*store.Link{link}))
	text := record.Text
	for i, c := range []store.Applied{
		{Side: record.Local, Op: "create", Changes: record.Changes{"name": {record.Null, text("Ann")}, "phone": {record.Null, text("1")}}, Cause: store.Cause{Kind: "webhook", ID: "45"}},
		{Side: record.Odoo, Op: "update", Changes: record.Changes{"phone": {text("1"), text("2")}}, Cause: store.Cause{Kind: "outbox", ID: "7"}},
		{Side: record.Local, Op: "update", Changes: record.Changes{"city": {record.Null, text("Lyon")}}, Cause: store.Cause{Kind: "resync", ID: "9", RunID: 9}},
		{Side: record.Local, Op: "update", Changes: record.Changes{"zip": {record.Null, text("69001")}}, Cause: store.Cause{Kind: "webhook", ID: "99"}},
	} {
		c.Entity, c.LocalID, c.OdooID = "contacts", "3", 12
		require.NoError(t, store.AppendChanges(ctx, db, morning.Add(time.Duration(i)*time.Minute), []store.Applied{c}))
	}
	require.NoError(t, store.AppendChanges(ctx, db, morning, []store.Applied{{Entity: "contacts", LocalID: "4", OdooID: 13, Side: record.Local, Op: "create"}}))
	require.NoError(t, store.KeepConflicts(ctx, db, morning, "contacts", "3", 12, []record.Conflict{{Field: "phone", Odoo: text("2"), Local: text("3"), Policy: "ask"}}))
}

func TestTimeline(t *testing.T) {
	db := dbtest.New(t)
	aStory(t, db)
	for _, by := range []struct {
		local string
		odoo  int64
	}{{"3", 0}, {"", 12}, {"3", 12}} {
		s, err := store.Timeline(ctx, db, "contacts", by.local, by.odoo, 0, 3)
		require.NoError(t, err)
		require.Equal(t, store.InConflict, s.Link.State)
		require.EqualValues(t, 12, s.Link.OdooID)
		require.Equal(t, morning, s.Link.SyncedAt.UTC())
		require.Len(t, s.Conflicts, 1)
		require.Equal(t, []string{"webhook 99, which is not in the log any more", "a resync; run 9 (resync, asked for by command line, alice)", "an edit here (7, update of phone, email)"}, texts(s.Moments))
		require.Equal(t, record.Changes{"zip": {record.Null, record.Text("69001")}}, s.Moments[0].Changes)
		s, err = store.Timeline(ctx, db, "contacts", by.local, by.odoo, s.Next, 3)
		require.NoError(t, err)
		require.Equal(t, []string{"webhook 45 (res.partner.created), an echo of a change made by the daemon"}, texts(s.Moments))
		require.Zero(t, s.Next)
	}
	s, err := store.Timeline(ctx, db, "contacts", "77", 0, 0, 3)
	require.NoError(t, err)
	require.Nil(t, s.Link)
	require.Empty(t, s.Moments)
}

func texts(list []store.Moment) []string {
	out := []string{}
	for _, m := range list {
		out = append(out, m.Cause.Text)
	}
	return out
}

func TestWhy(t *testing.T) {
	db := dbtest.New(t)
	aStory(t, db)
	o, err := store.Why(ctx, db, "contacts", "3", "phone")
	require.NoError(t, err)
	require.EqualValues(t, 45, o.Local.Cause.Webhook.ID)
	require.EqualValues(t, 7, o.Odoo.Cause.Edit.ID)
	require.Equal(t, []string{"phone", "email"}, o.Odoo.Cause.Edit.Columns)
	require.Len(t, o.Conflicts, 1)

	o, err = store.Why(ctx, db, "contacts", "3", "city")
	require.NoError(t, err)
	require.EqualValues(t, 9, o.Local.Cause.Run.ID)
	require.Nil(t, o.Odoo)
	require.Empty(t, o.Conflicts)

	o, err = store.Why(ctx, db, "contacts", "3", `order_line[odoo:12]."odd\`)
	require.NoError(t, err)
	require.Equal(t, "create", o.Local.Op, "it never changed since the row came")
}

func TestAudit(t *testing.T) {
	db := dbtest.New(t)
	for i := range 3 {
		id, err := store.Audit(ctx, db, store.Entry{At: morning, Who: "command line", Action: fmt.Sprint("do", i), Target: "contacts 3", Details: []byte(`{"rows": 1}`), Result: "done"})
		require.NoError(t, err)
		require.Positive(t, id)
	}
	list, err := store.Audits(ctx, db, 0, 2)
	require.NoError(t, err)
	require.Equal(t, []string{"do2", "do1"}, []string{list[0].Action, list[1].Action})
	require.JSONEq(t, `{"rows": 1}`, string(list[0].Details))
	list, err = store.Audits(ctx, db, list[1].ID, 2)
	require.NoError(t, err)
	require.Len(t, list, 1)
}
