package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/queue"
)

// The survivor of a merge was itself merged by the time that the first event is
// worked: both rows lead to what is left.
func TestAMergeIntoOneThatWasMergedSince(t *testing.T) {
	b := newPushBench(t, 17)
	last, middle, first := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"}), b.sim.Create("res.partner", odoosim.Values{"name": "Mairie bis"}), b.sim.Create("res.partner", odoosim.Values{"name": "Mairie ter"})
	b.sync("res.partner", last, middle, first)
	b.sim.MergePartners(middle, first)
	b.sim.MergePartners(last, middle)
	for _, pair := range [][2]int64{{first, middle}, {middle, last}} {
		data := fmt.Sprintf(`{"id": %d, "merged_into": %d}`, pair[0], pair[1])
		_, err := b.inbox.Append(b.ctx, queue.Event{Type: "res.partner.deleted", Model: "res.partner", OdooID: pair[0], Source: queue.SourceWebhook, Data: []byte(data),
			Body: []byte(`{"event": "res.partner.deleted", "timestamp": "", "data": ` + data + `}`), EventTime: time.Now()})
		require.NoError(t, err)
	}
	b.work(b.engine, nil)
	require.Equal(t, "2", b.rows("SELECT COUNT(*) FROM contacts WHERE deleted_at IS NOT NULL"))
	require.Equal(t, "Mairie", b.rows("SELECT s.name FROM contacts c JOIN contacts s ON s.id = c.merged_into WHERE c.name = 'Mairie bis'"))
	require.NotEmpty(t, b.rows("SELECT s.name FROM contacts c JOIN contacts s ON s.id = c.merged_into WHERE c.name = 'Mairie ter'"))
}
