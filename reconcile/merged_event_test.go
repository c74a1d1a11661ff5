package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// A contact without documents that Odoo has merged into another one follows its
// event's word, if such a contact is there.
func TestAMergeIsToldByItsEvent(t *testing.T) {
	for _, tt := range []struct {
		name, into string
		merged     string
	}{
		{"into the survivor", "%d", "Mairie"},
		{"into nobody", "4711", "NULL"},
		{"into itself", "-", "NULL"},
		{"a word that is no id", `"x"`, "NULL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newPushBench(t, 17)
			kept, gone := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"}), b.sim.Create("res.partner", odoosim.Values{"name": "Mairie bis"})
			b.sync("res.partner", kept, gone)
			b.sim.MergePartners(kept, gone)
			into := tt.into
			switch into {
			case "%d":
				into = fmt.Sprint(kept)
			case "-":
				into = fmt.Sprint(gone)
			}
			b.tell(b.engine, "res.partner.deleted", "res.partner", gone, int(time.Since(storyDay).Seconds()), fmt.Sprintf(`{"id": %d, "merged_into": %s}`, gone, into))
			require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM contacts WHERE name = 'Mairie bis' AND deleted_at IS NOT NULL"))
			merged := b.rows("SELECT s.name FROM contacts c JOIN contacts s ON s.id = c.merged_into WHERE c.name = 'Mairie bis'")
			if tt.merged == "NULL" {
				require.Empty(t, merged)
				return
			}
			require.Equal(t, tt.merged, merged)
		})
	}
}
