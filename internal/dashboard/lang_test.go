package dashboard

import (
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"odoosync/internal/store"
)

// keys are a language's messages, with the names of what they are told.
func keys(t *testing.T, code string) map[string]string {
	text, err := localeFiles.ReadFile("locales/active." + code + ".yaml")
	require.NoError(t, err)
	var read map[string]any
	require.NoError(t, yaml.Unmarshal(text, &read))
	out := map[string]string{}
	for key, v := range read {
		forms, several := v.(map[string]any)
		if !several {
			forms = map[string]any{"": v}
		}
		args := map[string]bool{}
		for _, form := range forms {
			require.NotEmpty(t, form, key)
			for _, name := range regexp.MustCompile(`{{\.(\w+)}}`).FindAllStringSubmatch(form.(string), -1) {
				args[name[1]] = true
			}
		}
		out[key] = strings.Join(slices.Sorted(maps.Keys(forms)), ",") + " " + strings.Join(slices.Sorted(maps.Keys(args)), ",")
	}
	return out
}

// Both languages have the same messages, told the same things.
func TestTheLanguagesSayTheSame(t *testing.T) {
	require.Equal(t, keys(t, "en"), keys(t, "fr"))
}

// Every key that a template or the code uses is there, and every key is used.
func TestEveryMessageIsThere(t *testing.T) {
	known := keys(t, "en")
	used := map[string]bool{}
	var families []string
	use := func(key string) {
		used[key] = true
		require.Contains(t, known, key)
	}
	names, err := fs.Glob(templateFiles, "templates/*.html")
	require.NoError(t, err)
	for _, name := range names {
		text, err := templateFiles.ReadFile(name)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`\bT "([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
			use(m[1])
		}
		for _, m := range regexp.MustCompile(`\bprint "([a-z.]+\.)"`).FindAllStringSubmatch(string(text), -1) {
			families = append(families, m[1])
		}
	}
	files, err := fs.Glob(os.DirFS("."), "*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`"([a-z_]+\.[a-z_.]*[a-z_])"`).FindAllStringSubmatch(string(text), -1) {
			if _, ours := known[m[1]]; ours {
				used[m[1]] = true
			}
		}
		for _, m := range regexp.MustCompile(`v\.(?:add\((?:Bad|Warn|Note), |waiting\()"(\w+)"`).FindAllStringSubmatch(string(text), -1) {
			use("problem." + m[1])
			use("problem." + m[1] + ".do")
		}
		for _, m := range regexp.MustCompile(`"(error\.\w+)"`).FindAllStringSubmatch(string(text), -1) {
			use(m[1])
			use(m[1] + ".do")
		}
	}
	families = append(families, "pause.done.", "resume.done.")
	for key := range known {
		if used[key] || slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(key, f) }) {
			continue
		}
		t.Errorf("the message %s is used nowhere", key)
	}
	// The words of enumerations, which templates make keys of.
	for _, s := range []store.State{store.Pending, store.Synced, store.InConflict, store.Failed, store.DeletedState, store.Hidden, store.Left} {
		use("state." + string(s))
	}
	for family, words := range map[string][]string{
		"state.": {"success", "running", "done", "failed", "cancelled"}, "outcome.": {"applied", "merged", "ignored", "deleted", "failed"}, "source.": {"webhook", "automation", "recheck"},
		"op.": {"create", "update", "delete", "revive", "link", "adopt", "conflict", "ambiguous", "refused", "insert"}, "cause.": {"webhook", "outbox", "poll", "sweep", "import", "resync", "wait", "missed", "admin"},
		"kind.": {"resync", "plan", "sweep", "poll"}, "mode.": {"full", "incremental", "record"}, "level.": {"note", "warn", "bad"}, "figures.range.": charted{}.Ranges(), "figures.volume.": charted{}.Ranges(),
		"count.": {"missing", "stale", "archived", "deleted", "merged", "hidden", "left", "drifted", "adopted", "refused", "held", "waiting", "repaired", "created_here", "created_in_odoo", "updated_here", "updated_in_odoo", "deleted_here", "deleted_in_odoo", "conflicts", "compared", "listed", "deep_read"},
		"code.":  {"unavailable", "retryable", "rejected", "denied", "unknown_outcome", "config", "internal"}, "why.": {"both", "direction", "expected"}, "act.": {"replay", "resolve", "resync", "plan", "cancel", "allow_deletes", "pause", "resume", "push"}} {
		for _, w := range words {
			use(family + w)
		}
	}
}

func speak(t *testing.T, code string) *speech {
	all, err := readLanguages(time.UTC)
	require.NoError(t, err)
	for _, s := range all {
		if s.Code == code {
			return s
		}
	}
	t.Fatal(code)
	return nil
}

func TestSayingThings(t *testing.T) {
	en, fr := speak(t, "en"), speak(t, "fr")
	require.Equal(t, "One webhook will be worked again.", en.T("replay.n", "N", int64(1)))
	require.Equal(t, "1,234,567 webhooks will be worked again.", en.T("replay.n", "N", int64(1234567)))
	require.Equal(t, "Un webhook sera traité de nouveau.", fr.T("replay.n", "N", int64(0)), "nothing is one in French")
	require.Equal(t, "2\u00a0000\u00a0000 webhooks seront traités de nouveau.", strings.ReplaceAll(fr.T("replay.n", "N", 2_000_000), "\u202f", "\u00a0"), "the form for millions is that for many")
	require.Equal(t, "no.such.key", en.T("no.such.key"))
	require.Equal(t, "travel_docs", en.or("entity.travel_docs", "travel_docs"))

	require.Equal(t, "25 Nov 2026 12:04:31", en.moment(noon))
	require.Equal(t, "25 nov. 2026 12:04:31", fr.moment(noon))
	require.Equal(t, `<time datetime="2026-11-25T12:04:31Z">25 Nov 2026 12:04:31</time>`, string(en.when(&noon)))
	require.Equal(t, `<span class="none">–</span>`, string(en.when((*time.Time)(nil))))
	require.Equal(t, "99.9 %", en.percent(9999, 10_000), "not rounded up to all")
	require.Equal(t, "99,9 %", fr.percent(9999, 10_000))
	require.Equal(t, "–", fr.percent(0, 0))
	for want, d := range map[string]time.Duration{"0 s": -1, "0.25 ms": 250 * time.Microsecond, "17 ms": 17 * time.Millisecond, "1.5 s": 1500 * time.Millisecond, "59 s": 59 * time.Second, "2 min": 2 * time.Minute,
		"2 h 5 min": 125 * time.Minute, "3 d 1 h": 73 * time.Hour} {
		require.Equal(t, want, en.span(d))
	}
	require.Equal(t, "3 j 1 h", fr.span(73*time.Hour))
}

func TestRangesOfFigures(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	r := rangeOf("month", time.Date(2026, 3, 31, 9, 30, 0, 0, paris))
	require.Equal(t, "2026-03-02T00:00:00+01:00 2026-04-01T00:00:00+02:00", r.From.Format(time.RFC3339)+" "+r.Upto.Format(time.RFC3339), "a day with 23 hours is one")
	r = rangeOf("nonsense", noon)
	require.Equal(t, 24*time.Hour, r.Upto.Sub(r.From))
	require.Equal(t, noon.Truncate(time.Hour).Add(time.Hour), r.Upto)
	for n, want := range map[int64]int64{0: 2, 1: 2, 3: 4, 9: 10, 11: 20, 81: 100, 100: 100, 101: 200} {
		require.Equal(t, want, roundUp(n))
	}
}
