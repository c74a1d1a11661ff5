package reconcile_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/odoosim"
	"odoosync/reconcile"
)

// A row that the API's own code keeps locked holds up its record and no other.
func TestALockedRowStopsNobodyElse(t *testing.T) {
	b := newBench(t, 17)
	busy := b.sim.Create("res.partner", odoosim.Values{"name": "Busy"})
	free := b.sim.Create("res.partner", odoosim.Values{"name": "Free"})
	b.sync("res.partner", busy, free)
	impatient := dbtest.Open(t, b.dsn+map[bool]string{true: "&", false: "?"}[strings.Contains(b.dsn, "?")]+"innodb_lock_wait_timeout=1")
	b.engine = reconcile.New(reconcile.Options{DB: impatient, Odoo: b.client, Mapping: b.mapping(""), Hints: b.inbox})

	tx, err := b.db.Begin()
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback()) }()
	_, err = tx.Exec("UPDATE contacts SET street = 'x' WHERE odoo_id = ?", busy)
	require.NoError(t, err)
	for _, id := range []int64{busy, free} {
		b.sim.Write("res.partner", id, odoosim.Values{"city": "Nantes"})
		b.hint("res.partner.updated", "res.partner", id)
	}
	b.work(b.engine, nil)
	require.Equal(t, "Nantes", b.rows("SELECT city FROM contacts WHERE odoo_id = ?", free))
}
