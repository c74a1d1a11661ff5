package sweep_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/reconcile/sweep"
)

// A stream that Odoo has no configuration of is somebody's invention: it is no
// reason to ask for a thousand deliveries, nor to count them as lost.
func TestAStreamThatOdooDoesNotKnowCountsForNothing(t *testing.T) {
	b, o := newTold(t)
	o.sent = 1
	b.arrived(1)
	b.exec("INSERT INTO webhook_logs (event_type, received_at, received_us, model, odoo_id, body, source, stream, stream_number, next_attempt_at) SELECT event_type, received_at, received_us, model, odoo_id, body, source, 'ffffffff-ffff-ffff-ffff-ffffffffffff', 1000, next_attempt_at FROM webhook_logs")
	b.missed()
	b.clock.Advance(sweep.Grace)
	require.Zero(t, b.missed().Forgotten)
	require.Zero(t, o.asked)
}
