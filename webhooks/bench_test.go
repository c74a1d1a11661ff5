package webhooks_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/webhooks"
)

// each runs f total times over n goroutines and returns the rate and the 99th
// percentile of its duration.
func each(b *testing.B, n, total int, f func() error) (perSecond float64, p99 time.Duration) {
	b.Helper()
	work := make(chan struct{}, total)
	for range total {
		work <- struct{}{}
	}
	close(work)
	var mu sync.Mutex
	var all []time.Duration
	var group sync.WaitGroup
	started := time.Now()
	for range n {
		group.Go(func() {
			var mine []time.Duration
			for range work {
				begun := time.Now()
				if err := f(); err != nil {
					b.Error(err)
					return
				}
				mine = append(mine, time.Since(begun))
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		})
	}
	group.Wait()
	took := time.Since(started)
	slices.Sort(all)
	if len(all) == 0 {
		return 0, 0
	}
	return float64(len(all)) / took.Seconds(), all[len(all)*99/100]
}

// forgetful is an inbox that stores nothing.
type forgetful struct{}

func (forgetful) Append(context.Context, queue.Event) (bool, error)         { return false, nil }
func (forgetful) AppendRejected(context.Context, queue.Event, string) error { return nil }

// BenchmarkAcknowledged compares acknowledged webhooks over HTTP with bare
// single-row commits by as many connections on the same durable server in the
// same run: of a row in a table without further keys ("x-commits" is how many
// times as many), and of the row itself in webhook_logs ("x-log-commits"), which
// is what a receiver without shared commits does. "http-alone/s" is what the
// same requests reach when nothing is stored, which no receiver can exceed.
func BenchmarkAcknowledged(b *testing.B) {
	server := dbtest.NewServer(b, "bench")
	db, err := mysqldb.Open(mysqldb.Options{DSN: server.DSN("bench"), MaxOpen: 80})
	require.NoError(b, err)
	defer db.Close()
	inbox := queue.NewInbox(db, queue.Options{})
	defer inbox.Stop()
	h, err := webhooks.New(webhooks.Options{Inbox: inbox, Keys: []string{"key"}})
	require.NoError(b, err)
	engine, err := webhooks.Engine(nil, nil)
	require.NoError(b, err)
	h.Register(engine)
	site := httptest.NewServer(engine)
	defer site.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 80}}
	defer client.CloseIdleConnections()
	body := payload("sale.order.updated", `{"id": 123, "name": "SO001", "state": "sale", "amount_total": 5000.00}`)
	to := func(url string) error {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url+order, strings.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer key")
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return err
		}
		if resp.StatusCode != 200 {
			return fmt.Errorf("status %d", resp.StatusCode)
		}
		return nil
	}
	nothing, err := webhooks.New(webhooks.Options{Inbox: forgetful{}, Keys: []string{"key"}})
	require.NoError(b, err)
	nowhere, err := webhooks.Engine(nil, nil)
	require.NoError(b, err)
	nothing.Register(nowhere)
	hollow := httptest.NewServer(nowhere)
	defer hollow.Close()
	_, err = db.Exec("CREATE TABLE bare (id BIGINT AUTO_INCREMENT PRIMARY KEY, body TEXT) ENGINE=InnoDB")
	require.NoError(b, err)
	post := func() error { return to(site.URL) }
	talk := func() error { return to(hollow.URL) }
	commit := func() error {
		_, err := db.Exec("INSERT INTO bare (body) VALUES (?)", body)
		return err
	}
	logged := func() error {
		_, err := db.Exec("INSERT INTO webhook_logs (event_type, event_data, received_at, model, odoo_id, event_time, body, source, request_id, next_attempt_at, received_us)"+
			" VALUES ('sale.order.updated', ?, NOW(), 'sale.order', 123, NOW(6), ?, 'webhook', 'b7a1c1ee-9d8b-4d5e-9d8c-2f1d1c1b1a19', NOW(6), NOW(6))",
			`{"id": 123, "name": "SO001", "state": "sale", "amount_total": 5000.00}`, body)
		return err
	}
	for _, n := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("connections-%d", n), func(b *testing.B) {
			for b.Loop() {
				each(b, n, 200, commit) // warm both
				each(b, n, 200, post)
				each(b, n, 200, talk)
				commits, _ := each(b, n, 2000, commit)
				acks, p99 := each(b, n, 2000, post)
				logs, _ := each(b, n, 2000, logged)
				talks, _ := each(b, n, 2000, talk)
				b.ReportMetric(logs, "log-commits/s")
				b.ReportMetric(acks/logs, "x-log-commits")
				b.ReportMetric(talks, "http-alone/s")
				b.ReportMetric(acks, "acks/s")
				b.ReportMetric(commits, "commits/s")
				b.ReportMetric(acks/commits, "x-commits")
				b.ReportMetric(float64(p99.Microseconds())/1000, "p99-ms")
			}
		})
	}
}
