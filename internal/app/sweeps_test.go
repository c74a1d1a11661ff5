package app_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/configs"
	"odoosync/internal/odoosim"
)

// The daemon polls by its schedule, and takes up a sweep that a dead process
// left, without anybody asking.
func TestPollAndSweepRunByThemselves(t *testing.T) {
	f := newFilled(t)
	d := start(t, f.dsn, func(c *configs.Config) {
		quiet(f.url)(c)
		c.Schedule.Poll = 100 * time.Millisecond
	})
	d.eventually("4", "SELECT COUNT(*) FROM sync_cursors WHERE name LIKE 'import:%' AND value LIKE '%done%true%'")
	id := f.sim.Create("res.partner", odoosim.Values{"name": "Sans webhook"})
	d.eventually("Sans webhook | poll", fmt.Sprintf("SELECT c.name, h.cause_kind FROM contacts c JOIN sync_changes h ON h.entity = 'contacts' AND h.odoo_id = c.odoo_id WHERE c.odoo_id = %d", id))

	f.sim.Unlink("res.partner", id)
	f.deadSweep()
	d.eventually("done | 1", "SELECT state, JSON_EXTRACT(counts, '$.\"contacts.deleted\"') FROM sync_runs WHERE kind = 'sweep'")
	d.eventually("1", fmt.Sprintf("SELECT COUNT(*) FROM contacts WHERE odoo_id = %d AND deleted_at IS NOT NULL", id))
	_, metrics := d.admin("GET", "status", "", "token")
	require.Contains(t, metrics, `"kind":"sweep"`)
}

// A mass delete in Odoo that a sweep found is held, shows in the metrics with
// what else it found, and passes once a person allows it for that run.
func TestHeldDeletesOfASweepAreAllowed(t *testing.T) {
	f := newFilled(t)
	var ids []int64
	for i := range 40 {
		ids = append(ids, f.sim.Create("res.partner", odoosim.Values{"name": fmt.Sprint("École ", i)}))
	}
	d := start(t, f.dsn, func(c *configs.Config) {
		quiet(f.url)(c)
		c.Schedule.Poll, c.Reconcile.MaxDeletes = time.Hour, 5
	})
	d.eventually("4", "SELECT COUNT(*) FROM sync_cursors WHERE name LIKE 'import:%' AND value LIKE '%done%true%'")
	for _, id := range ids[:25] {
		f.sim.Unlink("res.partner", id)
	}
	f.deadSweep()
	d.eventually("done | 25", "SELECT state, JSON_EXTRACT(counts, '$.\"contacts.held\"') FROM sync_runs WHERE kind = 'sweep'")
	require.Equal(t, "0", d.rows("SELECT COUNT(*) FROM contacts WHERE deleted_at IS NOT NULL"))
	require.Contains(t, d.metrics(), `odoosync_held_deletes{entity="contacts"} 25`)

	status, _ := d.admin("POST", "runs/"+d.rows("SELECT MAX(id) FROM sync_runs WHERE kind = 'sweep'")+"/allow-deletes", "", "token")
	require.Equal(t, 202, status)
	d.eventually("25", "SELECT COUNT(*) FROM contacts WHERE deleted_at IS NOT NULL")
	d.eventually("done", "SELECT state FROM sync_runs WHERE kind = 'sweep' ORDER BY id DESC LIMIT 1")
}

// deadSweep leaves a sweep whose process died right after it had begun.
func (f *filled) deadSweep() {
	f.t.Helper()
	position := fmt.Sprintf(`{"began": %q, "deep": {}, "rows": {}}`, time.Now().UTC().Format(time.RFC3339))
	_, err := f.db.Exec("INSERT INTO sync_runs (kind, mode, position, started_at, heartbeat_at) VALUES ('sweep', 'lists', ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))", position)
	require.NoError(f.t, err)
}

// metrics are what a monitor scrapes.
func (d *daemon) metrics() string {
	d.t.Helper()
	resp, err := http.Get(d.app.URL() + "/metrics")
	require.NoError(d.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(d.t, err)
	return string(text)
}
