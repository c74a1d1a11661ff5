package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/store"
)

// What stands still comes first, and needs a person where it is no pause.
func TestStatusShowsWhatStandsStill(t *testing.T) {
	ctx, dsn := context.Background(), dbtest.DSN(t)
	db := dbtest.Open(t, dsn)
	now := time.Now().UTC()
	status := func() (string, int) {
		t.Chdir(t.TempDir())
		out, err := run(t, []string{"ODOOSYNC_DATABASE_DSN=" + dsn}, "status")
		return out, exitCode(err)
	}
	out, code := status()
	require.Equal(t, exitDone, code)
	require.NotContains(t, out, "HALTED")

	sweep := &store.Run{Kind: "sweep", Mode: "values"}
	require.NoError(t, store.StartRun(ctx, db, now.Add(-2*time.Hour), sweep))
	sweep.State, sweep.Error = store.RunFailed, "Odoo was away"
	require.NoError(t, store.SaveRun(ctx, db, now.Add(-time.Hour), sweep))
	resync := &store.Run{Kind: "resync", Entity: "contacts", Mode: "full"}
	require.NoError(t, store.StartRun(ctx, db, now, resync))
	resync.Total, resync.Done = 200, 50
	require.NoError(t, store.SaveRun(ctx, db, now, resync))
	require.NoError(t, store.StartRun(ctx, db, now.Add(-time.Hour), &store.Run{Kind: "plan", Mode: "full"}))
	require.NoError(t, store.SetPaused(ctx, db, now, store.Paused{ToOdoo: true, By: "admin API", Since: now}))
	out, code = status()
	require.Equal(t, exitDone, code, "a pause is meant")
	require.Contains(t, out, "PAUSED: MySQL → Odoo is paused since")
	require.Contains(t, out, "Running: resync of contacts, full (run 2): 50 of 200 records (25.0 %), ")
	require.Contains(t, out, "Running: plan of everything, full (run 3): its process gives no sign of life")
	require.Contains(t, out, "Last sweep of everything, values (run 1): failed 1h0m0s ago: Odoo was away")

	_, err := db.Exec("INSERT INTO webhook_logs (event_type, model, odoo_id, body, source, next_attempt_at, received_us, error_message) VALUES" +
		" ('res.partner.deleted', 'res.partner', 1, '', 'webhook', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), 'held: 80 deletes of contacts in contacts within a day, of 100 rows, look like an accident')," +
		" ('res.partner.updated', 'res.partner', 2, '', 'webhook', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), 'held: Odoo was restored from a backup')")
	require.NoError(t, err)
	_, err = db.Exec("INSERT INTO sync_outbox (entity, local_id, op, changed_at, next_attempt_at, error_message) VALUES" +
		" ('contacts', '7', 'delete', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), 'held: 80 deletes of contacts in Odoo within a day, of 100 rows, look like an accident')")
	require.NoError(t, err)
	out, code = status()
	require.Equal(t, exitPartly, code)
	require.Contains(t, out, "HELD: 2 deletes of contacts,")
	_, err = db.Exec("DELETE FROM sync_outbox")
	require.NoError(t, err)
	_, err = db.Exec("DELETE FROM webhook_logs")
	require.NoError(t, err)

	require.NoError(t, store.SetHalts(ctx, db, now, store.Halt{Model: "res.partner", Kind: "empty", Reason: "Odoo shows no record of res.partner any more."}))
	out, code = status()
	require.Equal(t, exitPartly, code)
	require.Contains(t, out, "HALTED: res.partner, since ")
	require.Contains(t, out, "Odoo shows no record of res.partner any more.")
}
