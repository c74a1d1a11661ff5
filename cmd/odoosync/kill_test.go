package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/odoosim"
)

// TestMain lets the test binary be the program itself, to be started and
// killed.
func TestMain(m *testing.M) {
	if os.Getenv("ODOOSYNC_TEST_MAIN") == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program starts the daemon as a process of its own and waits until it says
// where it listens.
func program(t *testing.T, dir string, environ []string) (*exec.Cmd, string) {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, "stderr.log"))
	require.NoError(t, err)
	defer func() { require.NoError(t, log.Close()) }() // the process has its own
	cmd := exec.Command(os.Args[0], "serve")
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "ODOOSYNC_TEST_MAIN=1"), environ...)
	cmd.Stderr = log
	said, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if url, listens := strings.CutPrefix(lines.Text(), "Listening at "); listens {
			return cmd, url
		}
	}
	failure, err := os.ReadFile(log.Name())
	require.NoError(t, err)
	t.Fatalf("the daemon ended before it listened: %s", failure)
	return nil, ""
}

// TestKilledAgainAndAgain kills the daemon with -9 while events pour in. Every
// acknowledged event is applied in the end, and nothing is applied twice.
func TestKilledAgainAndAgain(t *testing.T) {
	sim := odoosim.New(odoosim.Options{})
	odoo, err := sim.Start()
	require.NoError(t, err)
	defer func() { require.NoError(t, sim.Close()) }()
	dsn := dbtest.DSN(t)
	db := dbtest.Open(t, dsn)
	environ := []string{"ODOOSYNC_DATABASE_DSN=" + dsn, "ODOOSYNC_ODOO_URL=" + odoo, "ODOOSYNC_ODOO_DATABASE=odoosim", "ODOOSYNC_ODOO_LOGIN=sync",
		"ODOOSYNC_ODOO_API_KEY=sim-key", "ODOOSYNC_HTTP_LISTEN=127.0.0.1:0", "ODOOSYNC_WEBHOOKS_API_KEYS=key", "ODOOSYNC_LOG_LEVEL=error"}
	dir := t.TempDir()
	client := &http.Client{Timeout: 5 * time.Second}
	acknowledged := map[int64]bool{}
	for round := range 6 {
		cmd, url := program(t, dir, environ)
		kill := time.AfterFunc(time.Duration(40+round*37)*time.Millisecond, func() { _ = cmd.Process.Kill() })
		for i := 0; ; i++ {
			id := sim.Create("res.partner", odoosim.Values{"name": fmt.Sprintf("Contact %d-%d", round, i)})
			body := fmt.Sprintf(`{"event": "res.partner.created", "timestamp": %q, "data": {"id": %d}}`, time.Now().UTC().Format(time.RFC3339), id)
			req, err := http.NewRequest(http.MethodPost, url+"/webhooks/odoo/partner", strings.NewReader(body))
			require.NoError(t, err)
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Authorization", "Bearer key")
			resp, err := client.Do(req)
			if err != nil {
				break // killed
			}
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				acknowledged[id] = true
			}
		}
		kill.Stop()
		_ = cmd.Wait() // it was killed
	}
	require.NotEmpty(t, acknowledged)
	// A dead worker's leases would only run out in minutes.
	_, err = db.Exec("UPDATE webhook_logs SET lease_until = '2000-01-01' WHERE lease_until IS NOT NULL")
	require.NoError(t, err)
	cmd, _ := program(t, dir, environ)
	require.Eventually(t, func() bool {
		var pending int
		require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM webhook_logs WHERE status = 'pending' AND source = 'webhook'").Scan(&pending))
		return pending == 0
	}, 30*time.Second, 50*time.Millisecond)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.NoError(t, cmd.Wait(), "an interrupted daemon ends well")

	for id := range acknowledged {
		var rows, creations int
		require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM contacts WHERE odoo_id = ?", id).Scan(&rows))
		require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM sync_changes WHERE entity = 'contacts' AND odoo_id = ?", id).Scan(&creations))
		require.Equal(t, []int{1, 1}, []int{rows, creations}, "contact %d", id)
	}
	t.Logf("%d acknowledged events over %d kills", len(acknowledged), 6)
}

// TestImportKilledAgainAndAgain kills the daemon with -9 while it imports.
// Every record is here in the end, once, and no page was passed half done.
func TestImportKilledAgainAndAgain(t *testing.T) {
	sim := odoosim.New(odoosim.Options{})
	odoo, err := sim.Start()
	require.NoError(t, err)
	defer func() { require.NoError(t, sim.Close()) }()
	const contacts = 3_000
	parent := int64(0)
	for i := range contacts {
		values := odoosim.Values{"name": fmt.Sprintf("Contact %d", i)}
		if i%3 > 0 {
			values["parent_id"] = parent
		}
		id := sim.Create("res.partner", values)
		if i%3 == 0 {
			parent = id
		}
	}
	dsn := dbtest.DSN(t)
	db := dbtest.Open(t, dsn)
	environ := []string{"ODOOSYNC_DATABASE_DSN=" + dsn, "ODOOSYNC_ODOO_URL=" + odoo, "ODOOSYNC_ODOO_DATABASE=odoosim", "ODOOSYNC_ODOO_LOGIN=sync",
		"ODOOSYNC_ODOO_API_KEY=sim-key", "ODOOSYNC_HTTP_LISTEN=127.0.0.1:0", "ODOOSYNC_WEBHOOKS_API_KEYS=key", "ODOOSYNC_RECONCILE_PAGE=100", "ODOOSYNC_LOG_LEVEL=error"}
	dir := t.TempDir()
	count := func() (n int) {
		require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM contacts").Scan(&n))
		return n
	}
	kills := 0
	for before := 0; before < contacts*2/3; kills++ {
		cmd, _ := program(t, dir, environ)
		require.Eventually(t, func() bool { return count() > before+200+37*kills }, 30*time.Second, time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait() // it was killed
		before = count()
	}
	cmd, _ := program(t, dir, environ)
	require.Eventually(t, func() bool {
		var done int
		require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM sync_cursors WHERE name = 'import:res.partner' AND value LIKE '%done%true%'").Scan(&done))
		return done == 1
	}, 30*time.Second, 20*time.Millisecond)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.NoError(t, cmd.Wait(), "an interrupted daemon ends well")

	require.Equal(t, contacts, count())
	for query, want := range map[string]int{
		"SELECT COUNT(*) FROM contacts WHERE parent_id IS NOT NULL":                       contacts * 2 / 3,
		"SELECT COUNT(*) FROM sync_links WHERE state = 'synced' AND local_id IS NOT NULL": contacts,
		"SELECT COUNT(*) FROM sync_changes WHERE op = 'create'":                           contacts,
		"SELECT COUNT(*) FROM sync_changes WHERE op <> 'create'":                          0,
		"SELECT COUNT(*) FROM sync_waits":                                                 0,
	} {
		var n int
		require.NoError(t, db.QueryRow(query).Scan(&n))
		require.Equal(t, want, n, query)
	}
	t.Logf("%d contacts imported over %d kills", contacts, kills)
}
