package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// One record that cannot be synced now does not have every poll read all that
// was written since in full.
func TestOneOpenRecordDoesNotHaveEverythingReadAgain(t *testing.T) {
	b := newBench(t, 17)
	ids := b.partners(300)
	b.imported()
	b.sim.Write("res.partner", ids[0], odoosim.Values{"city": "Rennes"})
	// Somebody is writing it, or is gone and nobody knows how far it came.
	b.exec("UPDATE sync_links SET intent = '{\"step\": \"update\", \"token\": \"x\"}', intent_deadline = ? WHERE odoo_id = ? AND entity = 'contacts'", b.clock.Now().Add(24*time.Hour), ids[0])
	b.clock.Advance(time.Minute)
	for _, id := range ids[1:] {
		b.sim.Write("res.partner", id, odoosim.Values{"city": "Nantes"})
	}
	b.poll()
	b.clock.Advance(time.Hour)
	b.poll() // they leave the overlap, and are read once more
	before := b.sim.Stats()
	for range 5 {
		b.clock.Advance(time.Minute)
		b.poll()
	}
	after := b.sim.Stats()
	require.Less(t, after.RecordsRead-before.RecordsRead, int64(100))

	// It is brought once it can be, by whichever process.
	b.start(b.o)
	require.Equal(t, "NULL", b.city(ids[0]))
	b.exec("UPDATE sync_links SET intent = NULL, intent_deadline = NULL WHERE odoo_id = ? AND entity = 'contacts'", ids[0])
	b.clock.Advance(time.Minute)
	b.poll()
	require.Equal(t, "Rennes", b.city(ids[0]))
	require.Equal(t, "NULL", b.rows("SELECT JSON_EXTRACT(value, '$.open') FROM sync_cursors WHERE name = 'poll:contacts'"))
}
