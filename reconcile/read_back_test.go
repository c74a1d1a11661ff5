package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
)

// What the server makes of a value, here a CHAR that cuts blanks off and a
// trigger that writes small letters, is not taken for an edit by the API, which
// would keep Odoo's next value out.
func TestTheServersFormOfAValueIsNobodysEdit(t *testing.T) {
	b := newBench(t, 17)
	b.exec("ALTER TABLE contacts MODIFY city CHAR(64) NULL")
	b.exec("ALTER TABLE quote_lines MODIFY product_name CHAR(64) NULL")
	b.exec("CREATE TRIGGER small_new BEFORE INSERT ON contacts FOR EACH ROW SET NEW.email = LOWER(NEW.email)")
	b.exec("CREATE TRIGGER small_old BEFORE UPDATE ON contacts FOR EACH ROW SET NEW.email = LOWER(NEW.email)")
	b.engine = reconcile.New(reconcile.Options{DB: b.db, Odoo: b.client, Mapping: b.mapping(""), Hints: b.inbox, Clock: b.clock})
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Nantes ", "email": "Mairie@Nantes.fr"})
	for _, next := range []odoosim.Values{{}, {"city": "Rennes ", "email": "Accueil@Rennes.fr"}, {"city": "Brest", "email": "Mairie@Brest.fr"}} {
		b.sim.Write("res.partner", id, next)
		b.sync("res.partner", id)
		b.sync("res.partner", id)
		require.Equal(t, "synced", b.rows("SELECT state FROM sync_links"))
	}
	require.Equal(t, "Brest | mairie@brest.fr", b.rows("SELECT city, email FROM contacts"))
	require.Empty(t, b.rows("SELECT field FROM sync_conflicts"))
	require.Equal(t, "3", b.rows("SELECT COUNT(*) FROM sync_changes"))
}

// The same for a line, whose revert would be noted again at each sync.
func TestTheServersFormOfALinesValueIsNobodysEdit(t *testing.T) {
	b := newBench(t, 17)
	b.exec("CREATE TRIGGER small_new BEFORE INSERT ON quote_lines FOR EACH ROW SET NEW.name = LOWER(NEW.name)")
	b.exec("CREATE TRIGGER small_old BEFORE UPDATE ON quote_lines FOR EACH ROW SET NEW.name = LOWER(NEW.name)")
	order := b.sim.Create("sale.order", odoosim.Values{"order_line": []odoosim.Values{{"name": "Rome"}}})
	b.sync("sale.order", order)
	b.sim.Write("sale.order.line", b.sim.IDs("sale.order.line")[0], odoosim.Values{"name": "Milan"})
	for range 3 {
		b.sync("sale.order", order)
	}
	require.Equal(t, "milan", b.rows("SELECT name FROM quote_lines"))
	require.Empty(t, b.rows("SELECT field FROM sync_conflicts"))
	require.Equal(t, "2", b.rows("SELECT COUNT(*) FROM sync_changes WHERE entity = 'quotes'"))
}
