package dashboard_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
)

// Every link of every page leads to a page, in both languages and for both
// roles. What is on them is well-formed, labelled, and harmless.
func TestEveryLinkLeadsToAPage(t *testing.T) {
	w := newWorld(t, nil).troubled()
	plan := w.as("token", "en").submit("/runs", url.Values{"plan": {"yes"}, "entity": {"contacts"}})
	require.Equal(t, 200, plan.status, plan.html)
	w.eventually("done", "SELECT state FROM sync_runs WHERE kind = 'plan'")
	for _, lang := range []string{"en", "fr"} {
		for _, token := range []string{"token", "read"} {
			t.Run(lang+" "+token, func(t *testing.T) {
				own := *w
				own.t = t
				v := own.as(token, lang)
				v.crawl(token == "token")
			})
		}
	}
}

// mostPages bounds a crawl: lists lead to many pages of the same kind.
const mostPages = 150

func (v *visitor) crawl(acts bool) {
	v.t.Helper()
	queue, seen := []string{"/"}, map[string]bool{"/": true}
	kinds := map[string]int{}
	for len(queue) > 0 && len(seen) < mostPages*4 {
		path := queue[0]
		queue = queue[1:]
		kind := strings.TrimRight(strings.SplitN(path, "?", 2)[0], "0123456789")
		if kinds[kind]++; kinds[kind] > 12 {
			continue
		}
		page := v.get(path)
		require.Equal(v.t, 200, page.status, path)
		v.check(page, path, acts)
		page.Find("[href], [src]").Each(func(_ int, s *goquery.Selection) {
			link, _ := s.Attr("href")
			if link == "" {
				link, _ = s.Attr("src")
			}
			at, err := url.Parse(link)
			require.NoError(v.t, err, "%s on %s", link, path)
			to := page.url.ResolveReference(at)
			require.Equal(v.t, v.base, to.Scheme+"://"+to.Host, "%s on %s", link, path)
			if to.Fragment != "" && to.Path == page.url.Path && to.RawQuery == page.url.RawQuery {
				require.Equal(v.t, 1, page.Find("#"+to.Fragment).Length(), "%s on %s", link, path)
			}
			if p := to.RequestURI(); !seen[p] && to.Path != "/language" {
				seen[p] = true
				queue = append(queue, p)
			}
		})
	}
	for _, kind := range []string{"/", "/events", "/events/", "/conflicts", "/conflicts/", "/edits", "/records", "/record", "/runs", "/runs/", "/pause", "/audit", "/assets/style.", "/assets/app."} {
		found := false
		for k := range kinds {
			found = found || strings.HasPrefix(k, kind)
		}
		require.True(v.t, found, "the crawl did not come to %s", kind)
	}
}

// check is what holds for every page.
func (v *visitor) check(page answer, path string, acts bool) {
	v.t.Helper()
	require.Contains(v.t, page.header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'")
	require.Equal(v.t, "nosniff", page.header.Get("X-Content-Type-Options"))
	if strings.HasPrefix(path, "/assets/") {
		require.Contains(v.t, page.header.Get("Cache-Control"), "immutable")
		return
	}
	require.Equal(v.t, "no-store", page.header.Get("Cache-Control"))
	require.Equal(v.t, v.lang, page.Find("html").AttrOr("lang", ""), path)
	require.Equal(v.t, 1, page.Find("h1").Length(), path)
	require.Equal(v.t, 2, page.Find("script").Length(), "a script came in on %s", path)
	require.Zero(v.t, page.Find("[onerror], [onclick], [style], style, img[src=x]").Length(), path)
	require.NotContains(v.t, page.html, "ZgotmplZ", path)
	require.NotContains(v.t, page.html, "%!", path)
	ids := map[string]bool{}
	page.Find("[id]").Each(func(_ int, s *goquery.Selection) {
		id, _ := s.Attr("id")
		require.False(v.t, ids[id], "the id %s stands twice on %s", id, path)
		ids[id] = true
	})
	page.Find("table").Each(func(_ int, s *goquery.Selection) {
		require.Equal(v.t, 1, s.Find("caption").Length(), path)
		require.Zero(v.t, s.Find("th:not([scope])").Length(), path)
	})
	page.Find("[aria-labelledby], [aria-describedby]").Each(func(_ int, s *goquery.Selection) {
		for _, id := range strings.Fields(s.AttrOr("aria-labelledby", "") + " " + s.AttrOr("aria-describedby", "")) {
			require.True(v.t, ids[id], "nothing is called %s on %s", id, path)
		}
	})
	page.Find("input:not([type=hidden]), select").Each(func(_ int, s *goquery.Selection) {
		id := s.AttrOr("id", "none")
		require.True(v.t, s.ParentsFiltered("label").Length() == 1 || page.Find(fmt.Sprintf("label[for=%q]", id)).Length() == 1, "an input without a label on %s", path)
	})
	forms := page.Find("form[method=post]").Not("form[action='/logout']").Length()
	if !acts {
		require.Zero(v.t, forms, "a button for somebody who only looks on %s", path)
	}
}

// Who only looks is refused with a sentence, whatever is asked for.
func TestTheReadTokenOnlyLooks(t *testing.T) {
	w := newWorld(t, nil).troubled()
	for lang, sentence := range map[string]string{"en": "Your token only looks", "fr": "Votre jeton est en lecture seule"} {
		v := w.as("read", lang)
		require.Contains(t, v.get("/").words("footer"), "admin.read_token")
		for _, path := range []string{"/runs", "/runs/1/cancel", "/runs/1/allow-deletes", "/pause", "/resume", "/push", "/replay", fmt.Sprintf("/events/%d/replay", w.failed), fmt.Sprintf("/conflicts/%d", w.conflict), "/record/resync"} {
			page := v.submit(path, url.Values{"sure": {"yes"}, "direction": {"both"}, "all": {"odoo"}, "status": {"error"}, "entity": {"contacts"}, "odoo": {"1"}})
			require.Equal(t, 403, page.status, path)
			require.Equal(t, sentence, page.words("h1"), path)
		}
	}
	require.Equal(t, "0", w.text("SELECT COUNT(*) FROM sync_audit WHERE action <> 'forget'"))
	require.Equal(t, "2", w.text("SELECT COUNT(*) FROM sync_conflicts WHERE state = 'open'"))
}

// What is wrong is said on the first page, and each leads to its place.
func TestTheVerdictIsOnTheFirstPage(t *testing.T) {
	w := newWorld(t, nil)
	v := w.as("token", "en")
	page := v.get("/")
	require.Contains(t, page.words("#verdict"), "Both sides agree as of ")
	w.troubled()
	require.Eventually(t, func() bool { return v.get("/").words("#verdict") == "3 things need you" }, waitLong, waitShort, v.get("/").words(".verdict"))
	page = v.get("/")
	require.Contains(t, page.words(".problems"), "2 conflicts wait for your choice. Decide")
	require.Contains(t, page.words(".problems"), "A webhook failed. See why, and replay")
	require.Contains(t, page.words(".problems"), "Odoo refused an edit made in MySQL. See the reasons")
	require.Equal(t, "2 conflits attendent votre choix. Décider", strings.TrimPrefix(w.as("read", "fr-CA,de;q=0.5").get("/").words(".problems li"), "À faire : "))
	for _, word := range []string{"Taux de succès", "Temps de traitement", "Volume par heure", "Webhooks envoyés", "Webhooks reçus", "Erreurs par type"} {
		require.Contains(t, w.as("read", "fr").get("/").words("main"), word)
	}
	// The live part alone is what htmx asks for.
	req, err := http.NewRequest(http.MethodGet, w.base+"/", nil)
	require.NoError(t, err)
	req.Header.Set("HX-Request", "true")
	part := v.do(req)
	require.Equal(t, 200, part.status)
	require.True(t, strings.HasPrefix(part.html, `<div id="live"`), part.html[:40])
}

// A language that was chosen stays, whatever the browser asks for.
func TestChoosingALanguage(t *testing.T) {
	w := newWorld(t, nil)
	v := w.as("token", "en")
	req, err := http.NewRequest(http.MethodGet, w.base+"/language?lang=fr", nil)
	require.NoError(t, err)
	req.Header.Set("Referer", w.base+"/events?status=error")
	page := v.do(req)
	require.Equal(t, "/events?status=error", page.url.RequestURI())
	require.Equal(t, "fr", page.Find("html").AttrOr("lang", ""))
	require.Equal(t, "fr", page.header.Get("Content-Language"))
	req.Header.Set("Referer", "https://elsewhere.example/events")
	require.Equal(t, "/", v.do(req).url.Path, "another site is not gone back to")
	require.Equal(t, "en", w.visit("de").get("/login").Find("html").AttrOr("lang", ""), "for everybody else")
}
