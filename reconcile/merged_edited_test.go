package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/record"
)

// A contact that was edited here is merged in Odoo. Its row is kept until a person
// decides; who then follows Odoo is still told into which contact it went.
func TestAMergeOfAnEditedContactIsToldOnceItIsDecided(t *testing.T) {
	b := newPushBench(t, 17)
	kept, gone := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"}), b.sim.Create("res.partner", odoosim.Values{"name": "Mairie bis", "city": "Vannes"})
	b.sync("res.partner", kept, gone)
	b.api("UPDATE contacts SET city = 'Nantes' WHERE name = 'Mairie bis'")
	b.sim.MergePartners(kept, gone)
	b.tell(b.engine, "res.partner.deleted", "res.partner", gone, int(time.Since(storyDay).Seconds()), fmt.Sprintf(`{"id": %d, "merged_into": %d}`, gone, kept))
	b.push()
	require.Equal(t, "city", b.openFields())
	b.take(record.Odoo, "city")
	b.settle()
	require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM contacts WHERE name = 'Mairie bis' AND deleted_at IS NOT NULL"))
	require.Equal(t, "Mairie", b.rows("SELECT s.name FROM contacts c JOIN contacts s ON s.id = c.merged_into WHERE c.name = 'Mairie bis'"))
}
