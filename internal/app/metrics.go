package app

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/odooclient"
	"odoosync/reconcile"
)

// metrics are the daemon's own figures, in a registry of their own.
type metrics struct {
	registry  *prometheus.Registry
	receivedN *prometheus.CounterVec
	processed *prometheus.CounterVec
	calls     *prometheus.HistogramVec
	missed    prometheus.Counter
	repaired  prometheus.Counter
	echoes    prometheus.Counter
	removed   *prometheus.CounterVec
	erased    prometheus.Counter
	runs      runFigures
	database  *databaseFigures // nil until there is one
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), runs: newRunFigures(),
		receivedN: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "odoosync_webhooks_received_total", Help: "Webhooks by event and HTTP status answered."}, []string{"event", "status"}),
		processed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "odoosync_webhooks_processed_total", Help: "Worked webhooks by outcome."}, []string{"outcome"}),
		missed:    prometheus.NewCounter(prometheus.CounterOpts{Name: "odoosync_webhooks_missing_total", Help: "Webhooks that Odoo sent and that did not arrive, by their numbers."}),
		repaired:  prometheus.NewCounter(prometheus.CounterOpts{Name: "odoosync_webhooks_missing_repaired_total", Help: "Missing webhooks whose records were read."}),
		echoes:    prometheus.NewCounter(prometheus.CounterOpts{Name: "odoosync_webhooks_echoes_total", Help: "Webhooks of changes that this daemon or another one has made itself."}),
		removed:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "odoosync_purged_total", Help: "Rows that were removed here because they are older than retention keeps them, by table."}, []string{"table"}),
		erased:    prometheus.NewCounter(prometheus.CounterOpts{Name: "odoosync_webhooks_erased_total", Help: "Webhooks of which the values of retention.redact were erased here."}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "odoosync_odoo_call_seconds", Help: "Calls to Odoo by method and result.",
			Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30, 100}}, []string{"method", "code"})}
	m.registry.MustRegister(m.receivedN, m.processed, m.calls, m.missed, m.repaired, m.echoes, m.removed, m.erased, m.runs.ended, m.runs.seconds, m.runs.repaired, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// received counts a request. Unknown events share a label, so that nobody can
// fill the memory with names.
func (m *metrics) received(event string, status int) {
	if status != 200 {
		event = "refused"
	}
	m.receivedN.WithLabelValues(event, strconv.Itoa(status)).Inc()
}

// purged counts rows that were removed.
func (m *metrics) purged(table string, n int64) {
	m.removed.WithLabelValues(table).Add(float64(n))
}

func (m *metrics) done(_ queue.Event, o reconcile.Outcome, _ error) {
	m.processed.WithLabelValues(string(o)).Inc()
}

func (m *metrics) call(c odooclient.CallInfo) {
	code := string(c.Code)
	if c.Code == record.Code("") {
		code = "ok"
	}
	m.calls.WithLabelValues(c.Method, code).Observe(c.Duration.Seconds())
}
