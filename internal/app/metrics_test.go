package app

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"odoosync/internal/dbtest"
	"odoosync/internal/queue"
	"odoosync/internal/store"
	"odoosync/reconcile"
)

// series reads the metrics of a registry: a value by name and labels.
func series(t *testing.T, m *metrics) map[string]float64 {
	t.Helper()
	families, err := m.registry.Gather()
	require.NoError(t, err)
	out := map[string]float64{}
	for _, f := range families {
		for _, one := range f.GetMetric() {
			name := f.GetName()
			for _, l := range one.GetLabel() {
				name += " " + l.GetValue()
			}
			out[name] = one.GetGauge().GetValue() + one.GetCounter().GetValue() + float64(one.GetHistogram().GetSampleCount())
		}
	}
	return out
}

func TestFiguresOfTheDatabase(t *testing.T) {
	ctx, db := context.Background(), dbtest.New(t)
	now := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)
	clock := clockwork.NewFakeClockAt(now)
	m := newMetrics("test")
	m.ask(db, clock, zap.NewNop(), true)
	m.know([]mapped{{"quotes", "sale.order"}, {"travels", "sale.order"}, {"contacts", "res.partner"}})
	got := series(t, m)
	require.Equal(t, 1.0, got["odoosync_database_up"])
	for _, want := range []string{"odoosync_oldest_unsynced_seconds to_api contacts", "odoosync_oldest_unsynced_seconds to_odoo travels", "odoosync_drift_records quotes stale",
		"odoosync_held_deletes contacts", "odoosync_halted sale.order", "odoosync_runs_total sweep failed", "odoosync_run_seconds poll", "odoosync_repaired_total contacts missing",
		"odoosync_webhooks_pending", "odoosync_webhooks_failed", "odoosync_edits_pending quotes", "odoosync_edits_refused contacts", "odoosync_open_conflicts contacts",
		"odoosync_paused to_api", "odoosync_paused to_odoo", "odoosync_last_poll_timestamp_seconds", "odoosync_last_sweep_timestamp_seconds",
		"odoosync_lease_held_timestamp_seconds push", "odoosync_lease_held_timestamp_seconds poll", "odoosync_rows_pushed_total contacts refused",
		"odoosync_webhooks_received_total refused 401", "odoosync_webhooks_processed_total failed"} {
		require.Contains(t, got, want, "from the start")
		require.Zero(t, got[want], want)
	}
	exec := func(statements ...string) {
		for _, s := range statements {
			_, err := db.Exec(s)
			require.NoError(t, err, s)
		}
	}
	exec("INSERT INTO webhook_logs (event_type, model, odoo_id, body, source, next_attempt_at, received_us) VALUES"+
		" ('a', 'sale.order', 1, '', 'webhook', '2026-11-02 09:00', '2026-11-02 09:59'), ('a', 'sale.order', 1, '', 'webhook', '2026-11-02 09:00', '2026-11-02 09:58'),"+
		" ('a', 'res.partner', 1, '', 'recheck', '2026-11-02 09:00', '2026-11-02 09:00')",
		"INSERT INTO sync_outbox (entity, local_id, op, changed_at, next_attempt_at, status) VALUES ('travels', '1', 'update', '2026-11-02 09:50', '2026-11-02 09:50', 'pending'), ('contacts', '1', 'update', '2026-11-02 09:00', '2026-11-02 09:00', 'done')")
	exec("INSERT INTO webhook_logs (event_type, model, odoo_id, body, source, next_attempt_at, received_us, status, attempts, processed_at) VALUES"+
		" ('a', 'res.partner', 1, '', 'webhook', '2026-11-02 09:00', '2026-11-02 09:00', 'error', 3, '2026-11-02 09:00'),"+
		" ('no event', NULL, NULL, '', 'webhook', '2026-11-02 09:00', '2026-11-02 09:00', 'error', 0, '2026-11-02 09:00')",
		"INSERT INTO sync_outbox (entity, local_id, op, changed_at, next_attempt_at, status) VALUES ('contacts', '2', 'update', '2026-11-02 09:00', '2026-11-02 09:00', 'error')",
		"INSERT INTO sync_conflicts (entity, field, policy, created_at, updated_at) VALUES ('quotes', 'a', 'ask', '2026-11-02 09:00', '2026-11-02 09:00'), ('quotes', 'b', 'ask', '2026-11-02 09:00', '2026-11-02 09:00')")
	require.NoError(t, store.SetPaused(ctx, db, now, store.Paused{ToOdoo: true}))
	require.NoError(t, store.SaveCursor(ctx, db, now, polledName, polled{now.Add(time.Minute), now}))
	require.NoError(t, store.SetHalts(ctx, db, now, store.Halt{Model: "res.partner", Reason: "no"}))
	for i, counts := range []map[string]int64{{"contacts.stale": 7}, {"contacts.stale": 3, "contacts.missing": 2, "leads.stale": 1, "read": 9, "a.b.c": 1}} {
		r := &store.Run{Kind: "sweep"}
		require.NoError(t, store.StartRun(ctx, db, now, r))
		r.State, r.Counts = store.RunDone, counts
		require.NoError(t, store.SaveRun(ctx, db, now.Add(time.Duration(i)), r))
	}
	require.NoError(t, store.StartRun(ctx, db, now, &store.Run{Kind: "sweep"}))
	require.Equal(t, 0.0, series(t, m)["odoosync_halted res.partner"], "within five seconds nobody asks again")
	clock.Advance(5 * time.Second)
	got = series(t, m)
	for name, want := range map[string]float64{"odoosync_oldest_unsynced_seconds to_api quotes": 125, "odoosync_oldest_unsynced_seconds to_api travels": 0,
		"odoosync_oldest_unsynced_seconds to_api contacts": 0, "odoosync_oldest_unsynced_seconds to_odoo travels": 605, "odoosync_oldest_unsynced_seconds to_odoo contacts": 0,
		"odoosync_drift_records contacts stale": 3, "odoosync_drift_records contacts missing": 2, "odoosync_drift_records quotes stale": 0,
		"odoosync_webhooks_pending": 2, "odoosync_webhooks_failed": 1, "odoosync_edits_pending travels": 1, "odoosync_edits_pending contacts": 0,
		"odoosync_edits_refused contacts": 1, "odoosync_edits_refused travels": 0, "odoosync_open_conflicts quotes": 2, "odoosync_open_conflicts contacts": 0,
		"odoosync_paused to_odoo": 1, "odoosync_paused to_api": 0, "odoosync_last_poll_timestamp_seconds": float64(now.Unix()), "odoosync_last_sweep_timestamp_seconds": float64(now.Unix()),
		"odoosync_halted res.partner": 1, "odoosync_halted sale.order": 0} {
		require.Equal(t, want, got[name], name)
	}
	require.NotContains(t, got, "odoosync_drift_records leads stale")

	m.runEnded("sweep", store.RunDone, time.Minute, map[string]int64{"contacts.stale": 3, "read": 10})
	m.runEnded("sweep", store.RunFailed, time.Minute, nil)
	got = series(t, m)
	require.Equal(t, []float64{1, 1, 2, 3}, []float64{got["odoosync_runs_total sweep done"], got["odoosync_runs_total sweep failed"], got["odoosync_run_seconds sweep"], got["odoosync_repaired_total contacts stale"]})

	require.NoError(t, db.Close())
	clock.Advance(5 * time.Second)
	got = series(t, m)
	require.Equal(t, 0.0, got["odoosync_database_up"])
	require.NotContains(t, got, "odoosync_halted res.partner", "what is not known is not told")
	require.Contains(t, got, "odoosync_runs_total sweep done", "the rest is")
}

func TestFiguresOfThisProcess(t *testing.T) {
	now := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)
	m := newMetrics("v1")
	m.done(now, queue.Event{Source: queue.SourceWebhook, ReceivedAt: now.Add(-time.Second)}, reconcile.Applied)
	m.done(now, queue.Event{Source: queue.SourceRecheck, ReceivedAt: now.Add(-time.Hour)}, reconcile.Merged)
	m.pushed("contacts", nil)
	m.pushed("contacts", errors.New("no"))
	m.leased(leasePush, now)
	m.expires("odoo", now)
	got := series(t, m)
	for name, want := range map[string]float64{"odoosync_build_info v1": 1, "odoosync_webhook_seconds": 1, "odoosync_webhooks_processed_total applied": 1, "odoosync_webhooks_processed_total merged": 1,
		"odoosync_rows_pushed_total contacts taken": 1, "odoosync_rows_pushed_total contacts refused": 1,
		"odoosync_lease_held_timestamp_seconds push": float64(now.Unix()), "odoosync_certificate_expiry_timestamp_seconds odoo": float64(now.Unix())} {
		require.Equal(t, want, got[name], name)
	}
	require.NotContains(t, got, "odoosync_lease_held_timestamp_seconds poll", "without an Odoo nobody polls")
}

var _ prometheus.Collector = (*databaseFigures)(nil)
