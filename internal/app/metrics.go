package app

import (
	"strconv"
	"time"

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
	latency   prometheus.Histogram
	sent      *prometheus.CounterVec
	leases    *prometheus.GaugeVec
	expiry    *prometheus.GaugeVec
	removed   *prometheus.CounterVec
	erased    prometheus.Counter
	runs      runFigures
	database  *databaseFigures // nil until there is one
}

// refusals are the statuses of refused webhooks. They stand in the metrics from
// the start, so that a monitor sees the first refusal as an increase.
var refusals = []string{"400", "401", "413", "415", "422", "429", "503"}

func newMetrics(version string) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), runs: newRunFigures(),
		receivedN: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "odoosync_webhooks_received_total", Help: "Webhooks by event and HTTP status answered."}, []string{"event", "status"}),
		processed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "odoosync_webhooks_processed_total", Help: "Worked webhooks by outcome."}, []string{"outcome"}),
		missed:    prometheus.NewCounter(prometheus.CounterOpts{Name: "odoosync_webhooks_missing_total", Help: "Webhooks that Odoo sent and that did not arrive, by their numbers."}),
		repaired:  prometheus.NewCounter(prometheus.CounterOpts{Name: "odoosync_webhooks_missing_repaired_total", Help: "Missing webhooks whose records were read."}),
		echoes:    prometheus.NewCounter(prometheus.CounterOpts{Name: "odoosync_webhooks_echoes_total", Help: "Webhooks of changes that this daemon or another one has made itself."}),
		removed:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "odoosync_purged_total", Help: "Rows that were removed here because they are older than retention keeps them, by table."}, []string{"table"}),
		erased:    prometheus.NewCounter(prometheus.CounterOpts{Name: "odoosync_webhooks_erased_total", Help: "Webhooks of which the values of retention.redact were erased here."}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "odoosync_webhook_seconds", Help: "From the receipt of a webhook to its end, replays included, second looks not.",
			Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30, 100, 300, 1000, 3600}}),
		sent:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "odoosync_rows_pushed_total", Help: "Rows whose edits Odoo took or refused, by entity and result."}, []string{"entity", "result"}),
		leases: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "odoosync_lease_held_timestamp_seconds", Help: "When this daemon last held the lease of a job that one daemon at a time does, 0 for never."}, []string{"lease"}),
		expiry: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "odoosync_certificate_expiry_timestamp_seconds", Help: "When a certificate runs out: Odoo's as it was last shown, or this daemon's own."}, []string{"of"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "odoosync_odoo_call_seconds", Help: "Calls to Odoo by method and result.",
			Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30, 100}}, []string{"method", "code"})}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "odoosync_build_info", Help: "1, for the running version."}, []string{"version"})
	build.WithLabelValues(version).Set(1)
	for _, status := range refusals {
		m.receivedN.WithLabelValues("refused", status)
	}
	for _, o := range []reconcile.Outcome{reconcile.Ignored, reconcile.Merged, reconcile.Deleted, reconcile.Applied, reconcile.Refused} {
		m.processed.WithLabelValues(string(o))
	}
	m.registry.MustRegister(build, m.latency, m.sent, m.leases, m.expiry, m.receivedN, m.processed, m.calls, m.missed, m.repaired, m.echoes, m.removed, m.erased, m.runs.ended, m.runs.seconds, m.runs.repaired, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
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

func (m *metrics) done(now time.Time, e queue.Event, o reconcile.Outcome) {
	m.processed.WithLabelValues(string(o)).Inc()
	if e.Source != queue.SourceRecheck { // a second look is late on purpose
		m.latency.Observe(since(now, e.ReceivedAt))
	}
}

// The results of a push as metrics name them.
const (
	taken   = "taken"
	refused = "refused"
)

// pushed counts a row whose edits have ended.
func (m *metrics) pushed(entity string, err error) {
	result := taken
	if err != nil {
		result = refused
	}
	m.sent.WithLabelValues(entity, result).Inc()
}

// leased notes that this daemon holds the lease of that name.
func (m *metrics) leased(name string, now time.Time) {
	m.leases.WithLabelValues(name).Set(seconds(now))
}

// expires notes when the certificate of Odoo or of this daemon runs out.
func (m *metrics) expires(of string, at time.Time) {
	m.expiry.WithLabelValues(of).Set(seconds(at))
}

// seconds is a time as metrics write it, 0 for none.
func seconds(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return float64(at.UnixMicro()) / 1e6
}

func (m *metrics) call(c odooclient.CallInfo) {
	code := string(c.Code)
	if c.Code == record.Code("") {
		code = "ok"
	}
	m.calls.WithLabelValues(c.Method, code).Observe(c.Duration.Seconds())
}
