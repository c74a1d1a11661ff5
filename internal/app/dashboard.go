package app

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"time"

	"odoosync/internal/admin"
	"odoosync/internal/dashboard"
	"odoosync/internal/figures"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/store"
	"odoosync/reconcile"
)

// newDashboard makes the dashboard, which shares its guard with the admin API.
func (a *App) newDashboard(guard *admin.Guard) (*dashboard.Handler, error) {
	var outbox reconcile.Outbox
	if a.client != nil {
		outbox = queue.NewOutbox(a.db, queue.OutboxOptions{Owner: a.owner, Clock: a.o.Clock})
	}
	b := board{a}
	return dashboard.New(dashboard.Options{Token: a.keys.admin, ReadToken: a.config.Admin.ReadToken.Reveal(), Guard: guard, Facts: b.facts, Figures: b.figures,
		Webhooks: b, Conflicts: arbiter{reconcile.NewArbiter(a.db, outbox, a.o.Clock), a.db}, Records: b, Runs: a, Pauses: a, Audits: b, Push: a.pushNow,
		Proxies: proxies(a.config.HTTP.TrustedProxies), Zone: time.Local, Clock: a.o.Clock, Logger: a.log})
}

// proxies are the trusted ones as networks; what is none was refused before.
func proxies(list []string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range list {
		if p, err := netip.ParsePrefix(text); err == nil {
			out = append(out, p)
		} else if ip, err := netip.ParseAddr(text); err == nil {
			out = append(out, netip.PrefixFrom(ip, ip.BitLen()))
		}
	}
	return out
}

// board is what the dashboard asks of an App.
type board struct{ *App }

func (b board) figures(ctx context.Context, r figures.Range) (figures.Figures, error) {
	f, err := figures.Read(ctx, b.db, r)
	return f, mysqldb.Explain(err)
}

// Webhook implements dashboard.Webhooks.
func (b board) Webhook(ctx context.Context, id int64) (*queue.Content, error) {
	return queue.ReadWebhook(ctx, b.db, id)
}

// CountReplay implements dashboard.Webhooks.
func (b board) CountReplay(ctx context.Context, r queue.Replay) (int64, error) {
	return r.Count(ctx, b.db)
}

// Changed implements dashboard.Webhooks.
func (b board) Changed(ctx context.Context, w queue.Logged) ([]dashboard.Change, error) {
	if w.OdooID == 0 {
		return nil, nil
	}
	var entities []string
	for _, e := range b.stats.database.mapped() {
		if e.model == w.Model {
			entities = append(entities, e.entity)
		}
	}
	found, err := store.CausedBy(ctx, b.db, w.ID, entities, w.OdooID)
	var out []dashboard.Change
	for _, c := range found {
		out = append(out, dashboard.Change{Moment: c.Moment, Entity: c.Entity})
	}
	return out, mysqldb.Explain(err)
}

// Record implements dashboard.Records.
func (b board) Record(ctx context.Context, entity string, odooID int64, localID string, before int64) (*dashboard.Record, error) {
	story, err := store.Timeline(ctx, b.db, entity, localID, odooID, before, 50)
	if err != nil || story.Link == nil && len(story.Moments) == 0 {
		return nil, mysqldb.Explain(err)
	}
	r := &dashboard.Record{Entity: entity, Conflicts: story.Conflicts, Next: story.Next, Link: store.Standing{OdooID: odooID, LocalID: localID, State: store.DeletedState}}
	for _, m := range story.Moments {
		r.Changes = append(r.Changes, dashboard.Change{Moment: m, Entity: entity})
	}
	for _, e := range b.stats.database.mapped() {
		if e.entity == entity {
			r.Model = e.model
		}
	}
	if story.Link == nil {
		return r, nil
	}
	r.Link = *story.Link
	link, err := store.LinkOfRecord(ctx, b.db, entity, odooID, localID)
	if err != nil || link == nil {
		return r, mysqldb.Explain(err)
	}
	r.WriteDate = link.WriteDate
	for _, field := range slices.Sorted(maps.Keys(link.Base.Fields)) {
		pair := link.Base.Fields[field]
		r.Fields = append(r.Fields, dashboard.Agreed{Field: field, Odoo: pair.Odoo, Local: pair.Local})
	}
	return r, nil
}

// Why implements dashboard.Records.
func (b board) Why(ctx context.Context, entity, localID, field string) (dashboard.Origin, error) {
	found, err := store.Why(ctx, b.db, entity, localID, field)
	out := dashboard.Origin{Field: field}
	if err == nil && found.Link != nil && found.Link.OdooID != 0 {
		out.Conflict, err = store.LatestConflict(ctx, b.db, entity, found.Link.OdooID, field)
	}
	if found.Local != nil {
		out.Local = &dashboard.Change{Moment: *found.Local, Entity: entity}
	}
	if found.Odoo != nil {
		out.Odoo = &dashboard.Change{Moment: *found.Odoo, Entity: entity}
	}
	return out, mysqldb.Explain(err)
}

// Edits implements dashboard.Records.
func (b board) Edits(ctx context.Context, f queue.EditFilter) ([]queue.LoggedEdit, error) {
	return queue.ReadEdits(ctx, b.db, f)
}

// Note implements dashboard.Audits.
func (b board) Note(ctx context.Context, e store.Entry) error {
	_, err := store.Audit(ctx, b.db, e)
	return mysqldb.Explain(err)
}

// Entries implements dashboard.Audits.
func (b board) Entries(ctx context.Context, before int64, limit int) ([]store.Entry, error) {
	list, err := store.Audits(ctx, b.db, before, limit)
	return list, mysqldb.Explain(err)
}

// arbiter decides conflicts, and finds those of a record.
type arbiter struct {
	*reconcile.Arbiter
	db *mysqldb.DB
}

// OfRecord implements dashboard.Conflicts.
func (r arbiter) OfRecord(ctx context.Context, id int64) (*store.KeptConflict, []store.KeptConflict, error) {
	one, err := store.ConflictByID(ctx, r.db, id)
	if err != nil || one == nil {
		return nil, nil, mysqldb.Explain(err)
	}
	open, err := store.OpenConflictsOf(ctx, r.db, one.Entity, []int64{one.OdooID})
	return one, open[one.OdooID], mysqldb.Explain(err)
}

// mapped are the mapping's entities as far as they are known.
func (f *databaseFigures) mapped() []mapped {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.entities
}
