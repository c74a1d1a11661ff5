package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"odoosync/configs"
)

const (
	waitLong  = 20 * time.Second
	waitShort = 50 * time.Millisecond
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("odoosync/internal/localdb.(*Server).watch"), goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"))
}

func cookie(header http.Header, name string) string {
	for _, line := range header.Values("Set-Cookie") {
		if strings.HasPrefix(line, name+"=") {
			return line
		}
	}
	return ""
}

func TestLoggingInAndOut(t *testing.T) {
	w := newWorld(t, func(c *configs.Config) { c.HTTP.TrustedProxies = []string{"127.0.0.1"} })
	v := w.visit("en")
	page := v.get("/events?status=error")
	require.Equal(t, "/login?next=%2Fevents%3Fstatus%3Derror", page.url.RequestURI(), "who has not logged in is led to the login")
	require.Equal(t, 401, v.submit("/pause", url.Values{"direction": {"both"}, "sure": {"yes"}}).status)
	page = v.submit("/login", url.Values{"token": {"wrong"}, "next": {"/events?status=error"}})
	require.Equal(t, 401, page.status)
	require.Contains(t, page.words("[role=alert].said:not(#lost)"), "The token is not known here")
	require.Equal(t, "/events?status=error", page.Find("input[name=next]").AttrOr("value", ""))
	page = v.submit("/login", url.Values{"token": {" token\n"}, "next": {"/events?status=error"}})
	require.Equal(t, "/events?status=error", page.url.RequestURI(), "and then to where it was going")
	for _, next := range []string{"//elsewhere.example/", "https://elsewhere.example", `/\elsewhere.example`, "/login", ""} {
		require.Equal(t, w.base+"/", w.visit("en").submit("/login", url.Values{"token": {"token"}, "next": {next}}).url.String(), next)
	}

	// The cookie is out of reach of scripts and of other sites.
	plain := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: &http.Transport{DisableKeepAlives: true}}
	login := func(headers ...string) http.Header {
		req, err := http.NewRequest(http.MethodPost, w.base+"/login", strings.NewReader("token=token"))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := plain.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		return resp.Header
	}
	line := cookie(login(), "odoosync_session")
	require.Contains(t, line, "; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict")
	require.NotContains(t, line, "Secure")
	require.NotContains(t, line, "token", "the token is not in it")
	require.Contains(t, cookie(login("X-Forwarded-Proto", "https"), "odoosync_session"), "; Secure", "a trusted proxy says that it speaks TLS")

	// A cookie that somebody made, or changed, opens nothing.
	value := strings.SplitN(strings.TrimPrefix(line, "odoosync_session="), ";", 2)[0]
	for _, forged := range []string{"admin.99999999999.AAAA", strings.Replace(value, "admin.", "reader.", 1), value[:len(value)-4] + "AAAA", "admin." + value, ""} {
		req, err := http.NewRequest(http.MethodGet, w.base+"/", nil)
		require.NoError(t, err)
		req.AddCookie(&http.Cookie{Name: "odoosync_session", Value: forged})
		require.Equal(t, "/login", w.visit("en").do(req).url.Path, forged)
	}
	page = v.submit("/logout", nil)
	require.Equal(t, "/login", page.url.Path)
	require.Equal(t, "/login", v.get("/").url.Path)

	// The live part of a page that is still open leads back to the login.
	live, err := http.NewRequest(http.MethodGet, w.base+"/", nil)
	require.NoError(t, err)
	live.Header.Set("HX-Request", "true")
	page = v.do(live)
	require.Equal(t, []any{401, "true"}, []any{page.status, page.header.Get("HX-Refresh")})

	// The API takes no cookie.
	req, err := http.NewRequest(http.MethodGet, w.base+"/admin/api/status", nil)
	require.NoError(t, err)
	require.Equal(t, 401, w.as("token", "en").do(req).status)
}

// Wrong tokens are counted, and count at the API too.
func TestTooManyWrongTokens(t *testing.T) {
	w := newWorld(t, nil)
	v := w.visit("fr")
	for range 5 {
		require.Equal(t, 401, v.submit("/login", url.Values{"token": {"wrong"}}).status)
	}
	page := v.submit("/login", url.Values{"token": {"token"}})
	require.Equal(t, 429, page.status, "the right one has to wait too")
	require.Equal(t, "10", page.header.Get("Retry-After"))
	require.Contains(t, page.words("main"), "Trop de mauvais jetons")
	req, err := http.NewRequest(http.MethodGet, w.base+"/admin/api/status", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer token")
	require.Equal(t, 429, v.do(req).status)
}

// What another site makes a browser send is refused, whatever its cookies.
func TestAnotherSiteActsNot(t *testing.T) {
	w := newWorld(t, nil)
	v := w.as("token", "en")
	for _, header := range [][2]string{{"Origin", "https://elsewhere.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "null"}} {
		req, err := http.NewRequest(http.MethodPost, w.base+"/pause", strings.NewReader("direction=both&sure=yes"))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set(header[0], header[1])
		page := v.do(req)
		require.Equal(t, 403, page.status, header)
		require.Equal(t, "Another site sent this request", page.words("h1"))
	}
	require.Zero(t, v.get("/pause").Find(".badge.paused").Length())
}

// What is at no address is a page for a browser and JSON for a program.
func TestNothingAtAnAddress(t *testing.T) {
	w := newWorld(t, nil)
	v := w.as("token", "fr")
	for _, path := range []string{"/nothing", "/runs/999", "/runs/x", "/events/0", "/conflicts/99999", "/assets/none.css"} {
		page := v.get(path)
		require.Equal(t, 404, page.status, path)
		require.Equal(t, "Il n’y a rien à cette adresse", page.words("h1"), path)
	}
	resp, err := http.Get(w.base + "/nothing")
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, 404, resp.StatusCode)
	require.Contains(t, resp.Header.Get("Content-Type"), "application/json")
	http.DefaultClient.CloseIdleConnections()
}
