package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
)

// braked is a bench with 30 synced contacts and a brake at 25 deletes or half.
func braked(t *testing.T) *pushBench {
	b := newPushBench(t, 17)
	b.engine = reconcile.New(reconcile.Options{DB: b.db, Odoo: b.client, Mapping: b.mapped, Hints: b.inbox, Clock: b.clock, Outbox: b.outbox, Remote: b.client,
		Companies: []int64{1}, Brake: reconcile.Brake{Deletes: 25, Percent: 50}})
	b.pusher = b.newPusher(b.engine, b.outbox)
	for i := range 30 {
		b.sync("res.partner", b.sim.Create("res.partner", odoosim.Values{"name": fmt.Sprintf("Contact %d", i)}))
	}
	return b
}

func (b *pushBench) active() (n int) {
	for _, id := range b.sim.IDs("res.partner") {
		if b.sim.Get("res.partner", id)["active"] == true {
			n++
		}
	}
	return n
}

// TRUNCATE fires no trigger: the sweep finds the rows, the brake holds their
// deletion, edits go on, and a person lets it through.
func TestATruncatedTableIsHeld(t *testing.T) {
	b := braked(t)
	b.api("SET FOREIGN_KEY_CHECKS = 0", "TRUNCATE contacts", "SET FOREIGN_KEY_CHECKS = 1")
	b.push()
	require.Equal(t, 30, b.active(), "nobody heard of it")
	found, err := b.engine.SweepRows(b.ctx)
	require.NoError(t, err)
	require.Equal(t, 30, found)
	b.push()
	require.Equal(t, 30, b.active(), "held")
	require.Contains(t, b.rows("SELECT DISTINCT error_message FROM sync_outbox WHERE status = 'pending'"), "held: 30 deletes of contacts in Odoo within a day, of 30 rows, look like an accident")
	b.api("INSERT INTO leads (name, email) VALUES ('Rome', 'r@example.org')")
	b.push()
	require.Len(t, b.sim.IDs("crm.lead"), 1, "edits go on")
	again, err := b.engine.SweepRows(b.ctx)
	require.NoError(t, err)
	b.clock.Advance(time.Hour)
	b.push()
	require.Equal(t, 30, b.active(), "still held, although found %d times", again)

	require.NoError(t, b.engine.AllowDeletes(b.ctx, "contacts"))
	b.push()
	require.Zero(t, b.active())
	require.Empty(t, b.pending())
}

// Deletes that come one by one are counted over a day, whatever tells of them.
func TestDeletesAreCountedOverADay(t *testing.T) {
	b := braked(t)
	for i := 1; i <= 22; i++ {
		b.api(fmt.Sprintf("DELETE FROM contacts WHERE id = %d", i))
		b.push()
	}
	require.Equal(t, 10, b.active(), "20 may go, whatever their share")
	require.Equal(t, 2, strings.Count(b.pending(), "held: "))
	b.clock.Advance(25 * time.Hour)
	b.push()
	require.Equal(t, 8, b.active(), "the next day they go")
}

// The other way round: an Odoo that loses its contacts takes no rows along.
func TestVanishedRecordsAreHeld(t *testing.T) {
	b := braked(t)
	for _, id := range b.sim.IDs("res.partner") {
		b.sim.Unlink("res.partner", id)
		b.hint("res.partner.deleted", "res.partner", id)
	}
	b.work(b.engine, b.clock)
	require.Equal(t, "0", b.rows("SELECT COUNT(*) FROM contacts WHERE deleted_at IS NOT NULL"))
	require.Contains(t, b.rows("SELECT DISTINCT error_message FROM webhook_logs WHERE status = 'pending' AND source = 'webhook'"), "held: 30 deletes of contacts in contacts")
	require.NoError(t, b.engine.AllowDeletes(b.ctx, "contacts"))
	b.work(b.engine, b.clock)
	require.Equal(t, "30", b.rows("SELECT COUNT(*) FROM contacts WHERE deleted_at IS NOT NULL"))
}

// A row that a foreign key's cascade took is found by the sweep too.
func TestACascadeIsFoundByTheSweep(t *testing.T) {
	b := newPushBench(t, 17)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	b.sync("res.partner", id)
	b.exec("CREATE TABLE schools (id INT PRIMARY KEY)")
	b.exec("INSERT INTO schools VALUES (1)")
	b.exec("ALTER TABLE contacts ADD COLUMN school INT NULL DEFAULT 1, ADD FOREIGN KEY (school) REFERENCES schools (id) ON DELETE CASCADE")
	b.api("DELETE FROM schools")
	b.push()
	require.Equal(t, 1, b.active())
	found, err := b.engine.SweepRows(b.ctx)
	require.NoError(t, err)
	require.Equal(t, 1, found)
	b.push()
	require.Zero(t, b.active())
}
