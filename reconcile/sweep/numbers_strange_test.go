package sweep_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
	"odoosync/reconcile/sweep"
)

// strangeConfigs is an Odoo that answers with other configurations, while it has some.
type strangeConfigs struct {
	*told
	rows *[]odooclient.Raw
}

func (o *strangeConfigs) SearchRead(ctx context.Context, model string, domain []any, fields []string, p odooclient.Page, yield func(odooclient.Raw) error) error {
	if model != "webhook.config" || o.rows == nil {
		return o.told.SearchRead(ctx, model, domain, fields, p, yield)
	}
	for _, row := range *o.rows {
		if err := yield(row); err != nil {
			return err
		}
	}
	return nil
}

// One answer of Odoo's that leaves a stream out (another database behind the
// address, a rule that hides it for a minute), or that nobody understands,
// forgets no number that is missing and not yet read.
func TestOneStrangeAnswerForgetsNoMissingNumber(t *testing.T) {
	for name, rows := range map[string][]odooclient.Raw{
		"not named":  {},
		"no number":  {{"id": int64(1), "stream": stream, "last_sequence": false}},
		"a text":     {{"id": int64(1), "stream": stream, "last_sequence": "5003"}},
		"a negative": {{"id": int64(1), "stream": stream, "last_sequence": int64(-1)}},
	} {
		t.Run(name, func(t *testing.T) {
			b, of := newTold(t)
			o := &strangeConfigs{told: of}
			b.start(sweep.Options{Odoo: o})
			id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
			of.add(5002, "res.partner", id, "pending")
			b.arrived(5001, 5003)
			b.missed()
			require.Equal(t, "5002", b.open()) // those before belong to a time before ours
			o.rows = &rows
			_, _ = b.sweeper.Missed(b.ctx)
			o.rows = nil
			of.add(5002, "res.partner", id, "failed")
			for range 4 {
				b.clock.Advance(sweep.Grace)
				_, _ = b.sweeper.Missed(b.ctx)
			}
			require.Equal(t, "Mairie", b.rows("SELECT name FROM contacts"))
		})
	}
}
