package alerts_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"odoosync/internal/alerts"
	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("odoosync/internal/localdb.(*Server).watch"), goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"))
}

var ctx = context.Background()

type body struct {
	Status, Reason, Message, URL, Text string
	Reasons                            []string
	Since                              time.Time
}

// bench is an alerter, its receiver and what is wrong.
type bench struct {
	t        *testing.T
	db       *mysqldb.DB
	clock    *clockwork.FakeClock
	site     *httptest.Server
	answer   int
	got      []body
	troubles []alerts.Trouble
	factsErr error
	alerter  *alerts.Alerter
	logs     *observer.ObservedLogs
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, db: dbtest.New(t), clock: clockwork.NewFakeClockAt(time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)), answer: 200}
	b.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var one body
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || json.NewDecoder(r.Body).Decode(&one) != nil {
			one.Reason = "nonsense"
		}
		b.got = append(b.got, one)
		if b.answer == 302 {
			w.Header().Set("Location", b.site.URL+"/elsewhere")
		}
		w.WriteHeader(b.answer)
	}))
	t.Cleanup(b.site.Close)
	b.restart()
	return b
}

// restart is another daemon, or the same after a restart.
func (b *bench) restart() {
	core, logs := observer.New(zapcore.DebugLevel)
	b.logs = logs
	b.alerter = alerts.New(alerts.Options{DB: b.db, URL: b.site.URL + "/hooks/the-secret", Link: "https://sync.example", Clock: b.clock, Logger: zap.New(core),
		Facts: func(context.Context) ([]alerts.Trouble, error) { return b.troubles, b.factsErr }})
	b.t.Cleanup(b.alerter.Close)
}

// step steps after a time, and returns what was sent, as "status reason".
func (b *bench) step(after time.Duration) []string {
	b.t.Helper()
	b.clock.Advance(after)
	b.got = nil
	require.NoError(b.t, b.alerter.Step(ctx))
	out := []string{}
	for _, one := range b.got {
		out = append(out, one.Status+" "+one.Reason)
	}
	return out
}

func wrong(reasons ...string) []alerts.Trouble {
	var out []alerts.Trouble
	for _, r := range reasons {
		out = append(out, alerts.Trouble{Reason: r, Message: "what " + r + " <means>"})
	}
	return out
}

func TestATroubleIsToldOnceAndSoIsItsEnd(t *testing.T) {
	b := newBench(t)
	require.Empty(t, b.step(0))
	b.troubles = wrong("halted")
	require.Equal(t, []string{"firing halted"}, b.step(time.Minute))
	require.Equal(t, body{Status: "firing", Reason: "halted", Message: "what halted <means>", URL: "https://sync.example", Since: b.clock.Now().UTC(),
		Text: "odoosync needs a person: what halted &lt;means&gt; (since 2026-11-02 10:01 UTC) https://sync.example"}, b.got[0])
	require.Empty(t, b.step(time.Minute))
	b.restart()
	require.Empty(t, b.step(time.Minute), "a restart tells nothing again")
	b.troubles = append(wrong("conflicts"), wrong("halted")...)
	require.Equal(t, []string{"firing conflicts"}, b.step(time.Minute))
	require.Empty(t, b.step(20*time.Hour))
	require.Equal(t, []string{"firing conflicts", "firing halted"}, b.step(4*time.Hour), "a reminder, a day later")
	b.troubles = wrong("conflicts")
	require.Equal(t, []string{"resolved halted"}, b.step(time.Minute))
	require.Contains(t, b.got[0].Text, "this is over: what halted")
	b.restart()
	require.Empty(t, b.step(time.Minute))
}

func TestWhatComesAndGoesIsToldOnceAnHour(t *testing.T) {
	b := newBench(t)
	b.troubles = wrong("odoo")
	require.Equal(t, []string{"firing odoo"}, b.step(0))
	b.troubles = nil
	require.Equal(t, []string{"resolved odoo"}, b.step(10*time.Minute))
	for range 4 {
		b.troubles = wrong("odoo")
		require.Empty(t, b.step(5*time.Minute))
		b.troubles = nil
		require.Empty(t, b.step(5*time.Minute), "its end is no news either")
	}
	b.troubles = wrong("odoo") // 55 minutes
	require.Empty(t, b.step(5*time.Minute))
	require.Equal(t, []string{"firing odoo"}, b.step(5*time.Minute), "it is still there after the hour")
	b.troubles = nil
	require.Equal(t, []string{"resolved odoo"}, b.step(time.Minute))
	require.Empty(t, b.step(2*time.Hour))
	var n int
	require.NoError(t, b.db.QueryRow("SELECT COUNT(*) FROM sync_alerts").Scan(&n))
	require.Zero(t, n, "and forgotten")
}

func TestShortTroublesAreNotTold(t *testing.T) {
	b := newBench(t)
	b.troubles = []alerts.Trouble{{Reason: "missing", Message: "webhooks are missing", For: 10 * time.Minute}}
	require.Empty(t, b.step(0))
	require.Empty(t, b.step(9*time.Minute))
	b.troubles = nil
	require.Empty(t, b.step(time.Second))
	b.troubles = []alerts.Trouble{{Reason: "missing", Message: "webhooks are missing", For: 10 * time.Minute}}
	require.Empty(t, b.step(time.Minute))
	require.Equal(t, []string{"firing missing"}, b.step(10*time.Minute))
}

func TestAStormIsOneMessage(t *testing.T) {
	b := newBench(t)
	b.troubles = wrong("a", "b", "c", "d", "e")
	require.Equal(t, []string{"firing several"}, b.step(0))
	require.Equal(t, []string{"a", "b", "c", "d", "e"}, b.got[0].Reasons)
	require.Contains(t, b.got[0].Message, "5 things: what a <means>; what b")
	b.troubles = nil
	require.Equal(t, []string{"resolved several"}, b.step(time.Minute))
	require.Empty(t, b.step(time.Minute))
}

func TestWhatIsNotTakenIsSentAgain(t *testing.T) {
	for _, answer := range []int{500, 404, 302, 429} {
		b := newBench(t)
		b.answer, b.troubles = answer, wrong("halted")
		require.Len(t, b.step(0), 1, "a redirect is not followed")
		require.Empty(t, b.step(29*time.Second))
		require.Len(t, b.step(time.Second), 1)
		b.restart()
		require.Empty(t, b.step(59*time.Second-time.Second), "a restart is no reason to hurry")
		require.Len(t, b.step(2*time.Second), 1)
		for range 5 {
			require.Len(t, b.step(15*time.Minute), 1, "every quarter of an hour")
		}
		for _, line := range b.logs.All() {
			text, err := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()).EncodeEntry(line.Entry, line.Context)
			require.NoError(t, err)
			require.NotContains(t, text.String(), "the-secret")
		}
		b.answer = 204
		require.Equal(t, []string{"firing halted"}, b.step(15*time.Minute))
		b.answer, b.troubles = answer, nil
		require.Equal(t, []string{"resolved halted"}, b.step(time.Minute))
		b.answer = 200
		require.Equal(t, []string{"resolved halted"}, b.step(30*time.Second))
		require.Empty(t, b.step(time.Minute))
	}
}

func TestAReceiverThatIsAwayIsNoSecret(t *testing.T) {
	b := newBench(t)
	b.site.Close()
	b.troubles = wrong("halted")
	require.Empty(t, b.step(0))
	lines := b.logs.All()
	require.Len(t, lines, 1)
	text, err := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()).EncodeEntry(lines[0].Entry, lines[0].Context)
	require.NoError(t, err)
	require.Contains(t, text.String(), "does not answer")
	require.NotContains(t, text.String(), "the-secret")
	require.NotContains(t, text.String(), strings.TrimPrefix(b.site.URL, "http://")+"/hooks")
}

func TestWhatIsNotKnownIsNotTold(t *testing.T) {
	b := newBench(t)
	b.troubles = wrong("halted")
	require.Len(t, b.step(0), 1)
	b.troubles, b.factsErr = nil, errors.New("the database is away")
	b.clock.Advance(time.Minute)
	b.got = nil
	require.Error(t, b.alerter.Step(ctx))
	require.Empty(t, b.got, "no false all-clear")
}
