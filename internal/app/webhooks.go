package app

import (
	"context"

	"odoosync/configs"
	"odoosync/internal/queue"
)

// Webhooks implements admin.Webhooks.
func (a *App) Webhooks(ctx context.Context, f queue.LogFilter) ([]queue.Logged, error) {
	return queue.ReadLog(ctx, a.db, f)
}

// Replay implements admin.Webhooks.
func (a *App) Replay(ctx context.Context, r queue.Replay) (queue.Replayed, error) {
	r.OwnData = a.config.Source() == configs.SourcePayload
	return r.Run(ctx, a.db, a.o.Clock.Now())
}
