package figures_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/figures"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/retention"
	"odoosync/internal/store"
)

// BenchmarkLog measures what a person asks of a large log: ODOOSYNC_BENCH_ROWS
// webhooks of the last 90 days (200,000) and a quarter as many changes. Each is
// asked five times; the slowest is shown with its plan, as the server explains
// it, in the output of -v.
func BenchmarkLog(b *testing.B) {
	rows := 200_000
	if text := os.Getenv("ODOOSYNC_BENCH_ROWS"); text != "" {
		var err error
		rows, err = strconv.Atoi(text)
		require.NoError(b, err)
	}
	db := dbtest.New(b)
	begun := time.Now()
	now := begun.UTC().Truncate(time.Hour).Add(40 * time.Minute)
	fillLog(b, db, now, rows)
	b.Logf("%d webhooks and %d changes written in %s", rows, rows/4, time.Since(begun).Round(time.Second))
	begun = time.Now()
	require.NoError(b, figures.Rollup(ctx, db, now))
	b.Logf("the first rollup: %s", time.Since(begun).Round(time.Millisecond))

	s := &spy{db: db}
	asked := questions(now, rows, s, db)
	for b.Loop() {
		ask(b, s, asked)
	}
	purgeBeside(b, db, now)
}

// purgeBeside removes a third of the log, without pauses, and tells how long appends
// take meanwhile.
func purgeBeside(b *testing.B, db *mysqldb.DB, now time.Time) {
	inbox := queue.NewInbox(db, queue.Options{})
	defer inbox.Stop()
	ended := make(chan struct{})
	begun := time.Now()
	go func() {
		defer close(ended)
		keeper := retention.New(retention.Options{DB: db, WebhookLogs: 60 * 24 * time.Hour, Runs: time.Hour, Changes: 365 * 24 * time.Hour, Clock: clockwork.NewFakeClockAt(now), Pause: -1})
		counts, err := keeper.Purge(ctx)
		if err != nil {
			b.Error(err)
		}
		b.Logf("purged %v, %.0f rows/s", counts, float64(counts["webhook_logs"])/time.Since(begun).Seconds())
	}()
	var took []time.Duration
	for i := int64(1); ; i++ {
		begun := time.Now()
		_, err := inbox.Append(ctx, queue.Event{Type: "crm.lead.won", Model: "crm.lead", OdooID: i, Body: []byte("{}"), Source: queue.SourceWebhook})
		require.NoError(b, err)
		took = append(took, time.Since(begun))
		select {
		case <-ended:
			slices.Sort(took)
			b.Logf("%d appends meanwhile, median %s, p99 %s, longest %s", len(took), took[len(took)/2].Round(time.Microsecond), took[len(took)*99/100].Round(time.Microsecond), took[len(took)-1].Round(time.Microsecond))
			begun = time.Now()
			require.NoError(b, figures.Rollup(ctx, db, now))
			b.Logf("the rollup after it: %s", time.Since(begun).Round(time.Millisecond))
			return
		default:
		}
	}
}

// question is something that is measured.
type question struct {
	name string
	ask  func() error
}

func questions(now time.Time, rows int, s *spy, db *mysqldb.DB) []question {
	var list []question
	read := func(name string, f queue.LogFilter) {
		f.Limit = 50
		list = append(list, question{"log " + name, func() error { _, err := queue.ReadLog(ctx, s, f); return err }})
	}
	day := 24 * time.Hour
	read("latest", queue.LogFilter{})
	read("deep page", queue.LogFilter{Before: int64(rows / 3)})
	read("error", queue.LogFilter{Status: "error"})
	read("pending", queue.LogFilter{Status: "pending"})
	read("success of an event", queue.LogFilter{Status: "success", Event: "sale.order.updated"})
	read("error of an event", queue.LogFilter{Status: "error", Event: "crm.lead.won"})
	read("error of no event", queue.LogFilter{Status: "error", Event: "none"})
	read("code", queue.LogFilter{Code: "denied"})
	read("code of an event", queue.LogFilter{Code: "denied", Event: "crm.lead.won"})
	read("a day of 60 days ago", queue.LogFilter{From: now.Add(-60 * day), Upto: now.Add(-59 * day)})
	read("errors of that day", queue.LogFilter{From: now.Add(-60 * day), Upto: now.Add(-59 * day), Status: "error"})
	read("an event of that day", queue.LogFilter{From: now.Add(-60 * day), Upto: now.Add(-59 * day), Event: "crm.lead.won"})
	read("search a number", queue.LogFilter{Search: "1234"})
	read("search a name", queue.LogFilter{Search: "Contact 1234"})
	read("search a short name", queue.LogFilter{Search: "C"})
	read("search a letter of orders", queue.LogFilter{Search: "S"})
	read("search an old name", queue.LogFilter{Search: "Old"})
	read("search a name of errors", queue.LogFilter{Search: "Contact 1", Status: "error"})
	read("search a name of an event", queue.LogFilter{Search: "Contact 12", Event: "res.partner.updated"})
	read("search none", queue.LogFilter{Search: "nobody"})
	read("search events", queue.LogFilter{Search: "sale.order."})
	read("search errors by name", queue.LogFilter{Search: "Contact", Status: "error"})
	list = append(list, question{"log one", func() error { _, err := queue.ReadWebhook(ctx, s, int64(rows/2)); return err }})
	list = append(list, question{"stats", func() error { _, err := queue.ReadStats(ctx, s, now); return err }})
	list = append(list, question{"failed", func() error { _, err := queue.Failed(ctx, s, 10); return err }})
	list = append(list, question{"streams", func() error { _, err := queue.Streams(ctx, s); return err }})
	for name, r := range map[string]figures.Range{
		"day by hour":    {From: now.Add(-day), Upto: now, Step: "hour"},
		"week by hour":   {From: now.Add(-7 * day), Upto: now, Step: "hour"},
		"30 days by day": {From: now.Add(-30 * day), Upto: now, Step: "day"},
		"90 days by day": {From: now.Add(-90 * day), Upto: now, Step: "day"},
	} {
		list = append(list, question{"figures " + name, func() error { _, err := figures.Read(ctx, s, r); return err }})
	}
	list = append(list, question{"rollup", func() error { return figures.Rollup(ctx, db, now) }})
	list = append(list, question{"timeline by row", func() error { _, err := store.Timeline(ctx, s, "contacts", "7", 0, 0, 50); return err }})
	list = append(list, question{"timeline by record", func() error { _, err := store.Timeline(ctx, s, "contacts", "", 7, 0, 50); return err }})
	list = append(list, question{"why", func() error { _, err := store.Why(ctx, s, "contacts", "7", "phone"); return err }})
	list = append(list, question{"why it never changed", func() error { _, err := store.Why(ctx, s, "contacts", "7", "zip"); return err }})
	list = append(list, question{"audit", func() error { _, err := store.Audits(ctx, s, 0, 50); return err }})
	return list
}

// ask asks each five times and tells the slowest.
func ask(b *testing.B, s *spy, list []question) {
	var slowest time.Duration
	var worst question
	for _, q := range list {
		var took []time.Duration
		for range 5 {
			begun := time.Now()
			require.NoError(b, q.ask(), q.name)
			took = append(took, time.Since(begun))
		}
		slices.Sort(took)
		b.Logf("%-28s median %8s  longest %8s", q.name, took[2].Round(10*time.Microsecond), took[4].Round(10*time.Microsecond))
		if took[2] > slowest {
			slowest, worst = took[2], q
		}
	}
	b.ReportMetric(float64(slowest.Microseconds())/1000, "slowest-ms")
	s.asked = nil
	require.NoError(b, worst.ask())
	for _, one := range s.asked {
		b.Logf("the slowest, %s:\n%s\n%s", worst.name, one.query, explain(b, s.db, one))
	}
}

// spy remembers what is asked.
type spy struct {
	db    *mysqldb.DB
	asked []statement
}

type statement struct {
	query string
	args  []any
}

func (s *spy) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s.asked = append(s.asked, statement{query, args})
	return s.db.QueryContext(ctx, query, args...)
}

func explain(b *testing.B, db *mysqldb.DB, s statement) string {
	rows, err := db.Query("EXPLAIN "+s.query, s.args...)
	require.NoError(b, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(b, err)
	out := strings.Join(columns, " | ")
	for rows.Next() {
		cells := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		require.NoError(b, rows.Scan(into...))
		out += "\n"
		for _, c := range cells {
			out += c.String + " | "
		}
	}
	return out
}

// benchEvents are events by how often they come, of 100.
var benchEvents = []struct {
	event, model, name string
	share              int
}{
	{"sale.order.updated", "sale.order", "S", 30}, {"sale.order.created", "sale.order", "S", 8}, {"sale.order.state.changed", "sale.order", "S", 8}, {"sale.order.deleted", "sale.order", "S", 1},
	{"account.move.created", "account.move", "FAC/2026/", 6}, {"account.move.validated", "account.move", "FAC/2026/", 6}, {"account.move.updated", "account.move", "FAC/2026/", 10}, {"account.move.cancelled", "account.move", "FAC/2026/", 1},
	{"res.partner.created", "res.partner", "Contact ", 4}, {"res.partner.updated", "res.partner", "Contact ", 15}, {"res.partner.deleted", "res.partner", "Contact ", 1},
	{"crm.lead.created", "crm.lead", "Lead ", 4}, {"crm.lead.updated", "crm.lead", "Lead ", 4}, {"crm.lead.converted", "crm.lead", "Lead ", 1}, {"crm.lead.won", "crm.lead", "Lead ", 1},
}

// pick is a CASE over benchEvents by the number x.
func pick(column func(i int) string) string {
	out, below := "CASE", 0
	for i, e := range benchEvents {
		below += e.share
		out += fmt.Sprintf(" WHEN n.x * 37 %% 100 < %d THEN '%s'", below, column(i))
	}
	return out + " END"
}

// fillLog writes by SQL, in statements of 20,000 rows.
func fillLog(b *testing.B, db *mysqldb.DB, now time.Time, rows int) {
	exec := func(query string, args ...any) {
		b.Helper()
		_, err := db.Exec(query, args...)
		require.NoError(b, err)
	}
	exec("CREATE TABLE numbers (x BIGINT PRIMARY KEY)")
	exec("INSERT INTO numbers SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d FROM (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) a," +
		" (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) b," +
		" (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) c," +
		" (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) e," +
		" (SELECT 0 d UNION SELECT 1) f")
	event := pick(func(i int) string { return benchEvents[i].event })
	model := pick(func(i int) string { return benchEvents[i].model })
	name := "CONCAT(IF(n.x < " + strconv.Itoa(rows/20) + ", 'Old ', ''), " + pick(func(i int) string { return benchEvents[i].name }) + ", LPAD(n.x * 7919 % 100000, 5, '0'))"
	const at = 20_000
	first := now.Add(-90 * 24 * time.Hour)
	for base := 0; base < rows; base += at {
		inner := fmt.Sprintf("(SELECT x + %d AS x FROM numbers WHERE x < %d) n", base, min(at, rows-base))
		received := fmt.Sprintf("TIMESTAMPADD(SECOND, FLOOR(n.x * %f), ?)", 90*24*3600/float64(rows))
		status := fmt.Sprintf("CASE WHEN n.x > %d AND n.x %% 2 = 0 THEN 'pending' WHEN n.x %% 40 = 7 THEN 'error' ELSE 'success' END", rows-2000)
		took := "FLOOR(EXP(12 + 1.2 * SQRT(-2 * LN(1 - RAND(n.x))) * COS(6.283 * RAND(n.x + 1))))"
		exec("INSERT INTO webhook_logs (event_type, event_data, status, received_at, processed_at, model, odoo_id, event_time, body, source, request_id, next_attempt_at, outcome, received_us, finished_us, processing_us, subject, error_code, error_message)"+
			" SELECT event, data, status, at, IF(status = 'pending', NULL, at), model, odoo_id, at, CONCAT('{\"event\": \"', event, '\", \"timestamp\": \"2026-01-22T10:00:00Z\", \"data\": ', data, '}'), 'webhook', 'b7a1c1ee-9d8b-4d5e-9d8c-2f1d1c1b1a19', at,"+
			" IF(status = 'success', 'applied', IF(status = 'error', 'failed', NULL)), at, IF(status = 'pending', NULL, at), IF(status = 'success', took, NULL), name,"+
			" IF(status = 'error', ELT(1 + x % 3, 'denied', 'rejected', 'internal'), NULL), IF(status = 'error', 'Odoo refused it', NULL)"+
			" FROM (SELECT n.x, "+event+" AS event, "+model+" AS model, "+name+" AS name, n.x * 7919 % 100000 AS odoo_id, "+received+" AS at, "+status+" AS status, "+took+" AS took,"+
			" CONCAT('{\"id\": 123, \"name\": \"', "+name+", '\", \"partner_id\": 45, \"partner_name\": \"Ecole Primaire\", \"state\": \"sale\", \"amount_total\": 5000.00, \"filler\": \"', REPEAT('x', 200), '\"}') AS data FROM "+inner+") made", first)
	}
	for base := 0; base < rows/4; base += at {
		exec(fmt.Sprintf("INSERT INTO sync_changes (at, entity, local_id, odoo_id, side, op, changes, cause_kind, cause_id)"+
			" SELECT ?, 'contacts', n.x %% 5000, n.x %% 5000, IF(n.x %% 3 = 0, 'odoo', 'local'), IF(n.x < 5000, 'create', 'update'), IF(n.x %% 2 = 0, '{\"phone\": [\"1\", \"2\"]}', '{\"city\": [\"Paris\", \"Lyon\"]}'), 'webhook', n.x"+
			" FROM (SELECT x + %d AS x FROM numbers WHERE x < %d) n", base, min(at, rows/4-base)), now)
	}
	exec("INSERT INTO response_hours (hour, class, bucket, n, sum_us) SELECT TIMESTAMPADD(HOUR, -(n.x % 2160), ?), IF(n.x < 43200, 2, 4), 40 + FLOOR(n.x / 2160) % 20, 5, 50000 FROM (SELECT x FROM numbers WHERE x < 20000 UNION ALL SELECT x + 20000 FROM numbers WHERE x < 20000 UNION ALL SELECT x + 40000 FROM numbers WHERE x < 4800) n", now.Truncate(time.Hour))
	exec("INSERT INTO sync_links (entity, local_id, odoo_id, uuid, state) VALUES ('contacts', '7', 7, '0193a5f0-0000-7000-8000-000000000000', 'synced')")
	exec("ANALYZE TABLE webhook_logs, sync_changes")
}
