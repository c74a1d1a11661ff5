package sweep_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A row that was edited here since its record was lost is not deleted without a
// word: somebody's edit is in it.
func TestAnEditedRowIsNotLetGoInSilence(t *testing.T) {
	b, id := restoredWithAStranger(t)
	b.pollHalts()
	b.api("UPDATE contacts SET phone = '+33 2 99 00 00 00' WHERE name = 'Nouveau'")
	b.push() // it waits
	b.accepted()
	b.poll()
	b.clock.Advance(10 * time.Minute)
	b.push()
	require.Equal(t, "Un tout autre", b.rows("SELECT name FROM contacts WHERE odoo_id = ?", id))
	again, err := strconv.ParseInt(b.rows("SELECT odoo_id FROM contacts WHERE name = 'Nouveau' AND deleted_at IS NULL"), 10, 64)
	require.NoError(t, err)
	require.Equal(t, "+33 2 99 00 00 00", b.sim.Get("res.partner", again)["phone"], "the row is a record again")
	require.Equal(t, "+33 2 99 00 00 00 | local | a restored Odoo had lost the record", b.rows("SELECT local_value, winner, resolved_by FROM sync_conflicts"))
	require.Equal(t, "done", b.rows("SELECT DISTINCT status FROM sync_outbox"))
}
