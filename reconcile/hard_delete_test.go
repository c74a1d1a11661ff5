package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
)

const (
	softContacts = "    on_odoo_delete: {action: soft}\n    on_local_delete: archive\n    create: {user_id: false, lang: false"
	hardContacts = "    on_odoo_delete: {action: hard}\n    on_local_delete: archive\n    create: {user_id: false, lang: false"
)

// A deletion is final only until a newer event, where rows are removed too.
func TestANewerEventRevivesARemovedRow(t *testing.T) {
	b, _ := newPayloadBench(t)
	payloads := reconcile.NewPayloads(reconcile.New(reconcile.Options{DB: b.db, Mapping: b.mappingWith(nil, softContacts, hardContacts), Hints: b.inbox}))
	b.tell(payloads, "res.partner.created", "res.partner", 1, 0, `{"id": 1, "name": "École"}`)
	b.tell(payloads, "res.partner.deleted", "res.partner", 1, 1, `{"id": 1}`)
	require.Empty(t, b.rows("SELECT name FROM contacts"))
	b.tell(payloads, "res.partner.updated", "res.partner", 1, 2, `{"id": 1, "name": "Collège"}`)
	require.Equal(t, "Collège", b.rows("SELECT name FROM contacts"))
	require.Equal(t, "create\ndelete\ncreate", b.rows("SELECT op FROM sync_changes ORDER BY id"))
}

// So is one that Odoo took back.
func TestARecordThatIsBackBringsItsRemovedRowBack(t *testing.T) {
	b := newBench(t, 17)
	odoo := &restored{Reader: b.client}
	b.engine = reconcile.New(reconcile.Options{DB: b.db, Odoo: odoo, Mapping: b.mappingWith(b.client, softContacts, hardContacts), Hints: b.inbox, Clock: b.clock})
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	b.sync("res.partner", id)
	odoo.without = id
	b.sync("res.partner", id)
	require.Empty(t, b.rows("SELECT name FROM contacts"))
	odoo.without = 0
	b.sync("res.partner", id)
	require.Equal(t, "Mairie | synced", b.rows("SELECT name, state FROM contacts JOIN sync_links ON entity = 'contacts'"))
}
