package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// An older event of the contact, or the poll, finds that it is gone before the
// event of its merge comes: what that tells is noted all the same.
func TestAMergeIsToldAfterTheContactWasFoundGone(t *testing.T) {
	b := newPushBench(t, 17)
	kept, gone := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"}), b.sim.Create("res.partner", odoosim.Values{"name": "Mairie bis"})
	b.sync("res.partner", kept, gone)
	b.sim.MergePartners(kept, gone)
	second := int(time.Since(storyDay).Seconds())
	b.tell(b.engine, "res.partner.updated", "res.partner", gone, second, fmt.Sprintf(`{"id": %d}`, gone))
	b.tell(b.engine, "res.partner.deleted", "res.partner", gone, second, fmt.Sprintf(`{"id": %d, "merged_into": %d}`, gone, kept))
	require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM contacts WHERE name = 'Mairie bis' AND deleted_at IS NOT NULL"))
	require.Equal(t, "Mairie", b.rows("SELECT s.name FROM contacts c JOIN contacts s ON s.id = c.merged_into WHERE c.name = 'Mairie bis'"))
}
