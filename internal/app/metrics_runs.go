package app

import (
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"odoosync/internal/mysqldb"
	"odoosync/internal/store"
	"odoosync/mapping"
)

// runFigures count what runs did in this process.
type runFigures struct {
	ended    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	repaired *prometheus.CounterVec
}

func newRunFigures() runFigures {
	return runFigures{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "odoosync_runs_total", Help: "Runs that ended here, by kind and state."}, []string{"kind", "state"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "odoosync_run_seconds", Help: "How long runs took, by kind.",
			Buckets: []float64{.1, .3, 1, 3, 10, 30, 100, 300, 1000, 3600, 10800}}, []string{"kind"}),
		repaired: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "odoosync_repaired_total", Help: "Records in which a poll or sweep found the sides to differ and mended it."}, []string{"entity", "kind"}),
	}
}

// runKinds stand in the metrics from the start.
var runKinds = []string{"poll", "sweep", "resync", KindPlan}

// ask takes what only the database knows into the metrics. polls says whether
// there is an Odoo to poll.
func (m *metrics) ask(db *mysqldb.DB, clock clockwork.Clock, log *zap.Logger, polls bool) {
	m.database = &databaseFigures{db: db, clock: clock, log: log, polls: polls}
	if polls {
		for _, lease := range []string{leasePush, leasePoll} {
			m.leases.WithLabelValues(lease)
		}
	}
	m.registry.MustRegister(m.database)
}

// know names the mapping's entities: each is in the metrics from then on.
func (m *metrics) know(entities []mapped) {
	if m.database != nil {
		m.database.know(entities)
	}
	for _, kind := range runKinds {
		for _, state := range []store.RunState{store.RunDone, store.RunFailed, store.RunCancelled} {
			m.runs.ended.WithLabelValues(kind, string(state))
		}
		m.runs.seconds.WithLabelValues(kind)
	}
	for _, e := range entities {
		m.sent.WithLabelValues(e.entity, taken)
		m.sent.WithLabelValues(e.entity, refused)
		for _, kind := range findings {
			m.runs.repaired.WithLabelValues(e.entity, string(kind))
		}
	}
}

// runEnded counts a run that ended here. Counts of it with keys such as
// "contacts.stale" are records it mended; others are left out.
func (m *metrics) runEnded(kind string, state store.RunState, took time.Duration, counts map[string]int64) {
	m.runs.ended.WithLabelValues(kind, string(state)).Inc()
	m.runs.seconds.WithLabelValues(kind).Observe(took.Seconds())
	if m.database == nil {
		return
	}
	for key, n := range counts {
		m.database.mu.Lock()
		entity, finding, ok := m.database.finding(key)
		m.database.mu.Unlock()
		if ok && n > 0 {
			m.runs.repaired.WithLabelValues(entity, finding).Add(float64(n))
		}
	}
}

// specEntities are the entities of a mapping that was read and not bound yet.
func specEntities(spec *mapping.Spec) []mapped {
	var out []mapped
	for name, e := range spec.Entities {
		out = append(out, mapped{name, e.Model})
	}
	return out
}

// mappedEntities are the entities of a mapping, in its order.
func mappedEntities(m *mapping.Mapping) []mapped {
	out := make([]mapped, len(m.Entities))
	for i, e := range m.Entities {
		out[i] = mapped{e.Name, e.Model}
	}
	return out
}
