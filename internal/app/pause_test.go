package app_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/app"
	"odoosync/internal/odoosim"
	"odoosync/reconcile"
)

func (d *daemon) ready() string {
	d.t.Helper()
	resp, err := http.Get(d.app.URL() + "/readyz")
	require.NoError(d.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(d.t, err)
	return string(text)
}

func (d *daemon) tell(id int64) {
	d.t.Helper()
	require.Equal(d.t, 200, d.post("partner", fmt.Sprintf(`{"event": "res.partner.updated", "timestamp": %q, "data": {"id": %d}}`, time.Now().UTC().Format(time.RFC3339), id)))
}

// What is paused on one daemon is paused on all, and after a start: webhooks are
// stored and wait, edits are noted and wait, and a person is told.
func TestPause(t *testing.T) {
	f := newFilled(t)
	id := f.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes"})
	d, other := start(t, f.dsn, simulated(f.url)), start(t, f.dsn, simulated(f.url))
	d.eventually("Vannes", "SELECT city FROM contacts")
	d.eventually("4", "SELECT COUNT(*) FROM sync_cursors WHERE name LIKE 'import:%' AND value LIKE '%done%true%'") // of the second daemon, too, no page is under way
	status, body := d.admin("POST", "pause", "", "token")
	require.Equal(t, 200, status, body)
	require.Contains(t, body, "both directions are paused since")
	require.Contains(t, body, `"to_api":true,"to_odoo":true`)
	for _, each := range []*daemon{d, other, start(t, f.dsn, simulated(f.url))} {
		require.Eventually(t, func() bool { return strings.Contains(each.ready(), "both directions are paused") }, 20*time.Second, 20*time.Millisecond)
	}
	d.eventually("0", "SELECT COUNT(*) FROM sync_leases WHERE name IN ('poll', 'push', 'sweep') AND until > UTC_TIMESTAMP(6)") // what was under way has ended
	f.sim.Write("res.partner", id, odoosim.Values{"city": "Brest"})
	other.tell(id)
	d.api("UPDATE contacts SET phone = '02 40 00 00 01'")
	for _, path := range []string{"resync", "push", "resync/res.partner/1"} {
		status, a := other.ask(path, "")
		require.Equal(t, []any{409, "paused"}, []any{status, a.Code}, path)
		require.Contains(t, a.Message, "POST /admin/api/resume")
	}
	_, err := f.session().Resync(context.Background(), io.Discard, app.ResyncOptions{Mode: reconcile.ModeFull})
	require.ErrorContains(t, err, "both directions are paused")
	status, plan := d.ask("resync", `{"dry_run": true}`)
	require.Equal(t, 202, status, "it changes nothing")
	d.run(plan.RunID)
	require.Equal(t, "Vannes | 1 | 1", d.rows("SELECT city, (SELECT COUNT(*) FROM webhook_logs WHERE status = 'pending'), (SELECT COUNT(*) FROM sync_outbox WHERE status = 'pending') FROM contacts"))
	require.NotEqual(t, "02 40 00 00 01", f.sim.Get("res.partner", id)["phone"])

	status, body = other.admin("POST", "resume", `{"direction": "to_api"}`, "token")
	require.Equal(t, 200, status)
	require.Contains(t, body, "MySQL → Odoo is paused since")
	d.eventually("Brest", "SELECT city FROM contacts")
	status, body = d.admin("POST", "resume", "", "token")
	require.Equal(t, 200, status)
	require.Contains(t, body, "nothing is paused")
	require.Eventually(t, func() bool { return f.sim.Get("res.partner", id)["phone"] == "02 40 00 00 01" }, 20*time.Second, 20*time.Millisecond)
	require.NotContains(t, d.ready(), "paused")
}

// A pause ends what is under way, and it goes on where it stopped.
func TestAPauseEndsARunningResync(t *testing.T) {
	f := newFilled(t)
	f.exec("INSERT INTO contacts (name) VALUES ('Ours')")
	reached, release := f.stuck()
	d := start(t, f.dsn, quiet(f.url))
	var first asked
	require.Eventually(t, func() bool { var status int; status, first = d.ask("resync", ""); return status == 202 }, 20*time.Second, 20*time.Millisecond)
	<-reached
	status, _ := d.ask("pause", `{"direction": "to_odoo"}`)
	require.Equal(t, 200, status)
	paused := d.rows("SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)")
	d.eventually("1", "SELECT heartbeat_at > '"+paused+"' FROM sync_runs") // it has looked since
	release()
	require.Equal(t, "cancelled", string(d.run(first.RunID).State))
	status, _ = d.ask("resume", "")
	require.Equal(t, 200, status)
	status, again := d.ask("resync", "")
	require.Equal(t, []any{202, first.RunID}, []any{status, again.RunID})
	require.Equal(t, "done", string(d.run(again.RunID).State))
}
