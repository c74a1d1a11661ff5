package figures

import (
	"context"
	"fmt"
	"time"
)

// mostLive bounds what is counted of the hour that runs while a person waits.
const mostLive = 50_000

// liveHour counts the hour that runs, if it is of the range: the hour, and what
// is in it. No hour when it holds too much: it is as of the last Rollup then,
// which is a minute ago.
func liveHour(ctx context.Context, q Queryer, from, upto time.Time) ([]counted, time.Time, error) {
	latest, err := times(ctx, q, "SELECT MAX(received_at) FROM webhook_logs HAVING MAX(received_at) IS NOT NULL")
	if err != nil || len(latest) == 0 {
		return nil, time.Time{}, err
	}
	hour := hourOf(latest[0])
	if hour.Before(from) || !hour.Before(upto) {
		return nil, time.Time{}, nil
	}
	some := fmt.Sprintf("(SELECT event_type, status, error_code, processing_us FROM webhook_logs WHERE "+received+" LIMIT %d) latest", mostLive)
	rows, err := readGroups(ctx, q, some, hour, hour.Add(time.Hour))
	var n int64
	for _, c := range rows {
		n += c.n
	}
	if err != nil || n >= mostLive {
		return nil, time.Time{}, err
	}
	return rows, hour, nil
}

// stored adds what Rollup has counted; of the running hour only what is not in
// webhook_logs any more.
func (s *sums) stored(ctx context.Context, q Queryer, from, upto, running time.Time) error {
	if running.IsZero() {
		running = upto // none is left out
	}
	rows, err := q.QueryContext(ctx, "SELECT hour, event_type, status, error_code, bucket, SUM(n), SUM(sum_us) FROM webhook_hours"+
		" WHERE hour >= ? AND hour < ? AND (hour <> ? OR purged) GROUP BY hour, event_type, status, error_code, bucket", from, upto, running)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c counted
		var hour time.Time
		if err := rows.Scan(&hour, &c.event, &c.status, &c.code, &c.bucket, &c.n, &c.sumUS); err != nil {
			return err
		}
		s.add(hour.UTC(), c)
	}
	return rows.Err()
}

// responses adds up how long senders waited.
func responses(ctx context.Context, q Queryer, from, upto time.Time) (Times, error) {
	rows, err := q.QueryContext(ctx, "SELECT bucket, SUM(n), SUM(sum_us) FROM response_hours WHERE hour >= ? AND hour < ? GROUP BY bucket", from, upto)
	if err != nil {
		return Times{}, err
	}
	defer rows.Close()
	var b bucketed
	for rows.Next() {
		var bucket int
		var n, sum int64
		if err := rows.Scan(&bucket, &n, &sum); err != nil {
			return Times{}, err
		}
		b.add(bucket, n, sum)
	}
	return b.times(), rows.Err()
}
