package dashboard_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"odoosync/internal/demo"
)

// One person's day, in a browser with scripts: log in, decide a conflict, replay
// what failed, run a resync to its end, read why a row has its value.
func TestADayInABrowser(t *testing.T) {
	chromium(t)
	w := newWorld(t, nil).troubled()
	b := newBrowser(t, w.base)
	b.expected = []string{"422 (Unprocessable", "404 (Not Found)", "401 (Unauthorized)"} // the browser notes the answers that the test asks for
	b.open("/")
	b.shots("login")
	b.do(chromedp.SendKeys("#token", "wrong"))
	b.press("main button")
	require.Contains(t, b.text("main [role=alert].said:not(#lost)"), "The token is not known here")
	b.login("token")
	b.eventually(waitLong, "the verdict", func() bool { return b.text("#verdict") == "3 things need you" })
	b.shots("overview-troubled")

	// The keyboard alone comes to the content, and the focus is seen.
	b.do(chromedp.KeyEvent(kb.Tab))
	require.Equal(t, "Skip to the content", b.evaluate("document.activeElement.textContent"))
	b.do(chromedp.KeyEvent(kb.Enter))
	require.Equal(t, "main", b.evaluate("document.activeElement.id"))

	b.press(".problems a[href='/conflicts']")
	b.shots("conflicts")
	b.press("tbody td a")
	b.shots("conflict")
	b.do(chromedp.Click("input[name='take:city'][value=local]", chromedp.ByQuery), chromedp.Click("input[name='take:street'][value=odoo]", chromedp.ByQuery))
	b.press(".actions button:not(.quiet)")
	require.Contains(t, b.text(".said[role=status]"), "Your choice is kept")
	w.eventually("synced", fmt.Sprintf("SELECT state FROM sync_links WHERE entity = 'contacts' AND odoo_id = %d", w.school))
	require.Equal(t, "ours", w.sim.Get("res.partner", w.school)["city"])

	b.open("/events?status=error")
	b.shots("events-failed")
	b.open(fmt.Sprint("/events/", w.failed))
	b.shots("event-failed")
	b.press("form[action$='/replay'] button")
	require.Contains(t, b.text(".said[role=status]"), "is worked again")
	b.eventually(waitLong, "the page follows by itself", func() bool { return b.text("#live .badge") == "success" })
	b.open("/replay?status=success")
	b.shots("replay")

	b.open("/runs")
	b.do(chromedp.SetValue("#r-entity", "contacts", chromedp.ByQuery))
	b.press("button[name=plan]")
	b.eventually(waitLong, "the plan ends", func() bool { return b.text("#live .badge") == "done" })
	w.exec("UPDATE contacts SET city = 'drifted' WHERE odoo_id <> ? LIMIT 3", w.school)
	b.open("/runs#resync")
	b.press("button[name=plan]")
	b.eventually(waitLong, "the plan ends", func() bool { return b.text("#live .badge") == "done" })
	b.shots("plan")
	b.open("/runs")
	b.do(chromedp.Click("input[name=sure]", chromedp.ByQuery))
	b.press("button.strong")
	require.Contains(t, b.text(".said[role=status]"), "The resync has begun.")
	b.eventually(waitLong, "the run's page follows by itself", func() bool { return b.text("#live .badge") == "done" })
	b.shots("run")
	b.open("/runs")
	b.shots("runs")

	b.open(fmt.Sprintf("/record?entity=contacts&odoo=%d&why=street", w.school))
	require.Contains(t, b.text("#why"), "theirs")
	b.shots("record")
	b.open("/records")
	b.shots("records")
	b.open("/edits")
	b.shots("edits")
	b.open("/audit")
	b.shots("audit")
	b.open("/nothing")
	b.shots("missing")

	b.press("footer a[hreflang=fr]")
	require.Equal(t, "fr", b.evaluate("document.documentElement.lang"))
	b.open("/")
	require.Contains(t, b.text("#figures"), "Chiffres des webhooks")
	b.shots("overview-fr")
	b.open("/pause")
	b.shots("pause-fr")
	b.press("footer button")
	require.Equal(t, "/login", b.evaluate("location.pathname"))
}

// With scripts disabled everything can be read and done.
func TestWithoutScripts(t *testing.T) {
	chromium(t)
	w := newWorld(t, nil).troubled()
	b := newBrowser(t, w.base)
	b.do(emulation.SetScriptExecutionDisabled(true))
	b.login("token")
	require.Contains(t, b.text("#verdict"), "need you")
	b.press(".problems a[href='/conflicts']")
	b.press("tbody td a")
	b.press("button[value=odoo]")
	require.Contains(t, b.text(".said[role=status]"), "Your choice is kept")
	b.open("/pause")
	b.do(chromedp.Click("form[action='/pause'] input[name=sure]", chromedp.ByQuery))
	b.press("form[action='/pause'] button")
	require.Contains(t, b.text(".said[role=status]"), "Odoo → MySQL is paused.")
	b.press("form[action='/resume'] button")
	require.Contains(t, b.text(".said[role=status]"), "goes on")
	b.open(fmt.Sprint("/events/", w.failed))
	b.press("form[action$='/replay'] button")
	require.Contains(t, b.text(".said[role=status]"), "is worked again")
	require.True(t, b.has("noscript a"), "how to look again")
}

// The demo's counts move on the page while somebody looks.
func TestTheFirstPageIsLive(t *testing.T) {
	chromium(t)
	dir, address := t.TempDir(), freeAddress(t)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- demo.Run(ctx, demo.Options{Out: zap.NewStdLog(zaptest.NewLogger(t)).Writer(), VarDir: dir, Seed: 3, Listen: address, Logger: zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel))})
	}()
	defer func() {
		stop()
		require.NoError(t, <-ended)
	}()
	var token string
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "admin-token"))
		token = strings.TrimSpace(string(text))
		return err == nil && token != ""
	}, time.Minute, waitShort)
	b := newBrowser(t, "http://"+address)
	require.Eventually(t, func() bool { return chromedp.Run(b.ctx, chromedp.Navigate(b.base)) == nil }, time.Minute, waitShort)
	b.mu.Lock()
	b.complaints = nil // until it listened, the browser complained
	b.mu.Unlock()
	b.login(token)
	count := func() int {
		n, err := strconv.Atoi(strings.ReplaceAll(b.text("#n-processed"), ",", ""))
		require.NoError(t, err)
		return n
	}
	b.do(chromedp.Evaluate("window.sameDocument = true", nil))
	first := count()
	b.eventually(time.Minute, "the count moves", func() bool { return count() > first+3 })
	second := count()
	b.eventually(time.Minute, "and moves on", func() bool { return count() > second })
	require.Equal(t, "true", b.evaluate("window.sameDocument"), "without the page being loaded again")
	require.Contains(t, b.text("#verdict"), "Both sides agree as of ")

	// What was opened stays open, and what has the focus is left alone.
	b.do(chromedp.Click("#by-event summary", chromedp.ByQuery))
	third := count()
	b.eventually(time.Minute, "it goes on", func() bool { return count() > third })
	require.True(t, b.has("#by-event[open]"))
	b.shots("overview")
	b.open("/events")
	b.shots("events")
	b.open("/conflicts?state=all")
	b.shots("conflicts-decided")
}
