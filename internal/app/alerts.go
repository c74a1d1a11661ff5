package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/robfig/cron/v3"

	"odoosync/internal/alerts"
	"odoosync/internal/mysqldb"
	"odoosync/internal/store"
)

const (
	alertEvery = time.Minute
	// Odoo is away for longer than it takes to restart it; the queue is old for
	// longer than it takes to work off a burst; a webhook that is missing is read
	// two minutes later.
	awayAfter    = 5 * time.Minute
	oldAfter     = 15 * time.Minute
	missingAfter = 10 * time.Minute
	// askAfter is how long Odoo may have been silent before it is asked whether it
	// is there.
	askAfter = time.Minute
)

// startAlerts starts telling alerts.webhook_url what needs a person. It needs no
// Odoo, and runs beside everything else.
func (a *App) startAlerts(context.Context) error {
	if a.config.Alerts.WebhookURL == "" {
		return nil
	}
	link := a.config.Alerts.Link
	if link == "" {
		link = a.URL()
	}
	alerter := alerts.New(alerts.Options{DB: a.db, URL: a.config.Alerts.WebhookURL.Reveal(), Link: link, Facts: a.troubles, Clock: a.o.Clock, Logger: a.log})
	s, err := a.newScheduler()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.onStop("the alerts", func(context.Context) error {
		cancel()
		defer alerter.Close()
		return s.Shutdown()
	})
	_, err = s.NewJob(gocron.DurationJob(alertEvery), gocron.NewTask(func() {
		err := a.alone(ctx, "alerts", alerter.Step)
		a.toldOf(ctx, err, "what needs a person could not be seen; nobody is alerted now")
	}), gocron.WithName("alerts"), gocron.WithStartAt(gocron.WithStartImmediately()))
	if err != nil {
		return err
	}
	s.Start()
	return nil
}

// troubles are what needs a person now. A pause is meant, and is none.
func (a *App) troubles(ctx context.Context) ([]alerts.Trouble, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	now := a.o.Clock.Now()
	s, err := ReadSummary(ctx, a.db, now)
	if err != nil {
		return nil, err
	}
	sweeps, err := store.ListRuns(ctx, a.db, now, store.RunFilter{Kind: "sweep", State: store.RunDone, Limit: 1})
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	return append(a.odooTrouble(ctx), troublesOf(s, sweeps, a.config.Schedule.Full, now, a.odooAway())...), nil
}

// odooAway tells whether Odoo has been of no use for too long: what waits for it
// is no news then.
func (a *App) odooAway() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.client != nil && (a.reach.away() > awayAfter || !a.bound.ready && a.o.Clock.Since(a.started) > awayAfter)
}

func (a *App) odooTrouble(ctx context.Context) []alerts.Trouble {
	if a.client == nil {
		return nil
	}
	if a.reach.silent() {
		_, _ = a.client.Version(ctx) // what it says is noted in reach
	}
	if !a.odooAway() {
		return nil
	}
	away := a.reach.away()
	message := fmt.Sprintf("Odoo has not answered for %s; webhooks and edits wait", away.Round(time.Second))
	if away == 0 {
		message = "Odoo answers, and cannot be used since the start of the daemon; GET /readyz says why"
	}
	return []alerts.Trouble{{Reason: "odoo_unreachable", Message: message}}
}

// troublesOf are those that the database knows. sweeps holds the last sweep that
// went to its end, if there was one.
func troublesOf(s Summary, sweeps []store.RunInfo, schedule string, now time.Time, away bool) (out []alerts.Trouble) {
	add := func(when bool, wait time.Duration, reason, format string, args ...any) {
		if when {
			out = append(out, alerts.Trouble{Reason: reason, Message: fmt.Sprintf(format, args...), For: wait})
		}
	}
	var models []string
	for _, h := range s.Halted {
		models = append(models, h.Model)
	}
	add(len(models) > 0, 0, "halted", "nothing is synced of %s until a person has looked; odoosync status says why", strings.Join(models, ", "))
	held, left := maps.Clone(s.Held), map[string]int64{}
	if held == nil {
		held = map[string]int64{}
	}
	for _, r := range sweeps {
		for key, n := range r.Counts {
			switch entity, kind, _ := strings.Cut(key, "."); kind {
			case "held":
				held[entity] += n
			case "refused", "waiting":
				left[entity] += n
			}
		}
	}
	add(sum(held) > 0, 0, "held_deletes", "deletes are held because they look like an accident: %s", counted(held))
	add(s.Webhooks.Failed > 0, 0, "failed_webhooks", "webhooks failed for good: %d", s.Webhooks.Failed)
	add(s.Edits.Refused > 0, 0, "refused_edits", "rows have edits that were refused: %d", s.Edits.Refused)
	add(s.Conflicts > 0, 0, "open_conflicts", "conflicts wait for a person's choice: %d", s.Conflicts)
	oldest := time.Duration(0)
	if !s.Paused.ToAPI {
		oldest = ofSeconds(s.Webhooks.OldestSeconds)
	}
	if !s.Paused.ToOdoo {
		oldest = max(oldest, ofSeconds(s.Edits.OldestSeconds))
	}
	add(oldest > oldAfter && !away && len(s.Halted) == 0, 0, "queue_old", "the oldest change has waited for %s", oldest.Round(time.Minute))
	for _, r := range s.Last {
		add(r.Kind == "sweep" && r.State == store.RunFailed, 0, "sweep_failed", "the last sweep (run %d) did not end well", r.ID)
	}
	for _, r := range sweeps {
		add(overdue(r, schedule, now) && !s.Paused.ToAPI, 0, "sweep_old", "the last sweep that went to its end is of %s", r.StartedAt.UTC().Format(time.DateOnly))
	}
	missing := int64(0)
	for _, one := range s.Streams {
		missing += one.Missing
	}
	add(missing > 0 && !away, missingAfter, "webhooks_missing", "webhooks that Odoo sent did not arrive, and their records are not read yet: %d", missing)
	add(sum(left) > 0, 0, "drift_left", "the last sweep found differences that it could not mend: %s", counted(left))
	return out
}

// overdue tells whether two times of the schedule have passed since a sweep, and
// an hour for those that take long.
func overdue(r store.RunInfo, schedule string, now time.Time) bool {
	plan, err := cron.ParseStandard(schedule)
	if err != nil {
		return false // the settings were checked
	}
	return now.Sub(plan.Next(plan.Next(r.StartedAt.UTC()))) > time.Hour+jitter
}

func ofSeconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

func sum(counts map[string]int64) (n int64) {
	for _, one := range counts {
		n += one
	}
	return n
}

func counted(counts map[string]int64) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if counts[name] > 0 {
			out = append(out, fmt.Sprintf("%s %d", name, counts[name]))
		}
	}
	return strings.Join(out, ", ")
}
