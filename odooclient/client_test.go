package odooclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
)

const head, foot = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>", "</value>\n</param>\n</params>\n</methodResponse>\n"

// scripted is a client whose Odoo answers with f.
func scripted(t testing.TB, change func(*Options), f http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	o := Options{URL: server.URL, Database: "db", Login: "admin", APIKey: "hush-hush"}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	c.uid = 2
	return c
}

func xmlReply(w http.ResponseWriter, inner string) {
	w.Header().Set("Content-Type", "text/xml")
	_, _ = io.WriteString(w, head+inner+foot)
}

func TestWhatFailuresMean(t *testing.T) {
	page := func(status int, kind string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<html>proxy</html>")
		}
	}
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		w.Header().Set("Content-Length", "5000")
		_, _ = io.WriteString(w, head)
	}
	for _, tt := range []struct {
		name        string
		answer      http.HandlerFunc
		read, write record.Code
	}{
		{"a 502 page", page(502, "text/html"), record.CodeUnavailable, record.CodeUnknownOutcome},
		{"a 200 page that is HTML", page(200, "text/html"), record.CodeUnavailable, record.CodeUnknownOutcome},
		{"a 503", page(503, "text/html"), record.CodeUnavailable, record.CodeUnavailable},
		{"a 429", page(429, "text/plain"), record.CodeUnavailable, record.CodeUnavailable},
		{"a 404", page(404, "text/html"), record.CodeConfig, record.CodeConfig},
		{"a cut reply", cut, record.CodeUnavailable, record.CodeUnknownOutcome},
		{"nested arrays without end", func(w http.ResponseWriter, _ *http.Request) {
			xmlReply(w, strings.Repeat("<array><data><value>", 300_000))
		}, record.CodeRejected, record.CodeRejected},
		{"a huge reply", func(w http.ResponseWriter, _ *http.Request) {
			xmlReply(w, "<string>"+strings.Repeat("x", 2<<20)+"</string>")
		}, record.CodeRejected, record.CodeRejected},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := scripted(t, func(o *Options) { o.MaxBody = 1 << 20; o.Timeout = 10 * time.Second }, tt.answer)
			if strings.HasPrefix(tt.name, "nested") {
				c = scripted(t, nil, tt.answer)
			}
			_, err := c.SearchCount(context.Background(), "res.partner", nil)
			require.Equal(t, tt.read, record.CodeOf(err), "%v", err)
			err = c.Write(context.Background(), "res.partner", []int64{1}, map[string]any{"name": "x"}, nil)
			require.Equal(t, tt.write, record.CodeOf(err), "%v", err)
			require.NotContains(t, err.Error(), "hush-hush")
		})
	}
}

func TestUnreachableIsUnavailableAndTheBreakerOpens(t *testing.T) {
	c, err := New(Options{URL: "http://127.0.0.1:1", Database: "db", Login: "l", APIKey: "hush-hush"})
	require.NoError(t, err)
	c.uid = 2
	for range breakerFailures {
		err := c.Write(context.Background(), "m", []int64{1}, nil, nil)
		require.Equal(t, record.CodeUnavailable, record.CodeOf(err), "nothing was sent: the outcome is known")
	}
	_, err = c.SearchCount(context.Background(), "m", nil)
	require.ErrorContains(t, err, "left alone for")
}

// records answers a read with one struct an id; spoilt ids get bad text.
func records(t testing.TB, spoilt map[int64]string, hidden map[int64]bool, missing map[int64]bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		args := arguments(t, string(body))
		var b strings.Builder
		b.WriteString("<array><data>\n")
		for _, e := range args[5].([]any)[0].([]any) {
			id := e.(int64)
			if hidden[id] {
				w.Header().Set("Content-Type", "text/xml")
				_, _ = io.WriteString(w, "<?xml version='1.0'?><methodResponse><fault><value><struct><member><name>faultCode</name><value><int>4</int></value></member>"+
					"<member><name>faultString</name><value><string>Due to security restrictions, you are not allowed to access records.</string></value></member></struct></value></fault></methodResponse>")
				return
			}
			if missing[id] {
				continue
			}
			name := "ok"
			if s, bad := spoilt[id]; bad {
				name = s
			}
			fmt.Fprintf(&b, "<value><struct>\n<member>\n<name>id</name>\n<value><int>%d</int></value>\n</member>\n<member>\n<name>name</name>\n<value><string>%s</string></value>\n</member>\n</struct></value>\n", id, name)
		}
		b.WriteString("</data></array>")
		xmlReply(w, b.String())
	}
}

func TestOneBadRecordOfTwoHundredStopsNobody(t *testing.T) {
	c := scripted(t, nil, records(t, map[int64]string{77: "bad \uffff text"}, map[int64]bool{5: true}, map[int64]bool{9: true}))
	var ids []int64
	for i := range int64(200) {
		ids = append(ids, i+1)
	}
	good, kinds := 0, map[int64]error{}
	err := c.ReadEach(context.Background(), "res.partner", ids, []string{"name"}, func(id int64, raw Raw, err error) error {
		if err != nil {
			kinds[id] = err
			return nil
		}
		require.Equal(t, id, raw.ID())
		good++
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, 197, good)
	require.Len(t, kinds, 3)
	require.ErrorIs(t, kinds[5], ErrHidden)
	require.ErrorIs(t, kinds[9], ErrMissing)
	require.ErrorIs(t, kinds[77], errUndecodable)
	require.Equal(t, record.CodeRejected, record.CodeOf(kinds[77]))
}

func TestAModelThatIsClosedIsNotHalved(t *testing.T) {
	calls := 0
	c := scripted(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(w, "<?xml version='1.0'?><methodResponse><fault><value><struct><member><name>faultCode</name><value><int>4</int></value></member>"+
			"<member><name>faultString</name><value><string>You are not allowed to access 'Contact' (res.partner) records.</string></value></member></struct></value></fault></methodResponse>")
	})
	err := c.ReadEach(context.Background(), "res.partner", []int64{1, 2, 3, 4}, nil, func(int64, Raw, error) error { return nil })
	require.Equal(t, record.CodeConfig, record.CodeOf(err))
	require.Equal(t, 1, calls)
}

func TestWhatCannotBeSentIsRefusedBeforeItIs(t *testing.T) {
	c := scripted(t, nil, func(http.ResponseWriter, *http.Request) { t.Error("something was sent") })
	for _, bad := range []any{"a\x00b", "\xff", "\uffff", int64(1 << 40), struct{}{}} {
		err := c.Write(context.Background(), "m", []int64{1}, map[string]any{"name": bad}, nil)
		require.Equal(t, record.CodeRejected, record.CodeOf(err), "%#v", bad)
	}
}

func TestNilIsFalseAndKeysAreEscaped(t *testing.T) {
	var asked []any
	c := scripted(t, nil, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = arguments(t, string(body))
		xmlReply(w, "<boolean>1</boolean>")
	})
	require.NoError(t, c.Write(context.Background(), "m", []int64{1}, map[string]any{"street": nil, "text": "a < b & c\r\nd"}, nil))
	values := asked[5].([]any)[1].(map[string]any)
	require.Equal(t, false, values["street"])
	require.Equal(t, "a < b & c\r\nd", values["text"])
}

func TestACancelledContextEndsACall(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	c := scripted(t, nil, func(http.ResponseWriter, *http.Request) { close(entered); <-release })
	defer close(release)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-entered; cancel() }()
	_, err := c.SearchCount(ctx, "m", nil)
	require.ErrorIs(t, err, context.Canceled)
	require.True(t, errors.Is(err, context.Canceled))
}
