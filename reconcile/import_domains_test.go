package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/reconcile"
)

const billsEntity = `  bills:
    model: account.move
    domain: [[move_type, "=", in_invoice], [state, "=", draft]]
    table: bills
    direction: to_api
    on_odoo_delete: {action: ignore}
    on_local_delete: ignore
    fields:
      state: {odoo: state}

  leads:
`

// An entity that the mapping gains on a model imported before is imported too.
func TestANewEntityOfAnImportedModelIsImported(t *testing.T) {
	b := newBench(t, 17)
	b.sim.Create("account.move", odoosim.Values{"move_type": "in_invoice"})
	require.NoError(t, b.engine.Import(b.ctx, reconcile.ImportOptions{Pager: b.client}))
	b.exec("CREATE TABLE bills (id BIGINT AUTO_INCREMENT PRIMARY KEY, odoo_id BIGINT NULL UNIQUE, state VARCHAR(16) NULL)")
	b.engine = reconcile.New(reconcile.Options{DB: b.db, Odoo: b.client, Hints: b.inbox, Clock: b.clock, Mapping: b.mappingWith(b.client, "  leads:\n", billsEntity)})
	require.NoError(t, b.engine.Import(b.ctx, reconcile.ImportOptions{Pager: b.client}))
	require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM bills"))
}
