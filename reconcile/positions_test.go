package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// Positions count from 0 in Odoo's order, whatever was written into them here.
func TestPositionsWrittenHereArePutBack(t *testing.T) {
	b := newBench(t, 17)
	order := b.sim.Create("sale.order", odoosim.Values{"order_line": []odoosim.Values{{"name": "Rome"}, {"name": "Milan"}}})
	b.sync("sale.order", order)
	b.exec("UPDATE quote_lines SET position = position * 10 + 7")
	b.sync("sale.order", order)
	require.Equal(t, "0 | Rome\n1 | Milan", b.rows("SELECT position, name FROM quote_lines ORDER BY position"))
}
