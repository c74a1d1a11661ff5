package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// Where a document is now is a guess. What the event of the merge tells is not:
// a person may have given the document to somebody else since.
func TestAnEventsWordGoesBeforeAGuess(t *testing.T) {
	b := newPushBench(t, 17)
	kept, gone, other := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"}), b.sim.Create("res.partner", odoosim.Values{"name": "Mairie bis"}), b.sim.Create("res.partner", odoosim.Values{"name": "Lycée"})
	order := b.sim.Create("sale.order", odoosim.Values{"partner_id": gone})
	b.sync("res.partner", kept, gone, other)
	b.sync("sale.order", order)
	b.sim.MergePartners(kept, gone)
	b.sim.Write("sale.order", order, odoosim.Values{"partner_id": other})
	b.tell(b.engine, "res.partner.deleted", "res.partner", gone, int(time.Since(storyDay).Seconds()), fmt.Sprintf(`{"id": %d, "merged_into": %d}`, gone, kept))
	require.Equal(t, "Mairie", b.rows("SELECT s.name FROM contacts c JOIN contacts s ON s.id = c.merged_into WHERE c.name = 'Mairie bis'"))
}
