package app

import (
	"context"
	"strconv"

	"odoosync/configs"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/store"
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

// mostChanges is how many changes of one webhook are shown: it names one record,
// with its lines and what it refers to.
const mostChanges = 500

// Webhook implements admin.Webhooks.
func (a *App) Webhook(ctx context.Context, id int64) (*queue.Content, []store.Change, error) {
	w, err := queue.ReadWebhook(ctx, a.db, id)
	if err != nil || w == nil {
		return nil, nil, err
	}
	changes, err := store.ChangesOf(ctx, a.db, "webhook", strconv.FormatInt(id, 10), mostChanges)
	return w, changes, mysqldb.Explain(err)
}

func (a *App) edits(ctx context.Context, f queue.EditFilter) ([]queue.LoggedEdit, error) {
	return queue.ReadEdits(ctx, a.db, f)
}
