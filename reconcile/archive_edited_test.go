package reconcile_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
)

// afterWrite is an Odoo in which somebody edits right after a compared write that
// was answered, once.
type afterWrite struct {
	*odooclient.Client
	then func()
}

func (a *afterWrite) WriteIf(ctx context.Context, model string, id int64, is odooclient.Expected, values, extra map[string]any) (string, error) {
	as, err := a.Client.WriteIf(ctx, model, id, is, values, extra)
	if then := a.then; then != nil && as != "" {
		a.then = nil
		then()
	}
	return as, err
}

// A person takes an archiving back between its answer and the reading. Odoo has
// told that somebody wrote since: it is either followed or shown as a conflict,
// and not taken for the end of a deletion.
func TestAnArchivingTakenBackBeforeItIsReadIsNotHidden(t *testing.T) {
	b := newPushBench(t, 17)
	b.sim.SetModule(true)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes"})
	b.sync("res.partner", id)
	b.remote(&afterWrite{b.client, func() {
		b.clock.Advance(2e9)
		b.sim.Write("res.partner", id, odoosim.Values{"active": true})
	}})
	b.api("UPDATE contacts SET deleted_at = UTC_TIMESTAMP()")
	b.push()
	b.clock.Advance(300e9)
	b.sync("res.partner", id) // the webhook of the person's edit
	b.settle()
	require.Equal(t, true, b.sim.Get("res.partner", id)["active"])
	require.NotEqual(t, "0 | 0", b.rows("SELECT (SELECT COUNT(*) FROM contacts WHERE deleted_at IS NULL), (SELECT COUNT(*) FROM sync_conflicts)"), "the record is active, its row is deleted, and nobody is told")
}
