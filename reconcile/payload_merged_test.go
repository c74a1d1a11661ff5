package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Without an Odoo to ask, the event of a merge is all that is known of it.
func TestAMergeIsToldByItsBody(t *testing.T) {
	b, p := newPayloadBench(t)
	b.tell(p, "res.partner.created", "res.partner", 1, 0, `{"id": 1, "name": "Mairie", "is_company": true}`)
	b.tell(p, "res.partner.created", "res.partner", 2, 1, `{"id": 2, "name": "Mairie bis", "is_company": true}`)
	b.tell(p, "res.partner.deleted", "res.partner", 2, 2, `{"id": 2, "merged_into": 1}`)
	require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM contacts WHERE name = 'Mairie bis' AND deleted_at IS NOT NULL"))
	require.Equal(t, "Mairie", b.rows("SELECT s.name FROM contacts c JOIN contacts s ON s.id = c.merged_into WHERE c.name = 'Mairie bis'"))
}
