package sweep_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
	"odoosync/reconcile/sweep"
)

// switchedOff is an Odoo whose configuration is not active: it is only found by
// who asks for such ones, too.
type switchedOff struct{ *told }

func (o switchedOff) SearchRead(ctx context.Context, model string, domain []any, fields []string, p odooclient.Page, yield func(odooclient.Raw) error) error {
	if model == "webhook.config" && !strings.Contains(fmt.Sprint(domain), "active") {
		return nil
	}
	return o.told.SearchRead(ctx, model, domain, fields, p, yield)
}

// A configuration that was switched off has given out numbers before: the last
// of them may be missing like any other.
func TestTheLastWebhooksOfASwitchedOffConfigurationAreMissing(t *testing.T) {
	b, o := newTold(t)
	b.start(sweep.Options{Odoo: switchedOff{o}})
	id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	o.add(2, "res.partner", id, "cancelled")
	b.arrived(1)
	o.sent = 2
	b.missed()
	b.clock.Advance(sweep.Grace)
	require.EqualValues(t, 1, b.missed().Repaired)
}
