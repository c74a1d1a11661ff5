package app

import (
	"context"

	"odoosync/internal/admin"
	"odoosync/internal/mysqldb"
	"odoosync/internal/store"
)

// Note implements admin.Audit.
func (a *App) Note(ctx context.Context, e store.Entry) error {
	_, err := store.Audit(ctx, a.db, e)
	return mysqldb.Explain(err)
}

// Entries implements admin.Audit.
func (a *App) Entries(ctx context.Context, before int64, limit int) ([]store.Entry, error) {
	list, err := store.Audits(ctx, a.db, before, limit)
	return list, mysqldb.Explain(err)
}

// record tells a record's story.
func (a *App) record(ctx context.Context, q admin.RecordQuery) (store.Story, error) {
	story, err := store.Timeline(ctx, a.db, q.Entity, q.LocalID, q.OdooID, q.Before, q.Limit)
	return story, mysqldb.Explain(err)
}
