package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/mysqldb"
	"odoosync/internal/odoosim"
	"odoosync/reconcile/sweep"
)

// daemon is a running program and where it listens.
type daemon struct {
	cmd *exec.Cmd
	url string
}

// TestTheSweepIsTakenOver kills, of two daemons on one database, the one that
// sweeps, again and again (ODOOSYNC_TEST_TAKEOVERS times, else once), while webhooks
// come in. The other goes on with the sweep; nothing is lost, nothing is done
// twice.
func TestTheSweepIsTakenOver(t *testing.T) {
	kills := 1
	if text := os.Getenv("ODOOSYNC_TEST_TAKEOVERS"); text != "" {
		var err error
		kills, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	sim, db, environ := twoSides(t)
	environ = append(environ, "ODOOSYNC_HTTP_LISTEN=127.0.0.1:0", "ODOOSYNC_WEBHOOKS_API_KEYS=key", "ODOOSYNC_SCHEDULE_POLL=1h", "ODOOSYNC_LOG_LEVEL=error")
	contacts := 1500 + 400*kills
	year := time.Now().UTC().Add(-365 * 24 * time.Hour)
	written := func(i int) time.Time { return year.Add(time.Duration(i) * time.Minute) }
	first := sim.Seed("res.partner", contacts, func(i int) odoosim.Values { return odoosim.Values{"name": fmt.Sprintf("Lycée %d", i)} }, written)
	running := []daemon{begin(t, environ), begin(t, environ)}
	defer func() {
		for _, d := range running {
			_ = d.cmd.Process.Kill()
			_ = d.cmd.Wait() // it was killed
		}
	}()
	eventually(t, func() bool {
		return number(t, db, "SELECT COUNT(*) FROM contacts WHERE odoo_id >= ?", first) == contacts
	}, "the import")
	eventually(t, func() bool {
		return number(t, db, "SELECT COUNT(*) FROM sync_cursors WHERE name LIKE 'import:%' AND JSON_CONTAINS(value, 'true', '$.done')") == 4
	}, "the import's end")

	for i := range contacts { // what only a list shows: no webhook, and a date of last year
		sim.Raw("res.partner", first+int64(i), odoosim.Values{"city": "Rennes", "write_date": written(i).Add(time.Second)})
	}
	sim.SetFaults(odoosim.Faults{PerRecord: time.Duration(kills+1) * 2 * time.Millisecond})
	require.NoError(t, sweep.Want(t.Context(), db, time.Now(), "", "the test"))

	live := &told{t: t, sim: sim, acknowledged: map[int64]bool{}}
	live.to(running)
	var took []time.Duration
	for range kills {
		done := number(t, db, "SELECT COUNT(*) FROM contacts WHERE city = 'Rennes'")
		eventually(t, func() bool {
			return holder(t, db) != 0 && number(t, db, "SELECT COUNT(*) FROM contacts WHERE city = 'Rennes'") > done+50
		}, "the sweep's going on")
		leader := slices.IndexFunc(running, func(d daemon) bool { return d.cmd.Process.Pid == holder(t, db) })
		require.GreaterOrEqual(t, leader, 0)
		killed := time.Now()
		require.NoError(t, running[leader].cmd.Process.Kill())
		_ = running[leader].cmd.Wait() // it was killed
		other := running[1-leader].cmd.Process.Pid
		eventually(t, func() bool { return holder(t, db) == other }, "the takeover")
		took = append(took, time.Since(killed).Round(100*time.Millisecond))
		running[leader] = begin(t, environ)
		live.to(running)
	}
	eventually(t, func() bool {
		return number(t, db, "SELECT COUNT(*) FROM sync_runs WHERE kind = 'sweep' AND state = 'done'") == 1
	}, "the sweep's end")
	live.end()
	require.NotEmpty(t, live.acknowledged)
	_, err := db.Exec("UPDATE webhook_logs SET lease_until = '2000-01-01' WHERE lease_until IS NOT NULL") // of the dead
	require.NoError(t, err)
	eventually(t, func() bool {
		return number(t, db, "SELECT COUNT(*) FROM webhook_logs WHERE status = 'pending' AND source = 'webhook'") == 0
	}, "the webhooks' end")

	require.Equal(t, 1, number(t, db, "SELECT COUNT(*) FROM sync_runs WHERE kind = 'sweep'"), "it is one run, whoever worked it")
	require.Equal(t, contacts, number(t, db, "SELECT COUNT(*) FROM contacts WHERE city = 'Rennes'"), "nothing is lost")
	require.Equal(t, contacts, number(t, db, "SELECT COUNT(*) FROM sync_changes WHERE entity = 'contacts' AND op = 'update' AND odoo_id BETWEEN ? AND ?", first, first+int64(contacts)-1), "nothing is done twice")
	for id := range live.acknowledged {
		require.Equal(t, 1, number(t, db, "SELECT COUNT(*) FROM contacts WHERE odoo_id = ?", id))
		require.Equal(t, 1, number(t, db, "SELECT COUNT(*) FROM sync_changes WHERE entity = 'contacts' AND odoo_id = ?", id))
	}
	t.Logf("%d kills with %d webhooks acknowledged beside the sweep; taken over after %v", kills, len(live.acknowledged), took)
	for _, d := range took {
		require.Less(t, d, 30*time.Second)
	}
}

func begin(t *testing.T, environ []string) daemon {
	t.Helper()
	cmd, url := program(t, t.TempDir(), environ)
	return daemon{cmd, url}
}

// holder is the process that sweeps, 0 for none.
func holder(t *testing.T, db *mysqldb.DB) int {
	t.Helper()
	var owner string
	err := db.QueryRow("SELECT owner FROM sync_leases WHERE name = 'sweep' AND until >= UTC_TIMESTAMP(6)").Scan(&owner)
	if errors.Is(err, sql.ErrNoRows) {
		return 0
	}
	require.NoError(t, err)
	words := strings.Fields(owner)
	pid, err := strconv.Atoi(words[len(words)-2])
	require.NoError(t, err, owner)
	return pid
}

func number(t *testing.T, db *mysqldb.DB, query string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow(query, args...).Scan(&n))
	return n
}

func eventually(t *testing.T, f func() bool, what string) {
	t.Helper()
	require.Eventually(t, f, 3*time.Minute, 20*time.Millisecond, what)
}

// told sends webhooks of new contacts to the daemons in turn, and keeps those
// that were acknowledged.
type told struct {
	t   *testing.T
	sim *odoosim.Server

	stop         chan struct{}
	group        sync.WaitGroup
	acknowledged map[int64]bool
}

// to sends to these daemons from now on.
func (w *told) to(daemons []daemon) {
	w.end()
	w.stop = make(chan struct{})
	urls := []string{daemons[0].url, daemons[1].url}
	w.group.Go(func() {
		client := &http.Client{Timeout: 5 * time.Second}
		defer client.CloseIdleConnections()
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for i := 0; ; i++ {
			select {
			case <-w.stop:
				return
			case <-ticker.C:
			}
			id := w.sim.Create("res.partner", odoosim.Values{"name": fmt.Sprintf("En direct %d", i)})
			body := fmt.Sprintf(`{"event": "res.partner.created", "timestamp": %q, "data": {"id": %d}}`, time.Now().UTC().Format(time.RFC3339), id)
			req, err := http.NewRequest(http.MethodPost, urls[i%2]+"/webhooks/odoo/partner", strings.NewReader(body))
			if err != nil {
				return
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Authorization", "Bearer key")
			if resp, err := client.Do(req); err == nil { // else it was killed
				_ = resp.Body.Close()
				if resp.StatusCode == http.StatusOK {
					w.acknowledged[id] = true
				}
			}
		}
	})
}

// end stops it.
func (w *told) end() {
	if w.stop != nil {
		close(w.stop)
		w.group.Wait()
		w.stop = nil
	}
}
