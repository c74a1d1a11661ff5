package dashboard_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// chromium finds a browser. Without one the test is skipped, or fails where one
// is required.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const missing = "NOT RUN: there is no chromium for the browser tests; make setup-browser installs Debian's"
	if os.Getenv("ODOOSYNC_TEST_BROWSER") == "required" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// browser is a headless one, and what it complained of.
type browser struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu         sync.Mutex
	complaints []string
	expected   []string // complaints that belong to the test
}

// newBrowser starts one that may only ask base.
func newBrowser(t *testing.T, base string, options ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	profile, err := os.MkdirTemp("", "odoosync-browser")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(profile) }) // its last files are written as it ends
	options = append(append(chromedp.DefaultExecAllocatorOptions[:len(chromedp.DefaultExecAllocatorOptions):len(chromedp.DefaultExecAllocatorOptions)],
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.UserDataDir(profile), chromedp.WindowSize(1280, 900),
		chromedp.Flag("lang", "en-GB"), chromedp.WSURLReadTimeout(time.Minute)), options...)
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	ctx, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	ctx, end = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(end)
	b := &browser{t: t, ctx: ctx, base: base}
	chromedp.ListenTarget(ctx, b.listen)
	b.do(network.Enable(), log.Enable(), runtime.Enable())
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		require.Empty(t, b.complaints, "what the browser complained of")
	})
	return b
}

// listen notes errors, and requests to other hosts.
func (b *browser) listen(event any) {
	complain := ""
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			complain = fmt.Sprintf("console %s: %v", e.Type, e.Args)
		}
	case *runtime.EventExceptionThrown:
		complain = "exception: " + e.ExceptionDetails.Text
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError || e.Entry.Level == log.LevelWarning {
			complain = fmt.Sprintf("log: %s %s", e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && u.Scheme != "data" && u.Scheme+"://"+u.Host != b.base && u.Scheme != "about" {
			complain = "a request to another host: " + e.Request.URL
		}
	}
	if complain == "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.expected {
		if strings.Contains(complain, e) {
			return
		}
	}
	b.complaints = append(b.complaints, complain)
}

func (b *browser) do(actions ...chromedp.Action) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Run(b.ctx, actions...))
}

// open opens a page and waits for it.
func (b *browser) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base+path), chromedp.WaitReady("footer"))
}

// text is the text of the first element, "" for none. It is asked for at once:
// what is live may be another element in a moment.
func (b *browser) text(selector string) string {
	b.t.Helper()
	return strings.TrimSpace(b.evaluate(fmt.Sprintf("(document.querySelector(%q) || {innerText: ''}).innerText", selector)))
}

// evaluate is the text of an expression.
func (b *browser) evaluate(expression string) string {
	b.t.Helper()
	var out string
	b.do(chromedp.Evaluate("String("+expression+")", &out))
	return out
}

// has tells whether there is such an element.
func (b *browser) has(selector string) bool {
	b.t.Helper()
	var found bool
	b.do(chromedp.Evaluate(fmt.Sprintf("document.querySelector(%q) !== null", selector), &found))
	return found
}

// press presses a button or link, and waits for the page that follows.
func (b *browser) press(selector string) {
	b.t.Helper()
	ctx, end := context.WithTimeout(b.ctx, 30*time.Second)
	defer end()
	_, err := chromedp.RunResponse(ctx, chromedp.Click(selector, chromedp.ByQuery))
	require.NoError(b.t, err, selector)
	b.do(chromedp.WaitReady("footer"))
}

func (b *browser) login(token string) {
	b.t.Helper()
	b.open("/")
	b.do(chromedp.WaitVisible("#token"), chromedp.SendKeys("#token", token))
	b.press("main button")
}

// eventually waits until something shows on a page that refreshes itself.
func (b *browser) eventually(within time.Duration, what string, shows func() bool) {
	b.t.Helper()
	for begin := time.Now(); !shows(); time.Sleep(100 * time.Millisecond) {
		require.Less(b.t, time.Since(begin), within, what)
	}
}

// shot keeps a picture of the whole page in var/screenshots, for a person.
func (b *browser) shot(name string) {
	b.t.Helper()
	dir := filepath.Join("..", "..", "var", "screenshots")
	require.NoError(b.t, os.MkdirAll(dir, 0o755))
	var png []byte
	b.do(chromedp.Evaluate("window.scrollTo(0, 0)", nil), chromedp.FullScreenshot(&png, 100))
	require.NoError(b.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}

func (b *browser) look(width, height int64, scheme string) {
	b.t.Helper()
	b.do(emulation.SetDeviceMetricsOverride(width, height, 1, width < 600),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
}

// shots takes the page as it looks on a desktop, on a telephone and in the dark.
func (b *browser) shots(name string) {
	b.t.Helper()
	b.shot(name)
	b.look(390, 844, "light")
	b.shot(name + "-phone")
	var wide bool
	b.do(chromedp.Evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth", &wide))
	require.False(b.t, wide, "%s is wider than a telephone", name)
	b.look(1280, 900, "dark")
	b.shot(name + "-dark")
	b.look(1280, 900, "light")
}

// freeAddress is one that nobody listens at.
func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}
