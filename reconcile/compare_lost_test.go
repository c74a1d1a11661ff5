package reconcile_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/record"
	"odoosync/odooclient"
)

// cutAnswer is an Odoo whose answer to a compared write is lost, once, and in
// which somebody edits right after.
type cutAnswer struct {
	*odooclient.Client
	then func()
}

func (c *cutAnswer) WriteIf(ctx context.Context, model string, id int64, is odooclient.Expected, values, extra map[string]any) (string, error) {
	as, err := c.Client.WriteIf(ctx, model, id, is, values, extra)
	if then := c.then; then != nil {
		c.then = nil
		then()
		return "", record.Errorf(record.CodeUnknownOutcome, "the answer was cut off")
	}
	return as, err
}

// A compared write is made and its answer lost; a person takes the value back
// before the record is read. That is the newest edit, and not a write that was
// never made: the record's version is no longer the one that was written to.
func TestAValueTakenBackAfterALostAnswerStays(t *testing.T) {
	b := newPushBench(t, 17)
	b.sim.SetModule(true)
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes"})
	b.sync("res.partner", id)
	b.remote(&cutAnswer{b.client, func() {
		require.Equal(t, "Nantes", b.sim.Get("res.partner", id)["city"])
		b.clock.Advance(2e9)
		b.sim.Write("res.partner", id, odoosim.Values{"city": "Vannes"})
	}})
	b.api("UPDATE contacts SET city = 'Nantes'")
	b.push()
	for range 3 { // past the intent's deadline
		b.clock.Advance(200e9)
		b.push()
	}
	require.Equal(t, "Vannes", b.sim.Get("res.partner", id)["city"])
}
