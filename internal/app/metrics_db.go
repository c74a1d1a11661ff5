package app

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"odoosync/internal/logs"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/store"
	"odoosync/reconcile"
)

// A scrape asks the database for at most scrapeTimeout, and not again within
// scrapeKept: several monitors cost as much as one.
const (
	scrapeTimeout = 3 * time.Second
	scrapeKept    = 5 * time.Second
)

// The directions as metrics name them.
const (
	toAPI  = "to_api"
	toOdoo = "to_odoo"
)

// findings are the kinds of drift that stand in the metrics from the start.
var findings = []reconcile.Finding{reconcile.Missing, reconcile.Stale, reconcile.Archived, reconcile.Gone, reconcile.MergedIn, reconcile.Concealed,
	reconcile.OutOf, reconcile.Drifted, reconcile.Adopted}

var (
	upDesc        = prometheus.NewDesc("odoosync_database_up", "1 when the database answered this scrape, 0 when the figures from it are missing.", nil, nil)
	oldestDesc    = prometheus.NewDesc("odoosync_oldest_unsynced_seconds", "Age of the oldest change that has not arrived on the other side, 0 for none.", []string{"entity", "direction"}, nil)
	driftDesc     = prometheus.NewDesc("odoosync_drift_records", "Records in which the last finished sweep found the sides to differ.", []string{"entity", "kind"}, nil)
	heldDesc      = prometheus.NewDesc("odoosync_held_deletes", "Deletes that are held because they look like an accident.", []string{"entity"}, nil)
	waitingDesc   = prometheus.NewDesc("odoosync_webhooks_pending", "Webhooks that wait to be worked.", nil, nil)
	failedDesc    = prometheus.NewDesc("odoosync_webhooks_failed", "Webhooks that failed and wait for a replay.", nil, nil)
	editsDesc     = prometheus.NewDesc("odoosync_edits_pending", "Edits that wait to be sent to Odoo.", []string{"entity"}, nil)
	refusedDesc   = prometheus.NewDesc("odoosync_edits_refused", "Edits that Odoo refused and that wait for a person.", []string{"entity"}, nil)
	conflictsDesc = prometheus.NewDesc("odoosync_open_conflicts", "Conflicts that wait for a person.", []string{"entity"}, nil)
	pausedDesc    = prometheus.NewDesc("odoosync_paused", "1 for a direction that a person has paused.", []string{"direction"}, nil)
	polledDesc    = prometheus.NewDesc("odoosync_last_poll_timestamp_seconds", "When a poll of any daemon last looked at everything, 0 for never.", nil, nil)
	sweptDesc     = prometheus.NewDesc("odoosync_last_sweep_timestamp_seconds", "When a sweep of any daemon last went to its end, 0 for never.", nil, nil)
	haltedDesc    = prometheus.NewDesc("odoosync_halted", "1 for a model of which nothing is synced until a person has looked.", []string{"model"}, nil)
)

// mapped is an entity as metrics name it.
type mapped struct {
	entity string
	model  string // Odoo's
}

// databaseFigures is a collector of what only the database knows.
type databaseFigures struct {
	db    *mysqldb.DB
	clock clockwork.Clock
	log   *zap.Logger
	polls bool // there is an Odoo to poll and sweep

	mu       sync.Mutex
	entities []mapped // the mapping's, in its order
	asked    time.Time
	kept     []prometheus.Metric
	failing  bool
}

// know names the mapping's entities: each is in the metrics from then on.
func (f *databaseFigures) know(entities []mapped) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.entities, f.asked = entities, time.Time{}
}

// Describe implements prometheus.Collector.
func (f *databaseFigures) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{upDesc, oldestDesc, driftDesc, heldDesc, haltedDesc, waitingDesc, failedDesc, editsDesc, refusedDesc, conflictsDesc, pausedDesc, polledDesc, sweptDesc} {
		out <- d
	}
}

// Collect implements prometheus.Collector. While the database does not answer it
// tells that instead of figures that are not known.
func (f *databaseFigures) Collect(out chan<- prometheus.Metric) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.clock.Now(); f.asked.IsZero() || now.Sub(f.asked) >= scrapeKept {
		ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
		fresh, err := f.read(ctx, now)
		cancel()
		if err != nil {
			fresh = []prometheus.Metric{gauge(upDesc, 0)}
			if !f.failing {
				f.log.Warn("the database did not answer a scrape; figures from it are missing", logs.Failure(err))
			}
		}
		f.asked, f.kept, f.failing = now, fresh, err != nil
	}
	for _, m := range f.kept {
		out <- m
	}
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (f *databaseFigures) read(ctx context.Context, now time.Time) ([]prometheus.Metric, error) {
	backlog, err := f.backlog(ctx)
	if err != nil {
		return nil, err
	}
	standing, err := f.standing(ctx, now)
	return append(append(backlog, standing...), gauge(upDesc, 1)), err
}

// backlog is what waits for its turn, or for a person.
func (f *databaseFigures) backlog(ctx context.Context) ([]prometheus.Metric, error) {
	webhooks, err := queue.WebhookBacklog(ctx, f.db)
	if err != nil {
		return nil, err
	}
	edits, err := queue.EditBacklogs(ctx, f.db)
	if err != nil {
		return nil, err
	}
	conflicts, err := store.OpenConflictsByEntity(ctx, f.db)
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	paused, err := store.ReadPaused(ctx, f.db)
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	out := []prometheus.Metric{gauge(waitingDesc, float64(webhooks.Pending)), gauge(failedDesc, float64(webhooks.Failed)),
		gauge(pausedDesc, yes(paused.ToAPI), toAPI), gauge(pausedDesc, yes(paused.ToOdoo), toOdoo)}
	for _, e := range f.entities {
		out = append(out, gauge(editsDesc, float64(edits[e.entity].Pending), e.entity), gauge(refusedDesc, float64(edits[e.entity].Failed), e.entity),
			gauge(conflictsDesc, float64(conflicts[e.entity]), e.entity))
	}
	if f.polls {
		var last polled
		if err := store.LoadCursor(ctx, f.db, polledName, &last); err != nil {
			return nil, mysqldb.Explain(err)
		}
		out = append(out, gauge(polledDesc, seconds(last.Complete)))
	}
	return out, nil
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// standing is how far both sides are in step, and what stands still.
func (f *databaseFigures) standing(ctx context.Context, now time.Time) ([]prometheus.Metric, error) {
	received, err := queue.OldestByModel(ctx, f.db)
	if err != nil {
		return nil, err
	}
	edited, err := queue.OldestByEntity(ctx, f.db)
	if err != nil {
		return nil, err
	}
	held, err := queue.HeldDeletes(ctx, f.db)
	if err != nil {
		return nil, err
	}
	halts, err := store.Halts(ctx, f.db)
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	sweeps, err := store.ListRuns(ctx, f.db, now, store.RunFilter{Kind: "sweep", State: store.RunDone, Limit: lastSweeps})
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	halted := map[string]float64{}
	for _, h := range halts {
		halted[h.Model] = 1
	}
	counts := f.lastOf(sweeps)
	out := f.drift(counts)
	if f.polls {
		last := time.Time{}
		if len(sweeps) > 0 {
			last = *sweeps[0].FinishedAt
		}
		out = append(out, gauge(sweptDesc, seconds(last)))
	}
	models := map[string]bool{}
	for _, e := range f.entities {
		first := time.Time{}
		if !models[e.model] { // a webhook is of a model: its first entity stands for it
			first = received[e.model]
			out = append(out, gauge(haltedDesc, halted[e.model], e.model))
		}
		models[e.model] = true
		out = append(out, gauge(oldestDesc, since(now, first), e.entity, toAPI), gauge(oldestDesc, since(now, edited[e.entity]), e.entity, toOdoo),
			gauge(heldDesc, float64(held[e.entity]+counts[e.entity+".held"]), e.entity))
	}
	return out, nil
}

// lastSweeps is how many sweeps are looked at for the last of each entity.
const lastSweeps = 20

// lastOf are the counts of each entity in the last sweep that compared it.
func (f *databaseFigures) lastOf(sweeps []store.RunInfo) map[string]int64 {
	out := map[string]int64{}
	for _, e := range f.entities {
		i := slices.IndexFunc(sweeps, func(r store.RunInfo) bool { return r.Entity == "" || r.Entity == e.entity })
		if i < 0 {
			continue
		}
		for key, n := range sweeps[i].Counts {
			if entity, _, ok := f.finding(key); ok && entity == e.entity {
				out[key] = n
			}
		}
	}
	return out
}

// drift are the findings of a sweep, whose counts have keys such as
// "contacts.stale".
func (f *databaseFigures) drift(counts map[string]int64) []prometheus.Metric {
	found := map[[2]string]int64{}
	for _, e := range f.entities {
		for _, kind := range findings {
			found[[2]string{e.entity, string(kind)}] = 0
		}
	}
	for key, n := range counts {
		if entity, kind, ok := f.finding(key); ok {
			found[[2]string{entity, kind}] = n
		}
	}
	var out []prometheus.Metric
	for labels, n := range found {
		out = append(out, gauge(driftDesc, float64(n), labels[:]...))
	}
	return out
}

// finding cuts a count's key into entity and kind; false for another count.
func (f *databaseFigures) finding(key string) (entity, kind string, ok bool) {
	entity, kind, ok = strings.Cut(key, ".")
	if !ok || kind == "" || strings.Contains(kind, ".") {
		return "", "", false
	}
	for _, e := range f.entities {
		if e.entity == entity {
			return entity, kind, true
		}
	}
	return "", "", false
}

func since(now, at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return max(0, now.Sub(at).Seconds())
}
