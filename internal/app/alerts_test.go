package app

import (
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/odooclient"
)

func TestWhatNeedsAPerson(t *testing.T) {
	now := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)
	last := func(at time.Time, counts map[string]int64) []store.RunInfo {
		return []store.RunInfo{{ID: 7, Kind: "sweep", State: store.RunDone, StartedAt: at, Counts: counts}}
	}
	const nightly = "15 3 * * *"
	for _, tt := range []struct {
		name   string
		s      Summary
		sweeps []store.RunInfo
		away   bool
		want   map[string]string
	}{
		{"nothing", Summary{}, last(now.Add(-7*time.Hour), map[string]int64{"contacts.stale": 3, "read": 9}), false, nil},
		{"a halt", Summary{Standing: Standing{Halted: []store.Halt{{Model: "res.partner"}, {Model: "sale.order"}}}, Webhooks: WebhookCounts{OldestSeconds: 9999}}, nil, false,
			map[string]string{"halted": "nothing is synced of res.partner, sale.order until a person has looked; odoosync status says why"}},
		{"deletes", Summary{Standing: Standing{Held: map[string]int64{"contacts": 60}}}, last(now, map[string]int64{"leads.held": 30, "contacts.held": 1}), false,
			map[string]string{"held_deletes": "deletes are held because they look like an accident: contacts 61, leads 30"}},
		{"letters", Summary{Webhooks: WebhookCounts{Failed: 2}, Edits: EditCounts{Refused: 1}, Conflicts: 3}, nil, false,
			map[string]string{"failed_webhooks": "webhooks failed for good: 2", "refused_edits": "rows have edits that were refused: 1", "open_conflicts": "conflicts wait for a person's choice: 3"}},
		{"an old queue", Summary{Webhooks: WebhookCounts{OldestSeconds: 901}}, nil, false, map[string]string{"queue_old": "the oldest change has waited for 15m0s"}},
		{"old edits", Summary{Edits: EditCounts{OldestSeconds: 3600}}, nil, false, map[string]string{"queue_old": "the oldest change has waited for 1h0m0s"}},
		{"a young queue", Summary{Webhooks: WebhookCounts{OldestSeconds: 899}}, nil, false, nil},
		{"a queue that waits for Odoo", Summary{Webhooks: WebhookCounts{OldestSeconds: 9999}}, nil, true, nil},
		{"a paused one", Summary{Webhooks: WebhookCounts{OldestSeconds: 9999}, Standing: Standing{Paused: store.Paused{ToAPI: true}}}, nil, false, nil},
		{"a sweep that failed", Summary{Standing: Standing{Last: []LastRun{{RunInfo: store.RunInfo{ID: 8, Kind: "sweep", State: store.RunFailed}}, {RunInfo: store.RunInfo{ID: 9, Kind: "resync", State: store.RunFailed}}}}}, nil, false,
			map[string]string{"sweep_failed": "the last sweep (run 8) did not end well"}},
		{"no sweep for two nights", Summary{}, last(now.Add(-55*time.Hour), nil), false, map[string]string{"sweep_old": "the last sweep that went to its end is of 2026-10-31"}},
		{"no sweep last night", Summary{}, last(now.Add(-30*time.Hour), nil), false, nil},
		{"missing webhooks", Summary{Streams: []Stream{{Missing: 2}, {Missing: 1}}}, nil, false,
			map[string]string{"webhooks_missing": "webhooks that Odoo sent did not arrive, and their records are not read yet: 3"}},
		{"drift", Summary{}, last(now, map[string]int64{"contacts.refused": 2, "leads.waiting": 1, "leads.drifted": 5}), false,
			map[string]string{"drift_left": "the last sweep found differences that it could not mend: contacts 2, leads 1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := map[string]string{}
			for _, one := range troublesOf(tt.s, tt.sweeps, nightly, now, tt.away) {
				got[one.Reason] = one.Message
			}
			if tt.want == nil {
				tt.want = map[string]string{}
			}
			require.Equal(t, tt.want, got)
		})
	}
	require.True(t, overdue(store.RunInfo{StartedAt: now.Add(-55 * time.Hour)}, "TZ=Europe/Paris "+nightly, now), "with a zone too")
}

func TestHowLongOdooIsAway(t *testing.T) {
	clock := clockwork.NewFakeClock()
	r := &reach{clock: clock}
	require.True(t, r.silent())
	r.note(odooclient.CallInfo{})
	require.False(t, r.silent())
	clock.Advance(2 * time.Minute)
	require.True(t, r.silent(), "so it is asked")
	r.note(odooclient.CallInfo{Code: record.CodeUnavailable})
	clock.Advance(4 * time.Minute)
	r.note(odooclient.CallInfo{Code: record.CodeUnknownOutcome})
	clock.Advance(2 * time.Minute)
	require.Equal(t, 6*time.Minute, r.away())
	r.note(odooclient.CallInfo{Code: record.CodeRejected})
	require.Zero(t, r.away(), "a refusal is an answer")
}
