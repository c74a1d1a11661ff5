package queue_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/queue"
)

// What was refused at the door is nothing that a person could have replayed: it
// does not leave the daemon's state red for good.
func TestARefusedWebhookHasNotFailed(t *testing.T) {
	ctx, db := context.Background(), dbtest.New(t)
	q := queue.NewInbox(db, queue.Options{})
	defer q.Stop()
	require.NoError(t, q.AppendRejected(ctx, queue.Event{Type: "unknown", Source: queue.SourceWebhook}, "nobody knows this event"))
	_, err := q.Append(ctx, queue.Event{Type: "res.partner.updated", Model: "res.partner", OdooID: 1, Source: queue.SourceWebhook})
	require.NoError(t, err)
	_, err = db.ExecContext(ctx, "UPDATE webhook_logs SET status = 'error', processed_at = NOW(), attempts = 3 WHERE event_type = 'res.partner.updated'")
	require.NoError(t, err)
	stats, err := queue.ReadStats(ctx, db, time.Now())
	require.NoError(t, err)
	require.EqualValues(t, []int64{1, 1}, []int64{stats.Error, stats.Refused})
	failed, err := queue.Failed(ctx, db, 10)
	require.NoError(t, err)
	require.Len(t, failed, 1)
	require.Equal(t, "res.partner.updated", failed[0].Type)
}
