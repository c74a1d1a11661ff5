package odooclient

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
)

// wire answers requests without a network, so that time can be simulated.
type wire func(r *http.Request) (string, error)

func (f wire) RoundTrip(r *http.Request) (*http.Response, error) {
	text, err := f(r)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

const five = head + "<int>5</int>" + foot

func wired(t *testing.T, change func(*Options), f wire) *Client {
	t.Helper()
	o := Options{URL: "http://odoo", Database: "db", Login: "admin", APIKey: "hush-hush", HTTP: &http.Client{Transport: f}}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	require.NoError(t, err)
	c.uid = 2
	return c
}

func TestTheBreakerClosesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, asked, away := context.Background(), 0, true
		c := wired(t, nil, func(*http.Request) (string, error) {
			asked++
			if away {
				return "", &net.OpError{Op: "dial", Err: errors.New("connection refused")}
			}
			return five, nil
		})
		for range 2 * breakerFailures {
			_, err := c.SearchCount(ctx, "m", nil)
			require.Equal(t, record.CodeUnavailable, record.CodeOf(err))
		}
		require.Equal(t, breakerFailures, asked, "then Odoo is left alone")
		time.Sleep(breakerPause + time.Second)
		_, err := c.SearchCount(ctx, "m", nil)
		require.Error(t, err)
		require.Equal(t, breakerFailures+1, asked, "one call tries")
		away = false
		time.Sleep(breakerPause + time.Second)
		for range 10 {
			n, err := c.SearchCount(ctx, "m", nil)
			require.NoError(t, err)
			require.Equal(t, int64(5), n)
		}
	})
}

func TestCallsKeepToTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		start := time.Now()
		c := wired(t, func(o *Options) { o.Rate = 1 }, func(*http.Request) (string, error) {
			at = append(at, time.Since(start).Round(time.Millisecond))
			return five, nil
		})
		for range 4 {
			_, err := c.SearchCount(context.Background(), "m", nil)
			require.NoError(t, err)
		}
		require.Equal(t, []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second}, at)
	})
}

// An Odoo that does not answer in time: a read is tried again, of a write
// nobody knows whether it was done.
func TestATimeoutIsUnavailableForReadsAndUnknownForWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := wired(t, func(o *Options) { o.Timeout = 130 * time.Second }, func(r *http.Request) (string, error) {
			<-r.Context().Done()
			return "", r.Context().Err()
		})
		start := time.Now()
		_, err := c.SearchCount(context.Background(), "m", nil)
		require.Equal(t, record.CodeUnavailable, record.CodeOf(err), "%v", err)
		require.Equal(t, 130*time.Second, time.Since(start))
		err = c.Write(context.Background(), "m", []int64{1}, map[string]any{"name": "x"}, nil)
		require.Equal(t, record.CodeUnknownOutcome, record.CodeOf(err), "%v", err)
		require.NotContains(t, err.Error(), "hush-hush")
	})
}

func TestARedirectIsNotFollowed(t *testing.T) {
	asked := 0
	c := scripted(t, nil, func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
	})
	_, err := c.SearchCount(context.Background(), "m", nil)
	require.Equal(t, record.CodeConfig, record.CodeOf(err))
	require.Contains(t, record.Message(err), "check odoo.url")
	require.Equal(t, 1, asked, "the key goes to nobody else")
}

func TestACompressedAnswerIsRead(t *testing.T) {
	c := scripted(t, nil, func(w http.ResponseWriter, r *http.Request) {
		require.Contains(t, r.Header.Get("Accept-Encoding"), "gzip")
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = io.WriteString(z, five)
		require.NoError(t, z.Close())
		w.Header().Set("Content-Type", "text/xml")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(b.Bytes())
	})
	n, err := c.SearchCount(context.Background(), "m", nil)
	require.NoError(t, err)
	require.Equal(t, int64(5), n)
}

// XML that tries to do harm is refused without growing or hanging.
func TestHostileXML(t *testing.T) {
	for name, body := range map[string]string{
		"an entity bomb": `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>` +
			"<methodResponse><params><param><value><string>&c;</string></value></param></params></methodResponse>",
		"an external entity": `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><methodResponse><params><param><value><string>&a;</string></value></param></params></methodResponse>`,
		"a number too large": head + "<int>99999999999999999999999999</int>" + foot,
		"no number":          head + "<int>seven</int>" + foot,
		"NUL":                head + "<string>a\x00b</string>" + foot,
		"not UTF-8":          head + "<string>\xff\xfe</string>" + foot,
		"an open tag":        head + "<struct><member><name>x</name>" + foot,
	} {
		t.Run(name, func(t *testing.T) {
			c := wired(t, nil, func(*http.Request) (string, error) { return body, nil })
			_, err := c.SearchCount(context.Background(), "m", nil)
			require.Error(t, err)
			require.NotContains(t, err.Error(), "root:")
		})
	}
}
