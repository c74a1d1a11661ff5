package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// Two contacts are merged in Odoo: the row of the one that is gone names the
// survivor, and its documents follow, although Odoo tells of none of them.
func TestContactsMergedInOdoo(t *testing.T) {
	for name, make := range map[string]func(b *pushBench) (loser, survivor int64){
		"born in Odoo": func(b *pushBench) (int64, int64) {
			return b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"}), b.sim.Create("res.partner", odoosim.Values{"name": "Mairie de Nantes"})
		},
		"born here": func(b *pushBench) (int64, int64) {
			b.api("INSERT INTO contacts (name) VALUES ('Mairie'), ('Mairie de Nantes')")
			b.push()
			ids := b.sim.IDs("res.partner")
			return ids[0], ids[1]
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newPushBench(t, 17)
			loser, survivor := make(b)
			order := b.sim.Create("sale.order", odoosim.Values{"partner_id": loser})
			lead := b.sim.Create("crm.lead", odoosim.Values{"name": "Rome", "partner_id": loser})
			b.sync("res.partner", loser)
			b.sync("sale.order", order)
			b.sync("crm.lead", lead)
			b.sync("res.partner", survivor)
			b.sim.MergePartners(survivor, loser)
			b.sim.Write("res.partner", survivor, odoosim.Values{"city": "Nantes"}) // as the wizard fills what is empty
			b.hint("res.partner.deleted", "res.partner", loser)
			b.work(b.engine, b.clock)
			require.Equal(t, "Mairie | 1 | Mairie de Nantes | Nantes", b.rows("SELECT c.name, c.deleted_at IS NOT NULL, s.name, s.city FROM contacts c JOIN contacts s ON s.id = c.merged_into"))
			require.Equal(t, "Mairie de Nantes | Mairie de Nantes", b.rows("SELECT a.name, b.name FROM quotes q JOIN contacts a ON a.id = q.contact_id JOIN leads l JOIN contacts b ON b.id = l.contact_id"))
			writes := b.sim.Stats().Writes
			b.settle()
			require.Equal(t, writes, b.sim.Stats().Writes, "the loser is no longer pushed")
			require.Empty(t, b.pending())
			require.Len(t, b.sim.IDs("res.partner"), 1)

			b.api("UPDATE contacts SET deleted_at = NULL WHERE name = 'Mairie'")
			b.push()
			require.Empty(t, b.pending())
			require.Len(t, b.sim.IDs("res.partner"), 2, "a row that is brought back has a record of its own")
			require.Equal(t, "Mairie | synced", b.rows("SELECT c.name, s.state FROM contacts c JOIN sync_status s ON s.entity = 'contacts' AND s.local_id = c.id WHERE c.merged_into IS NULL AND c.name = 'Mairie'"))
		})
	}
}
