package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
)

func TestReplayOnTheCommandLine(t *testing.T) {
	dsn := dbtest.DSN(t)
	db := dbtest.Open(t, dsn)
	_, err := db.Exec("INSERT INTO webhook_logs (event_type, status, processed_at, model, odoo_id, body, source, next_attempt_at, received_us, attempts) VALUES" +
		" ('lead.updated', 'error', UTC_TIMESTAMP(), 'crm.lead', 1, '', 'webhook', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) - INTERVAL 2 DAY, 1)," +
		" ('lead.updated', 'success', UTC_TIMESTAMP(), 'crm.lead', 1, '', 'webhook', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), 0)")
	require.NoError(t, err)
	for _, tt := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"nothing", nil, exitUsage, "--id 12, or --status error"},
		{"both", []string{"--id", "1", "--status", "error"}, exitUsage, "--id 12, or --status error"},
		{"an unknown status", []string{"--status", "failed"}, exitUsage, "error, success or pending"},
		{"no id", []string{"--id", "0"}, exitUsage, "a number above 0"},
		{"a time and an id", []string{"--id", "1", "--since", "1h"}, exitUsage, "--since goes with --status"},
		{"no webhook", []string{"--id", "9"}, exitFailed, "there is no webhook 9"},
		{"too long ago", []string{"--status", "error", "--since", "24h"}, exitDone, "0 webhooks will be worked again."},
		{"those that failed", []string{"--status", "error"}, exitDone, "1 webhook will be worked again."},
		{"one", []string{"--id", "2"}, exitDone, "1 webhook will be worked again."},
		{"two that wait", []string{"--id", "1,2"}, exitDone, "0 webhooks will be worked again; 2 webhooks waited already"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			out, err := run(t, []string{"ODOOSYNC_DATABASE_DSN=" + dsn}, append([]string{"replay"}, tt.args...)...)
			if err != nil {
				out += sentence(err)
			}
			require.Equal(t, tt.code, exitCode(err), out)
			require.Contains(t, out, tt.says)
		})
	}
}
