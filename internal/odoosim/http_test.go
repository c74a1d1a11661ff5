package odoosim_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
)

func TestEveryAnswerIsDatedByTheServersClock(t *testing.T) {
	clock := clockwork.NewFakeClockAt(time.Date(2019, 3, 4, 5, 6, 7, 900, time.UTC))
	s := odoosim.New(odoosim.Options{Clock: clock})
	url, err := s.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	version := "<?xml version='1.0'?><methodCall><methodName>version</methodName><params></params></methodCall>"
	for _, tt := range []struct {
		name, body string
		faults     odoosim.Faults
		status     int
	}{
		{"an answer", version, odoosim.Faults{}, http.StatusOK},
		{"a fault", "<methodCall><methodName>nothing</methodName></methodCall>", odoosim.Faults{}, http.StatusOK},
		{"a proxy's page", version, odoosim.Faults{Page502: 1}, http.StatusBadGateway},
		{"no XML", "<", odoosim.Faults{}, http.StatusBadRequest},
	} {
		s.SetFaults(tt.faults)
		clock.Advance(time.Hour)
		resp, err := http.Post(url+"/xmlrpc/2/common", "text/xml", strings.NewReader(tt.body))
		require.NoError(t, err, tt.name)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, tt.status, resp.StatusCode, tt.name)
		require.Equal(t, []string{clock.Now().Format(http.TimeFormat)}, resp.Header["Date"], tt.name)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestWhatAListOfLinesIsMadeOf(t *testing.T) {
	everywhere(t, func(p *pushing) {
		kinds := []any{"product", "line_section", "line_note"}
		if p.version == 19 {
			kinds = []any{"product", "line_section", "line_subsection", "line_note"}
		}
		for _, tt := range []struct {
			model, list, inverse string
			domain               []any
		}{
			{"sale.order", "order_line", "order_id", []any{}},
			{"account.move", "invoice_line_ids", "move_id", []any{[]any{"display_type", "in", kinds}}},
			{"res.partner", "child_ids", "parent_id", []any{[]any{"active", "=", true}}},
		} {
			ask := func(attributes ...string) map[string]any {
				answer, err := p.client.Call(p.ctx, tt.model, "fields_get", []any{[]string{tt.list, "write_date"}}, map[string]any{"attributes": attributes})
				require.NoError(p, err)
				fields := answer.(map[string]any)
				require.Len(p, fields, 2)
				require.NotContains(p, fields["write_date"], "domain")
				return fields[tt.list].(map[string]any)
			}
			require.Equal(p, map[string]any{"type": "one2many", "relation_field": tt.inverse, "domain": tt.domain}, ask("type", "relation_field", "domain"))
			require.Equal(p, map[string]any{"type": "one2many"}, ask("type"))
			require.NotContains(p, ask(), "relation_field")
		}
	})
}

// What a call costs is what it adds to Busy: the clock stands still but for what
// Faults make it wait.
func TestWhatAnswersCost(t *testing.T) {
	ctx := context.Background()
	clock := clockwork.NewFakeClock()
	s, c := dial(t, odoosim.Options{Clock: clock})
	seeded(s, 10)
	_, err := c.Authenticate(ctx)
	require.NoError(t, err)
	s.SetFaults(odoosim.Faults{PerRecord: 100 * time.Second, PerListed: time.Second, PerGrouped: 100_000 * time.Minute})
	search := func(fields ...string) func() error {
		return func() error {
			return c.SearchRead(ctx, "res.partner", nil, fields, odooclient.Page{}, func(odooclient.Raw) error { return nil })
		}
	}
	for i, tt := range []struct {
		call func() error
		want time.Duration
	}{
		{func() error { _, err := c.Search(ctx, "res.partner", nil, odooclient.Page{Limit: 4}); return err }, 4 * time.Second},
		{search("write_date"), 10 * time.Second},
		{search("id", "write_date", "parent_id"), 10 * time.Second},
		{search("write_date", "parent_id", "name"), 1000 * time.Second},
		{func() error { _, err := c.Read(ctx, "res.partner", []int64{1, 2}, []string{"name"}); return err }, 200 * time.Second},
		{func() error {
			_, err := c.ReadGroup(ctx, "res.partner", nil, nil, []string{"write_date:day"})
			return err
		}, 10 * time.Minute},
	} {
		before, done := s.Stats().Busy, make(chan error, 1)
		go func() { done <- tt.call() }()
		require.NoError(t, clock.BlockUntilContext(ctx, 1))
		clock.Advance(tt.want)
		require.NoError(t, <-done)
		require.Equal(t, tt.want, s.Stats().Busy-before, fmt.Sprint("call ", i))
	}
	require.EqualValues(t, []int64{24, 12, 10}, []int64{s.Stats().RecordsListed, s.Stats().RecordsRead, s.Stats().RecordsGrouped})
}
