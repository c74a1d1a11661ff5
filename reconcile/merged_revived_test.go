package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// A merge is taken back: Odoo was restored, and has the contact again. Its row
// lives, and is no longer said to have been merged into another one.
func TestAContactThatComesBackIsNotMergedAnyMore(t *testing.T) {
	t.Run("payload", func(t *testing.T) {
		b, p := newPayloadBench(t)
		b.tell(p, "res.partner.created", "res.partner", 1, 0, `{"id": 1, "name": "Mairie", "is_company": true}`)
		b.tell(p, "res.partner.created", "res.partner", 2, 1, `{"id": 2, "name": "Mairie bis", "is_company": true}`)
		b.tell(p, "res.partner.deleted", "res.partner", 2, 2, `{"id": 2, "merged_into": 1}`)
		b.tell(p, "res.partner.updated", "res.partner", 2, 3, `{"id": 2, "name": "Mairie bis", "city": "Vannes", "is_company": true}`)
		require.Equal(t, "Mairie bis | NULL | NULL", b.rows("SELECT name, deleted_at, merged_into FROM contacts WHERE name = 'Mairie bis'"))
		b.tell(p, "res.partner.deleted", "res.partner", 1, 4, `{"id": 1, "merged_into": 2}`)
		require.Equal(t, "0", b.rows("SELECT COUNT(*) FROM contacts a JOIN contacts c ON c.merged_into = a.id AND a.merged_into = c.id"))
	})
	t.Run("read", func(t *testing.T) {
		b := newPushBench(t, 17)
		kept, gone := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"}), b.sim.Create("res.partner", odoosim.Values{"name": "Mairie bis"})
		b.sync("res.partner", kept, gone)
		before := b.sim.Snapshot()
		b.sim.MergePartners(kept, gone)
		b.tell(b.engine, "res.partner.deleted", "res.partner", gone, int(time.Since(storyDay).Seconds()), fmt.Sprintf(`{"id": %d, "merged_into": %d}`, gone, kept))
		require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM contacts WHERE merged_into IS NOT NULL"))
		b.sim.Restore(before)
		b.sync("res.partner", gone)
		require.Equal(t, "Mairie bis | NULL | NULL", b.rows("SELECT name, deleted_at, merged_into FROM contacts WHERE name = 'Mairie bis'"))
	})
}
