package sweep_test

import (
	"context"

	"github.com/stretchr/testify/require"

	"odoosync/odooclient"
	"odoosync/reconcile/sweep"
)

// deadly is an Odoo under which the process dies when an area is counted.
type deadly struct {
	*odooclient.Client
	die   func()
	model string
}

func (d deadly) ReadGroup(ctx context.Context, model string, domain []any, fields, groupBy []string) ([]odooclient.Raw, error) {
	if model == d.model {
		d.die()
	}
	return d.Client.ReadGroup(ctx, model, domain, fields, groupBy)
}

// killed leaves a run as a process does that was killed when it came to an
// entity: it is noted as running, and nobody works it.
func (b *bench) killed(o sweep.SweepOptions, entity string) (run string) {
	b.t.Helper()
	ctx, die := context.WithCancel(b.ctx)
	defer die()
	options := b.o
	b.start(sweep.Options{List: options.List, Page: options.Page, Odoo: deadly{b.client, die, b.mapped.ByName(entity).Model}})
	_, err := b.sweeper.Sweep(ctx, o)
	require.Error(b.t, err)
	b.start(options)
	run = b.rows("SELECT MAX(id) FROM sync_runs")
	b.exec("UPDATE sync_runs SET state = 'running', error = NULL, finished_at = NULL, position = JSON_REMOVE(position, '$.stopped', '$.ended') WHERE id = ?", run)
	return run
}
