package app

import (
	"context"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"odoosync/configs"
	"odoosync/internal/dashboard"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

// facts are what the dashboard's verdict is made of.
func (b board) facts(ctx context.Context) (dashboard.Facts, error) {
	now := b.o.Clock.Now()
	f := dashboard.Facts{At: now, Payload: b.config.Source() == configs.SourcePayload, Odoo: b.odooFacts(), Database: dashboard.Database{Name: b.db.Name()}}
	err := b.databaseFacts(ctx, &f)
	if record.CodeOf(err) == record.CodeUnavailable || ctx.Err() != nil {
		f.Database.Reason = strings.TrimRight(record.Message(err), ".")
		return f, nil
	}
	return f, err
}

func (b board) odooFacts() dashboard.Odoo {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := dashboard.Odoo{Configured: b.client != nil, Ready: b.bound.ready, Reason: b.bound.reason, Held: b.bound.held, Series: b.bound.series, URL: b.config.Odoo.URL}
	o.Importing = o.Configured && o.Ready && o.Held == "" && !b.imported.Load()
	o.Answered, o.AwaySince = b.reach.now()
	return o
}

func (b board) databaseFacts(ctx context.Context, f *dashboard.Facts) error {
	s, err := ReadSummary(ctx, b.db, f.At)
	if err != nil {
		return err
	}
	f.Webhooks = dashboard.Queue{Done: s.Webhooks.Processed, Pending: s.Webhooks.Pending, Failed: s.Webhooks.Failed, Echoes: s.Webhooks.Echoes, Oldest: age(s.Webhooks.OldestSeconds)}
	f.Edits = dashboard.Queue{Pending: s.Edits.Pending, Failed: s.Edits.Refused, Oldest: age(s.Edits.OldestSeconds)}
	f.Conflicts, f.Halted, f.Paused, f.Held, f.Running = s.Conflicts, s.Halted, s.Paused, s.Held, s.Running
	for _, r := range s.Last {
		f.Last = append(f.Last, r.RunInfo)
	}
	for _, one := range s.Streams {
		f.Streams = append(f.Streams, dashboard.Stream{Name: one.Stream, Sent: one.Sent, Received: one.Received, Missing: one.Missing, Last: one.LastReceived})
	}
	for _, t := range s.Troubles {
		if t.Reason == inConflict { // the dashboard has its own words
			t.Reason = ""
		}
		f.Troubles = append(f.Troubles, dashboard.Trouble{Entity: t.Entity, LocalID: t.LocalID, OdooID: t.OdooID, State: store.State(t.State), Reason: t.Reason})
	}
	if err := b.comparedFacts(ctx, f); err != nil {
		return err
	}
	return b.entityFacts(ctx, f, s.Records)
}

// comparedFacts are when both sides were compared.
func (b board) comparedFacts(ctx context.Context, f *dashboard.Facts) (err error) {
	if b.client != nil {
		f.SweepEvery = sweepMayBe(b.config.Schedule.Full, f.At)
	}
	if f.Begun, err = store.FirstSync(ctx, b.db); err != nil {
		return mysqldb.Explain(err)
	}
	if f.Swept, err = store.LastDone(ctx, b.db, "sweep", ""); err != nil {
		return mysqldb.Explain(err)
	}
	var last polled
	err = store.LoadCursor(ctx, b.db, polledName, &last)
	f.Polled = last.At
	return mysqldb.Explain(err)
}

// sweepMayBe is how old the last sweep may be: the schedule's longest pause ahead,
// and as much more as it may take.
func sweepMayBe(schedule string, now time.Time) time.Duration {
	s, err := cron.ParseStandard(schedule)
	if err != nil {
		return 0
	}
	longest := time.Duration(0)
	for at, n := s.Next(now), 0; n < 10 && !at.IsZero(); n++ {
		next := s.Next(at)
		longest = max(longest, next.Sub(at))
		at = next
	}
	return longest + max(longest/4, jitter+time.Hour)
}

// entityFacts are how each entity stands.
func (b board) entityFacts(ctx context.Context, f *dashboard.Facts, counts []RecordCount) error {
	received, err := queue.OldestByModel(ctx, b.db)
	if err != nil {
		return err
	}
	edited, err := queue.OldestByEntity(ctx, b.db)
	if err != nil {
		return err
	}
	sweeps, err := store.ListRuns(ctx, b.db, f.At, store.RunFilter{Kind: "sweep", State: store.RunDone, Limit: lastSweeps})
	if err != nil {
		return mysqldb.Explain(err)
	}
	figures := b.stats.database
	figures.mu.Lock()
	defer figures.mu.Unlock()
	drift, models := figures.lastOf(sweeps), map[string]bool{}
	for _, e := range figures.entities {
		one := dashboard.Entity{Name: e.entity, Model: e.model, Records: map[store.State]int64{}, ToOdoo: edited[e.entity], Drift: map[string]int64{}}
		if !models[e.model] { // a webhook is of a model: its first entity stands for it
			one.ToAPI = received[e.model]
		}
		models[e.model] = true
		for _, c := range counts {
			if c.Entity != e.entity {
				continue
			}
			one.Records[store.State(c.State)] = c.Records
			if c.LastSynced != nil && c.LastSynced.After(one.Synced) {
				one.Synced = *c.LastSynced
			}
		}
		for key, n := range drift {
			if entity, kind, ok := figures.finding(key); ok && entity == e.entity {
				one.Drift[kind] = n
			}
		}
		f.Refused += one.Records[store.Failed]
		f.Entities = append(f.Entities, one)
	}
	return nil
}
