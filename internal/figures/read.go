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
// webhook_logs any more. Whole days are read as such, but for the one that runs.
func (s *sums) stored(ctx context.Context, q Queryer, from, upto, running time.Time) error {
	if running.IsZero() {
		running = upto // none is left out
	}
	first, last := dayOf(from.Add(24*time.Hour-1)), dayOf(upto)
	if last.After(running) {
		last = dayOf(running)
	}
	if !first.Before(last) {
		return s.hours(ctx, q, from, upto, running)
	}
	if err := s.days(ctx, q, first, last); err != nil {
		return err
	}
	if err := s.hours(ctx, q, from, first, running); err != nil {
		return err
	}
	if err := s.hours(ctx, q, last, upto, running); err != nil {
		return err
	}
	return s.totals(ctx, q, first, last)
}

// hours adds some hours, to their slots too.
func (s *sums) hours(ctx context.Context, q Queryer, from, upto, running time.Time) error {
	rows, err := q.QueryContext(ctx, "SELECT hour, event_type, status, error_code, bucket, n, sum_us FROM webhook_hours WHERE hour >= ? AND hour < ? AND (hour <> ? OR purged)", from, upto, running)
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
		s.add(c)
		s.slot(hour.UTC(), c.status, c.n)
	}
	return rows.Err()
}

// days adds whole days.
func (s *sums) days(ctx context.Context, q Queryer, first, last time.Time) error {
	rows, err := q.QueryContext(ctx, "SELECT event_type, status, error_code, bucket, SUM(n), SUM(sum_us) FROM webhook_days WHERE day >= ? AND day < ?"+
		" GROUP BY event_type, status, error_code, bucket", dateOf(first), dateOf(last))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c counted
		if err := rows.Scan(&c.event, &c.status, &c.code, &c.bucket, &c.n, &c.sumUS); err != nil {
			return err
		}
		s.add(c)
	}
	return rows.Err()
}

// totals adds the hours of whole days to their slots.
func (s *sums) totals(ctx context.Context, q Queryer, first, last time.Time) error {
	rows, err := q.QueryContext(ctx, "SELECT hour, status, n FROM webhook_totals WHERE hour >= ? AND hour < ?", first, last)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var hour time.Time
		var status string
		var n int64
		if err := rows.Scan(&hour, &status, &n); err != nil {
			return err
		}
		s.slot(hour.UTC(), status, n)
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
