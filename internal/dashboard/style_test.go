package dashboard

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Text is legible in both schemes: 4.5 to 1, and 3 to 1 for what is no text
// (WCAG 2.2 AA).
func TestContrast(t *testing.T) {
	css, err := assetFiles.ReadFile("assets/style.css")
	require.NoError(t, err)
	light, dark, found := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	require.True(t, found)
	schemes := map[string]map[string]string{"light": colours(light), "dark": colours(light)}
	for name, c := range colours(dark[:strings.Index(dark, "\n}")]) {
		require.Contains(t, schemes["light"], name)
		schemes["dark"][name] = c
	}
	for scheme, c := range schemes {
		for _, pair := range [][2]string{{"ink", "bg"}, {"ink", "card"}, {"muted", "bg"}, {"muted", "card"}, {"accent", "bg"}, {"accent", "card"}, {"accent-ink", "accent"}, {"accent-soft-ink", "accent-soft"},
			{"good-ink", "good-bg"}, {"good-ink", "card"}, {"note-ink", "note-bg"}, {"warn-ink", "warn-bg"}, {"bad-ink", "bad-bg"}, {"danger-ink", "danger"}} {
			require.GreaterOrEqual(t, contrast(t, c[pair[0]], c[pair[1]]), 4.5, "%s: %s on %s", scheme, pair[0], pair[1])
		}
		for _, pair := range [][2]string{{"edge", "card"}, {"edge", "bg"}, {"bar-ok", "card"}, {"bar-bad", "card"}, {"danger", "card"}, {"accent", "good-bg"}, {"accent", "warn-bg"}, {"accent", "bad-bg"}} {
			require.GreaterOrEqual(t, contrast(t, c[pair[0]], c[pair[1]]), 3.0, "%s: %s beside %s", scheme, pair[0], pair[1])
		}
	}
}

func colours(css string) map[string]string {
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6})`).FindAllStringSubmatch(css, -1) {
		out[m[1]] = m[2]
	}
	return out
}

func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	require.Len(t, colour, 7)
	var out float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		require.NoError(t, err)
		v := float64(n) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		out += weight * v
	}
	return out
}

// A strict policy allows no inline style or script, and no handler in an
// attribute.
func TestNothingIsInline(t *testing.T) {
	names, err := templateFiles.ReadDir("templates")
	require.NoError(t, err)
	for _, name := range names {
		text, err := templateFiles.ReadFile("templates/" + name.Name())
		require.NoError(t, err)
		for _, bad := range []string{` style=`, `<style`, `javascript:`, ` onclick`, ` onload`, `hx-on`, `hx-vals="js`, `http://`, `https://`} {
			require.NotContains(t, string(text), bad, fmt.Sprint(name.Name()))
		}
		for _, script := range regexp.MustCompile(`<script[^>]*>`).FindAllString(string(text), -1) {
			require.Contains(t, script, " src=")
		}
	}
}
