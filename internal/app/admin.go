package app

import (
	"context"
	"time"

	"odoosync/internal/admin"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/reconcile"
)

// newAdmin makes the admin API. It answers before Odoo was reached, too:
// conflicts and figures stand in the database.
func (a *App) newAdmin(guard *admin.Guard) (*admin.Handler, error) {
	var outbox reconcile.Outbox
	if a.client != nil {
		outbox = queue.NewOutbox(a.db, queue.OutboxOptions{Owner: a.owner, Clock: a.o.Clock})
	}
	return admin.New(admin.Options{Token: a.keys.admin, ReadToken: a.config.Admin.ReadToken.Reveal(), Guard: guard,
		Conflicts: reconcile.NewArbiter(a.db, outbox, a.o.Clock), Runs: a, Pauses: a, Webhooks: a, Edits: a.edits, Records: a.record, Figures: a.Figures, Audit: a, Push: a.pushNow, Status: a.summary, Clock: a.o.Clock, Logger: a.log})
}

func (a *App) summary(ctx context.Context) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return ReadSummary(ctx, a.db, a.o.Clock.Now())
}

// pushNow runs the push job at once, as well as by its schedule. One that is
// running already goes on until nothing is due, so it is not run again.
func (a *App) pushNow() error {
	if a.client == nil {
		return record.Errorf(record.CodeRejected, "there is no Odoo to push to: set odoo.url")
	}
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if err := refusePaused(ctx, a.db, func(p store.Paused) bool { return p.ToOdoo }); err != nil {
		return err
	}
	a.mu.Lock()
	job, reason := a.pushJob, a.bound.reason
	a.mu.Unlock()
	if job == nil {
		return record.Errorf(record.CodeUnavailable, "Odoo cannot be used yet: %s", reason)
	}
	if err := job.RunNow(); err != nil {
		return record.Wrap(record.CodeUnavailable, err, "the daemon is stopping, or too busy to take it now")
	}
	return nil
}
