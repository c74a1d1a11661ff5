package app_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/figures"
)

// What was received and how long its senders waited is in the figures, and still
// is after a restart.
func TestFigures(t *testing.T) {
	dsn := dbtest.DSN(t)
	d := start(t, dsn, nil)
	require.Equal(t, 200, d.post("lead", `{"event": "crm.lead.won", "timestamp": "2025-01-22T10:00:00Z", "data": {"id": 7, "name": "A lead"}}`))
	require.Equal(t, 422, d.post("lead", `{"event": "crm.lead.lost", "timestamp": "2025-01-22T10:00:00Z", "data": {"id": 7}}`))
	d.finished(1)
	require.NoError(t, d.app.Stop(context.Background()))

	d = start(t, dsn, nil)
	f, err := d.app.Figures(context.Background(), figures.Range{From: time.Now().Add(-time.Hour), Upto: time.Now().Add(time.Hour), Step: figures.StepHour})
	require.NoError(t, err)
	require.EqualValues(t, []int64{2, 1, 1}, []int64{f.Received, f.Succeeded, f.Failed})
	require.EqualValues(t, 2, f.Response.N)
	require.Positive(t, f.Response.P95)
	require.EqualValues(t, 1, f.Processing.N)
}

// A daemon that starts removes what is old, and tells how much.
func TestOldWebhooksGo(t *testing.T) {
	dsn := dbtest.DSN(t)
	db := dbtest.Open(t, dsn)
	_, err := db.Exec("INSERT INTO webhook_logs (event_type, status, received_at, processed_at, model, odoo_id, body, source, next_attempt_at, received_us, finished_us)" +
		" VALUES ('crm.lead.won', 'success', '2020-01-01', '2020-01-01', 'crm.lead', 7, '', 'webhook', '2020-01-01', '2020-01-01', '2020-01-01')")
	require.NoError(t, err)
	d := start(t, dsn, nil)
	require.Eventually(t, func() bool {
		resp, err := http.Get(d.app.URL() + "/metrics")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		return err == nil && strings.Contains(string(text), `odoosync_purged_total{table="webhook_logs"} 1`)
	}, 20*time.Second, 20*time.Millisecond)
	var n int
	require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM webhook_logs").Scan(&n))
	require.Zero(t, n)
}
