package main

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/odoosim"
)

// twoSides are a simulated Odoo and a database with the settings of a program
// between them.
func twoSides(t *testing.T) (*odoosim.Server, *mysqldb.DB, []string) {
	t.Helper()
	sim := odoosim.New(odoosim.Options{})
	odoo, err := sim.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sim.Close()) })
	dsn := dbtest.DSN(t)
	return sim, dbtest.Open(t, dsn), []string{"ODOOSYNC_DATABASE_DSN=" + dsn, "ODOOSYNC_ODOO_URL=" + odoo, "ODOOSYNC_ODOO_DATABASE=odoosim", "ODOOSYNC_ODOO_LOGIN=sync",
		"ODOOSYNC_ODOO_API_KEY=sim-key", "ODOOSYNC_RECONCILE_PAGE=50", "ODOOSYNC_LOG_LEVEL=error"}
}

func TestExitCodesOfPlanAndResync(t *testing.T) {
	sim, db, environ := twoSides(t)
	sim.Create("res.partner", odoosim.Values{"name": "Mairie", "email": "mairie@example.org"})
	_, err := db.Exec("INSERT INTO contacts (name, email) VALUES ('Mairie', 'mairie@example.org')")
	require.NoError(t, err)
	for _, tt := range []struct {
		name   string
		before func()
		args   []string
		code   int
		says   string
	}{
		{"an id of nothing", nil, []string{"plan", "--id", "4"}, exitUsage, "--id needs --entity"},
		{"a word for an id", nil, []string{"plan", "--id", "x"}, exitUsage, `--id takes whole numbers such as 12,13, not "x"`},
		{"an id that is none among others", nil, []string{"plan", "--entity", "contacts", "--id", "1,-2"}, exitUsage, "a number above 0"},
		{"no id", nil, []string{"resync", "--entity", "contacts", "--id", "0"}, exitUsage, "a number above 0"},
		{"an unknown mode", nil, []string{"resync", "--mode", "quick"}, exitUsage, "full or incremental"},
		{"an unknown entity", nil, []string{"plan", "--entity", "contact"}, exitUsage, "did you mean contacts?"},
		{"a plan of no record", nil, []string{"plan", "--entity", "contacts", "--id", "999"}, exitFailed, "Odoo has no res.partner 999"},
		{"a resync of no record", nil, []string{"resync", "--entity", "contacts", "--id", "999"}, exitFailed, "no row of contacts belongs to it"},
		{"a plan", nil, []string{"plan"}, exitDone, "1  adopt"},
		{"a dry run", nil, []string{"resync", "--dry-run"}, exitDone, "1  adopt"},
		{"one record", nil, []string{"plan", "--entity", "contacts", "--id", "1"}, exitDone, "row 1, Odoo's 1"},
		{"as JSON", nil, []string{"plan", "--json"}, exitDone, `{"counts":{"contacts":{"local":{"adopt":1}}}}`},
		{"a resync", nil, []string{"resync"}, exitDone, "1 adopted, 0 created here, 0 created in Odoo"},
		{"a second plan", nil, []string{"plan"}, exitDone, "Nothing to do"},
		{"a row Odoo has no place for", func() {
			_, err := db.Exec("INSERT INTO contacts (name, country_code) VALUES ('Nulle part', 'ZZ')")
			require.NoError(t, err)
		}, []string{"plan"}, exitPartly, `no res.country with code "ZZ"`},
		{"is refused", nil, []string{"resync"}, exitPartly, "1 refused"},
		{"is in the status", nil, []string{"status"}, exitPartly, "contacts, Odoo id none, row 2, error: "},
		{"with its edit", nil, []string{"status"}, exitPartly, "Edits for Odoo: 0 pending (oldest 0s), 1 refused."},
		{"one record alone", func() { sim.Write("res.partner", 1, odoosim.Values{"city": "Brest"}) },
			[]string{"resync", "--entity", "contacts", "--id", "1", "--allow-deletes"}, exitPartly, "1 updated here"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if tt.before != nil {
				tt.before()
			}
			out, err := run(t, environ, tt.args...)
			if err != nil {
				out += sentence(err)
			}
			require.Equal(t, tt.code, exitCode(err), out)
			require.Contains(t, out, tt.says)
		})
	}
	_, err = run(t, environ[:1], "plan")
	require.Equal(t, exitUsage, exitCode(err))
	require.ErrorContains(t, err, "set odoo.url")
}

// A resync that is killed goes on where it stopped, and makes nothing twice.
func TestAResyncKilledAgainAndAgain(t *testing.T) {
	sim, db, environ := twoSides(t)
	const each = 400 // on both sides, in Odoo alone, and here alone
	for i := range each {
		sim.Create("res.partner", odoosim.Values{"name": fmt.Sprint("Both ", i), "email": fmt.Sprintf("both%d@example.org", i)})
		sim.Create("res.partner", odoosim.Values{"name": fmt.Sprint("Theirs ", i)})
		_, err := db.Exec("INSERT INTO contacts (name, email) VALUES (?, ?), (?, NULL)", fmt.Sprint("Both ", i), fmt.Sprintf("both%d@example.org", i), fmt.Sprint("Ours ", i))
		require.NoError(t, err)
	}
	count := func(query string) (n int) {
		require.NoError(t, db.QueryRow(query).Scan(&n))
		return n
	}
	begin := func() *exec.Cmd {
		// A dead process's leases and claims would only run out in a while.
		_, err := db.Exec("UPDATE sync_leases SET until = '2000-01-01'")
		require.NoError(t, err)
		_, err = db.Exec("UPDATE sync_outbox SET lease_until = '2000-01-01' WHERE lease_until IS NOT NULL")
		require.NoError(t, err)
		_, err = db.Exec("UPDATE sync_links SET intent_deadline = '2000-01-01' WHERE intent_deadline IS NOT NULL")
		require.NoError(t, err)
		cmd := exec.Command(os.Args[0], "resync")
		cmd.Dir, cmd.Env, cmd.Stderr = t.TempDir(), append(append(os.Environ(), "ODOOSYNC_TEST_MAIN=1"), environ...), os.Stderr
		require.NoError(t, cmd.Start())
		return cmd
	}
	const linked = "SELECT COUNT(*) FROM sync_links WHERE local_id IS NOT NULL AND odoo_id IS NOT NULL"
	state := func() string { return text(t, db, "SELECT state FROM sync_runs") }
	kills := 0
	for _, at := range []int{100, 400, 810, 1000} {
		cmd := begin()
		require.Eventually(t, func() bool { return count(linked) >= at }, 60*time.Second, time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait() // it was killed
		if state() == "done" {
			break // on a busy machine it was quicker than the kill
		}
		kills++
	}
	require.Positive(t, kills)
	if state() != "done" {
		require.NoError(t, begin().Wait(), "nothing is left for a person")
	}
	require.Equal(t, 3*each, count("SELECT COUNT(*) FROM contacts"))
	require.Len(t, sim.IDs("res.partner"), 3*each)
	require.Equal(t, 3*each, count(linked))
	require.Equal(t, 1, count("SELECT COUNT(*) FROM sync_runs"), "it is one run all along")
	require.Equal(t, "done", state())
	require.Equal(t, fmt.Sprint(each), text(t, db, "SELECT JSON_VALUE(counts, '$.adopted') FROM sync_runs"))
}

func text(t *testing.T, db *mysqldb.DB, query string) (s string) {
	t.Helper()
	require.NoError(t, db.QueryRow(query).Scan(&s))
	return s
}
