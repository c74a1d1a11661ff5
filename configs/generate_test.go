package configs

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write odoosync.yaml and docs/configuration.md anew")

const remake = "write it anew with: go test ./configs -run Generated -update"

// Every key of Config is described, and nothing else is.
func TestEverySettingIsDescribed(t *testing.T) {
	require.ElementsMatch(t, slices.Collect(maps.Keys(keys)), slices.Collect(maps.Keys(examples)))
	for _, s := range sections {
		require.True(t, strings.HasSuffix(s.meaning, "."), s.name)
		for _, one := range s.settings {
			require.True(t, strings.HasSuffix(one.meaning, "."), one.key)
			require.NotEmpty(t, one.example, one.key)
		}
	}
}

// An example can be set, by the variable that the documentation names.
func TestExamplesAreTaken(t *testing.T) {
	for key, example := range examples {
		if strings.HasPrefix(example, filePrefix) || strings.HasPrefix(example, "/etc/") {
			continue // files of another machine
		}
		environ := append(odoo("https://odoo.example"), variable(key)+"="+example)
		_, err := Load(Sources{File: write(t, "", 0o600), Environ: environ})
		require.NoError(t, err, key)
	}
}

func TestGeneratedFileIsTheDefault(t *testing.T) {
	path := "odoosync.yaml"
	requireGenerated(t, path, yamlText())
	c, err := Load(Sources{File: path})
	require.NoError(t, err)
	for _, list := range []any{&c.Odoo.Companies, &c.HTTP.TrustedProxies, &c.Webhooks.APIKeys, &c.Webhooks.SigningSecrets, &c.Retention.Redact} {
		v := reflect.ValueOf(list).Elem()
		require.Zero(t, v.Len())
		v.SetZero()
	}
	require.Equal(t, Default(), c)
}

func TestGeneratedDocumentation(t *testing.T) {
	requireGenerated(t, filepath.Join("..", "docs", "configuration.md"), markdown())
}

func requireGenerated(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err, remake)
	require.Equal(t, want, string(got), "%s does not say what settings.go does: %s", path, remake)
}

// defaultText is a key's default as one writes it.
func defaultText(key string) string {
	v := reflect.ValueOf(Default())
	for _, name := range strings.Split(key, ".") {
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("koanf") == name {
				v = v.Field(i)
				break
			}
		}
	}
	switch x := v.Interface().(type) {
	case time.Duration:
		text := strings.TrimSuffix(strings.TrimSuffix(x.String(), "m0s"), "h0")
		switch {
		case x%time.Hour == 0:
			return text + "h"
		case x%time.Minute == 0:
			return text + "m"
		}
		return x.String()
	case Secret:
		return x.Reveal()
	}
	if isList(key) {
		return "[]"
	}
	return fmt.Sprint(v.Interface())
}

// wrap breaks a comment's text into lines of at most that many characters.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

const yamlHead = `# Every setting with its default. Copy what you change. Each key is also a
# variable of the environment: ODOOSYNC_ and the path in capitals with
# underscores (odoo.api_key is ODOOSYNC_ODOO_API_KEY); lists are separated by
# commas there. A secret may be written file:/run/secrets/name.
#
# This file and docs/configuration.md are made of configs/settings.go.
`

func yamlText() string {
	var out strings.Builder
	out.WriteString(yamlHead)
	for _, s := range sections {
		fmt.Fprintf(&out, "\n# %s\n%s:\n", s.meaning, s.name)
		for _, one := range s.settings {
			for _, line := range wrap(one.meaning, 94) {
				fmt.Fprintf(&out, "  # %s\n", line)
			}
			value := defaultText(s.name + "." + one.key)
			if value == "" {
				value = `""`
			}
			fmt.Fprintf(&out, "  %s: %s\n", one.key, value)
		}
	}
	return out.String()
}

const markdownHead = `# Configuration

odoosync reads a YAML file (` + "`--config FILE`, else `configs/odoosync.yaml`" + ` when there is one), then the environment, each
over the one before; what neither sets keeps its default. An unknown key or variable, a value that cannot be, and a
key that stands twice keep it from starting: every problem is listed at once, with the key, its place
(` + "`file:line`" + ` or the variable) and what to write instead.

- Durations are written ` + "`30s`, `10m`, `2h`" + `. Lists are YAML lists, or separated by commas.
- A secret (marked *secret*) may be written ` + "`file:/run/secrets/name`" + `: the file holds it alone, on one line. A secret
  never shows in logs, errors or the dashboard. A file with secrets that every user of the machine may read is warned of.
- Which record becomes which row is said in a file of its own: see ` + "`mapping.file` and the head of\n  [configs/mapping.yaml](../configs/mapping.yaml)" + `.

This page and [configs/odoosync.yaml](../configs/odoosync.yaml) are made of ` + "`configs/settings.go`" + `, and a test holds them to it.
`

func markdown() string {
	var out strings.Builder
	out.WriteString(markdownHead)
	code := func(text string) string { return "`" + text + "`" }
	for _, s := range sections {
		fmt.Fprintf(&out, "\n## %s\n\n%s\n\n| key | variable | default | meaning | example |\n|---|---|---|---|---|\n", s.name, s.meaning)
		for _, one := range s.settings {
			key := s.name + "." + one.key
			shown := code(defaultText(key))
			if shown == "``" || isList(key) {
				shown = "empty"
			}
			meaning := one.meaning
			if isSecret(key) {
				meaning += " *Secret.*"
			}
			fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", code(key), code(variable(key)), shown, meaning, code(one.example))
		}
	}
	return out.String()
}
