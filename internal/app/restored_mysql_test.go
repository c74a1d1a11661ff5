package app_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"odoosync/configs"
	"odoosync/internal/odoosim"
)

// client runs a program of MariaDB's on the database, as docs/operations.md does.
func (f *filled) client(program string, stdin []byte, options ...string) []byte {
	f.t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		f.t.Skip("NOT CHECKED: " + program + " is missing, so that no backup is made and restored: install Debian's mariadb-client")
	}
	c, err := mysql.ParseDSN(f.dsn)
	require.NoError(f.t, err)
	at := []string{"--user=" + c.User, "--password=" + c.Passwd}
	if c.Net == "unix" {
		at = append(at, "--socket="+c.Addr)
	} else {
		host, port, err := net.SplitHostPort(c.Addr)
		require.NoError(f.t, err)
		at = append(at, "--protocol=tcp", "--host="+host, "--port="+port)
	}
	cmd := exec.Command(path, append(append(at, options...), c.DBName)...)
	cmd.Stdin = bytes.NewReader(stdin)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	require.NoError(f.t, err, complaints.String())
	return out
}

// MySQL is restored from a backup that was made while everything ran. What
// happened since comes back from Odoo, which had heard of it, and nothing is made
// twice there.
func TestARestoredMySQLCatchesUpFromOdoo(t *testing.T) {
	f := newFilled(t)
	names := []string{"Lycée", "Collège", "Fermé"}
	hourAgo := func(int) time.Time { return time.Now().Add(-time.Hour) } // a poll sees one write of a second
	edited := f.sim.Seed("res.partner", len(names), func(i int) odoosim.Values { return odoosim.Values{"name": names[i], "city": "Vannes"} }, hourAgo)
	renamed, gone := edited+1, edited+2
	settings := func(c *configs.Config) {
		simulated(f.url)(c)
		c.Schedule.Poll, c.Schedule.Push = 200*time.Millisecond, 100*time.Millisecond
	}
	d := start(t, f.dsn, settings)
	d.eventually("4", "SELECT COUNT(*) FROM sync_cursors WHERE name LIKE 'import:%' AND value LIKE '%done%true%'")
	d.eventually("3", "SELECT COUNT(*) FROM contacts WHERE odoo_id IS NOT NULL AND name <> ''")
	backup := f.client("mariadb-dump", nil, "--single-transaction", "--quick", "--triggers", "--routines")

	f.sim.Write("res.partner", edited, odoosim.Values{"city": "Nantes"})
	f.sim.Unlink("res.partner", gone)
	later := f.sim.Create("res.partner", odoosim.Values{"name": "Ouvert depuis"})
	api, err := d.app.OpenAsAPI()
	require.NoError(t, err)
	_, err = api.Exec("UPDATE contacts SET city = 'Rennes' WHERE odoo_id = ?", renamed)
	require.NoError(t, err)
	_, err = api.Exec("INSERT INTO contacts (name, ref) VALUES ('De l''API', 'API-1')")
	require.NoError(t, err)
	require.NoError(t, api.Close())
	d.eventually("1", "SELECT COUNT(*) FROM contacts WHERE ref = 'API-1' AND odoo_id IS NOT NULL")
	d.eventually("Nantes", fmt.Sprintf("SELECT city FROM contacts WHERE odoo_id = %d", edited))
	d.eventually("1", fmt.Sprintf("SELECT COUNT(*) FROM contacts WHERE odoo_id = %d", later))
	require.Eventually(t, func() bool { return f.sim.Get("res.partner", renamed)["city"] == "Rennes" }, 30*time.Second, 20*time.Millisecond)
	d.eventually("0", "SELECT COUNT(*) FROM sync_outbox WHERE status = 'pending'")
	inOdoo := len(f.sim.IDs("res.partner"))
	require.NoError(t, d.app.Stop(context.Background()))

	f.client("mariadb", backup)
	require.Equal(t, "3", fmt.Sprint(f.count("SELECT COUNT(*) FROM contacts")), "it is the copy")
	d = start(t, f.dsn, settings)
	d.eventually("Nantes", fmt.Sprintf("SELECT city FROM contacts WHERE odoo_id = %d", edited))
	d.eventually("Rennes", fmt.Sprintf("SELECT city FROM contacts WHERE odoo_id = %d", renamed))
	d.eventually("De l'API", "SELECT name FROM contacts WHERE ref = 'API-1' AND odoo_id IS NOT NULL")
	d.eventually("Ouvert depuis", fmt.Sprintf("SELECT name FROM contacts WHERE odoo_id = %d", later))
	d.admin("POST", "resync", "", "token") // a delete leaves nothing that a poll could see
	d.eventually("1", fmt.Sprintf("SELECT COUNT(*) FROM contacts WHERE odoo_id = %d AND deleted_at IS NOT NULL", gone))
	d.eventually("0", "SELECT COUNT(*) FROM sync_outbox WHERE status = 'pending'")
	require.Equal(t, "5", d.rows("SELECT COUNT(*) FROM contacts"))
	require.Len(t, f.sim.IDs("res.partner"), inOdoo, "nothing is made twice")
	require.Equal(t, "0", d.rows("SELECT COUNT(*) FROM sync_conflicts"))
}

func (f *filled) count(query string) (n int) {
	f.t.Helper()
	require.NoError(f.t, f.db.QueryRow(query).Scan(&n))
	return n
}
