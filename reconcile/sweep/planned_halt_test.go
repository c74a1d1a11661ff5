package sweep_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/reconcile"
)

// A plan changes nothing, and shows what accepting a restored Odoo would do: it
// is how a person looks before they accept it.
func TestAPlanShowsWhatARestoredOdooWouldDo(t *testing.T) {
	b, _ := restoredWithAStranger(t)
	counts, err := b.engine.Plan(b.ctx, reconcile.PlanOptions{Pager: b.client, Entity: "contacts", Item: func(reconcile.PlanItem) error { return nil }})
	require.NoError(t, err)
	require.Empty(t, b.halts(), "a plan changes nothing")
	require.NotEmpty(t, counts["contacts"], "a row is let go, another one is made")
}
