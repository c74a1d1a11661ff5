package reconcile

import (
	"context"
	"time"

	"github.com/jonboulle/clockwork"
)

// withGrace returns a context for work that was begun: it outlives ctx by grace.
// end frees what it holds.
func withGrace(ctx context.Context, clock clockwork.Clock, grace time.Duration) (work context.Context, end func()) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := clock.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-timer.Chan():
			cancel()
		case <-work.Done():
		}
	})
	return work, func() { stop(); cancel() }
}
