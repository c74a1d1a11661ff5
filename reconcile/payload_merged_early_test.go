package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Without an Odoo to ask, the survivor's own event may come after the one of the
// merge: what was told of it is kept until then.
func TestAMergeIsToldBeforeItsSurvivor(t *testing.T) {
	b, p := newPayloadBench(t)
	b.tell(p, "res.partner.created", "res.partner", 2, 1, `{"id": 2, "name": "Mairie bis", "is_company": true}`)
	b.tell(p, "res.partner.deleted", "res.partner", 2, 2, `{"id": 2, "merged_into": 1}`)
	b.tell(p, "res.partner.updated", "res.partner", 1, 2, `{"id": 1, "name": "Mairie", "is_company": true}`)
	require.Equal(t, "Mairie", b.rows("SELECT s.name FROM contacts c JOIN contacts s ON s.id = c.merged_into WHERE c.name = 'Mairie bis'"))
}
