package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// pages are the README and all of docs, by path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	decisions, err := filepath.Glob("../../docs/decisions/*.md")
	require.NoError(t, err)
	out := map[string]string{}
	for _, name := range append(append(names, decisions...), "../../README.md") {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		out[name] = string(text)
	}
	require.Greater(t, len(out), 10)
	return out
}

var (
	block    = regexp.MustCompile("(?ms)^```[a-z]*\n(.*?)^```")
	inBlock  = regexp.MustCompile(`(?m)^(?:\$ )?(?:\./bin/|docker compose exec odoosync /)?odoosync ([a-z][^\n#|&>]*)`)
	inLine   = regexp.MustCompile("`odoosync ([a-z][^\n`#|&>]*)`")
	link     = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.*)$`)
	noAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// placeholders stand for what a person writes.
var placeholders = strings.NewReplacer("ID", "1", "...", "", "(", " ", ")", " ")

// commands are the command lines of a page, without the program's name.
func commands(text string) (out []string) {
	for _, b := range block.FindAllStringSubmatch(text, -1) {
		for _, m := range inBlock.FindAllStringSubmatch(b[1], -1) {
			out = append(out, m[1])
		}
	}
	for _, m := range inLine.FindAllStringSubmatch(block.ReplaceAllString(text, ""), -1) {
		out = append(out, m[1])
	}
	return out
}

// Each command that the documentation names is one, and takes its flags.
func TestTheDocumentationNamesRealCommands(t *testing.T) {
	found := 0
	for page, text := range pages(t) {
		for _, m := range commands(text) {
			c, rest, err := newRoot(t.Output(), nil).Find(strings.Fields(placeholders.Replace(m)))
			require.NoError(t, err, "%s: odoosync %s", page, m)
			require.True(t, c.HasParent(), "%s: odoosync %s: no such command", page, m)
			require.NoError(t, parse(c, rest), "%s: odoosync %s", page, m)
			found++
		}
	}
	require.Greater(t, found, 40)
}

// parse reads a command's flags. A flag that stands alone in a sentence lacks its
// value, and help is one that cobra adds as it runs.
func parse(c *cobra.Command, args []string) error {
	c.InitDefaultHelpFlag()
	err := c.ParseFlags(args)
	if err != nil && strings.Contains(err.Error(), "flag needs an argument") {
		return nil
	}
	return err
}

// Each link to a file of ours leads to one, and each to a heading to one.
func TestTheDocumentationsLinksLeadSomewhere(t *testing.T) {
	anchors := func(text string) map[string]bool {
		out := map[string]bool{}
		for _, m := range heading.FindAllStringSubmatch(text, -1) {
			out["#"+strings.ReplaceAll(noAnchor.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
		}
		return out
	}
	for page, text := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target := page
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(page), m[1])
			}
			to, err := os.ReadFile(target)
			if info, e := os.Stat(target); e == nil && info.IsDir() {
				continue
			}
			require.NoError(t, err, "%s links to %s", page, m[1])
			if m[2] != "" {
				require.True(t, anchors(string(to))[m[2]], "%s links to %s%s, which is no heading", page, m[1], m[2])
			}
		}
	}
}
