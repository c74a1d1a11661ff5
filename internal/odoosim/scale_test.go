package odoosim_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
)

var seededFrom = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// seeded are n partners, written 100 a day in an order that is not that of
// their ids, to the microsecond.
func seeded(s *odoosim.Server, n int) int64 {
	first := 1 + len(s.IDs("res.partner"))
	return s.Seed("res.partner", n, func(i int) odoosim.Values {
		v := odoosim.Values{"name": fmt.Sprintf("École %d", i), "is_company": i%3 == 0, "city": "Nantes", "zip": strconv.Itoa(10000 + i%90000), "country_id": 75,
			"email": fmt.Sprintf("contact%d@ecole.example", i), "phone": "+33 2 40 00 00 00", "street": fmt.Sprintf("%d rue du Port", i)}
		if i%3 != 0 {
			v["parent_id"] = first + i - i%3
		}
		return v
	}, func(i int) time.Time {
		place := i * 7919 % n
		return seededFrom.Add(time.Duration(place) * (24 * time.Hour / 100)).Add(123457 * time.Microsecond)
	})
}

func TestSeedMakesRecordsAsCreateDoes(t *testing.T) {
	ctx := context.Background()
	s, c := dial(t, odoosim.Options{})
	made := s.Create("res.partner", odoosim.Values{"name": "Mairie"})
	require.Equal(t, made+1, seeded(s, 300))
	require.Equal(t, made+301, s.Create("res.partner", odoosim.Values{"name": "Mairie"}))
	require.Len(t, s.IDs("res.partner"), 302)

	first := s.Get("res.partner", made+1)
	require.Equal(t, seededFrom.Add(123457*time.Microsecond), first["write_date"])
	require.Equal(t, first["write_date"], first["create_date"])
	require.Equal(t, []any{true, "contact", int64(75), false, made + 1},
		[]any{first["active"], first["type"], first["country_id"], first["vat"], first["commercial_partner_id"]})
	for name, value := range s.Get("res.partner", made) {
		require.IsType(t, value, s.Get("res.partner", made+301)[name], name)
	}
	raws, err := c.Read(ctx, "res.partner", []int64{made + 1}, []string{"child_ids", "write_date", "vat"})
	require.NoError(t, err)
	require.Equal(t, "2020-01-01 00:00:00", raws[0]["write_date"])
	require.Len(t, raws[0]["child_ids"], 2)
}

// TestPagesAreThoseOfAFullSearch holds what the indexes answer against a search
// that can use none, after all that may put an index out of step.
func TestPagesAreThoseOfAFullSearch(t *testing.T) {
	ctx := context.Background()
	s, c := dial(t, odoosim.Options{})
	seeded(s, 3000)
	for i := int64(1); i < 3000; i += 7 {
		s.Write("res.partner", i, odoosim.Values{"city": "Brest"})
	}
	for i := int64(2); i < 3000; i += 11 {
		s.Unlink("res.partner", i)
	}
	s.Raw("res.partner", 3, odoosim.Values{"write_date": seededFrom.Add(time.Hour)})
	x := s.Begin()
	x.Write("res.partner", 5, odoosim.Values{"city": "Lille"})
	x.Unlink("res.partner", 8)
	x.Tell() // runs and rolls back
	x.Rollback()

	a, b := "2020-01-05 00:00:00", "2020-01-09 12:00:00"
	for _, tt := range []struct {
		domain []any
		order  string
	}{
		{nil, "id asc"}, {nil, "write_date asc, id asc"}, {nil, "write_date desc, id asc"}, {nil, "id desc"}, {nil, ""},
		{[]any{[]any{"id", ">", 1500}}, "id asc"}, {[]any{[]any{"id", "<=", 40}}, "id"}, {[]any{[]any{"id", "in", []any{9, 1, 8000, 4, 9}}}, "write_date asc"},
		{[]any{[]any{"write_date", ">=", a}}, "write_date asc, id asc"}, {[]any{[]any{"write_date", ">=", a}, []any{"write_date", "<", b}}, "write_date asc, id asc"},
		{[]any{[]any{"write_date", ">=", a}, []any{"write_date", "<", b}, []any{"id", ">", 700}}, "id asc"},
		{[]any{"|", []any{"write_date", "<", a}, "&", []any{"write_date", ">=", b}, []any{"city", "=", "Brest"}}, "write_date asc, id asc"},
		{[]any{"!", []any{"write_date", ">=", a}}, "id"}, {[]any{"|", []any{"id", "=", 9}, []any{"id", "in", []any{12, 30}}}, "id"},
	} {
		whole, err := c.Search(ctx, "res.partner", unindexed(tt.domain), odooclient.Page{Order: cmp.Or(tt.order, "id") + ", name"})
		require.NoError(t, err)
		var paged []int64
		for len(paged) <= len(whole) {
			page, err := c.Search(ctx, "res.partner", tt.domain, odooclient.Page{Order: tt.order, Offset: len(paged), Limit: 400})
			require.NoError(t, err)
			if len(page) == 0 {
				break
			}
			paged = append(paged, page...)
		}
		require.Equal(t, whole, paged, "%v by %q", tt.domain, tt.order)
		n, err := c.SearchCount(ctx, "res.partner", tt.domain)
		require.NoError(t, err)
		require.EqualValues(t, len(whole), n)
	}
}

// unindexed is a domain denied twice, which no index can serve.
func unindexed(domain []any) []any {
	out := []any{"!", "!"}
	if len(domain) == 0 {
		return nil
	}
	if _, operator := domain[0].(string); !operator {
		for range domain[1:] {
			out = append(out, "&")
		}
	}
	return append(out, domain...)
}

// BenchmarkScale needs a few GB: ODOOSIM_SCALE=1000000 go test -bench Scale.
func BenchmarkScale(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("ODOOSIM_SCALE"))
	if err != nil {
		n = 20_000
	}
	ctx := context.Background()
	s := odoosim.New(odoosim.Options{})
	url, err := s.Start()
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	c, err := odooclient.New(odooclient.Options{URL: url, Database: "odoosim", Login: "sync", APIKey: "sim-key"})
	require.NoError(b, err)
	b.Cleanup(c.Close)
	start := time.Now()
	seeded(s, n)
	seconds := time.Since(start).Seconds()
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	for _, run := range scaled(ctx, s, c, n) {
		b.Run(run.name, func(b *testing.B) {
			before, calls := s.Stats().Busy, 0
			for b.Loop() {
				require.NoError(b, run.call())
				calls++
			}
			b.ReportMetric((s.Stats().Busy-before).Seconds()*1000/float64(calls), "own-ms/op")
			b.ReportMetric(seconds, "s/seed")
			b.ReportMetric(float64(memory.HeapAlloc)/float64(1<<20), "MB")
		})
	}
}

type scaledCall struct {
	name string
	call func() error
}

// scaled are the calls of a poll and a sweep over n seeded partners.
func scaled(ctx context.Context, s *odoosim.Server, c *odooclient.Client, n int) []scaledCall {
	all, late := []any{[]any{"type", "=", "contact"}}, seededFrom.Add(time.Duration(n-2000)*(24*time.Hour/100)).Format(time.DateTime)
	middle := seededFrom.Add(time.Duration(n/2) * (24 * time.Hour / 100))
	return []scaledCall{
		{"id page", func() error {
			_, err := c.Search(ctx, "res.partner", append(all, []any{"id", ">", n / 2}), odooclient.Page{Order: "id asc", Limit: 1000})
			return err
		}},
		{"write_date page", func() error {
			return c.SearchRead(ctx, "res.partner", append(all, []any{"write_date", ">=", late}), []string{"write_date"}, odooclient.Page{Order: "write_date asc, id asc", Limit: 1000},
				func(odooclient.Raw) error { return nil })
		}},
		{"write_date range", func() error {
			_, err := c.Search(ctx, "res.partner", []any{[]any{"write_date", ">=", middle.Format(time.DateTime)}, []any{"write_date", "<", middle.Add(24 * time.Hour).Format(time.DateTime)}},
				odooclient.Page{Order: "id asc", Limit: 1000})
			return err
		}},
		{"count", func() error { _, err := c.SearchCount(ctx, "res.partner", nil); return err }},
		{"count of a domain", func() error { _, err := c.SearchCount(ctx, "res.partner", all); return err }},
		{"read_group", func() error {
			_, err := c.ReadGroup(ctx, "res.partner", nil, nil, []string{"write_date:day"})
			return err
		}},
		{"read page", func() error {
			return c.SearchRead(ctx, "res.partner", []any{[]any{"id", ">", n / 2}}, []string{"name", "email", "phone", "street", "city", "zip", "country_id", "parent_id", "child_ids", "write_date"},
				odooclient.Page{Order: "id asc", Limit: 1000}, func(odooclient.Raw) error { return nil })
		}},
		{"backup", func() error { s.Snapshot(); return nil }},
		{"write", func() error { s.Write("res.partner", int64(n/2), odoosim.Values{"city": "Brest"}); return nil }},
	}
}
