package addons_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"odoosync/internal/addons"
)

var root = filepath.Join("..", "..", "addons")

func TestTheFoldersAreUpToDate(t *testing.T) {
	stale, err := addons.Stale(root)
	require.NoError(t, err)
	require.Empty(t, stale, "run make addons")
}

func TestWhatDiffersBetweenSeries(t *testing.T) {
	source := fstest.MapFS{
		"a.py":  {Data: []byte("x = 1  # only 16 17\nx = 2  # only 18 19\n# only a remark\n")},
		"a.xml": {Data: []byte("<{{list}}>\n    <a/> <!-- only 16 -->\n</{{list}}>")},
		"a.png": {Data: []byte("\x00{{list}}")},
	}
	files, err := addons.Files(source, 16)
	require.NoError(t, err)
	require.Equal(t, "x = 1\n# only a remark\n", string(files["a.py"]))
	require.Equal(t, "<tree>\n    <a/>\n</tree>", string(files["a.xml"]))
	require.Equal(t, "\x00{{list}}", string(files["a.png"]))
	files, err = addons.Files(source, 19)
	require.NoError(t, err)
	require.Equal(t, "x = 2\n# only a remark\n", string(files["a.py"]))
	require.Equal(t, "<list>\n</list>", string(files["a.xml"]))

	_, err = addons.Files(fstest.MapFS{"a.py": {Data: []byte("x = 1  # only 15\n")}}, 16)
	require.ErrorContains(t, err, "a.py: only 15")
}

// each calls check with every file of every series.
func each(t *testing.T, check func(t *testing.T, folder fs.FS, name string, content []byte)) {
	for _, series := range addons.Series {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			folder := os.DirFS(addons.Folder(root, series))
			require.NoError(t, fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
				require.NoError(t, err)
				if d.IsDir() && d.Name() == "__pycache__" {
					return fs.SkipDir
				}
				if !d.IsDir() {
					content, err := fs.ReadFile(folder, name)
					require.NoError(t, err)
					check(t, folder, name, content)
				}
				return nil
			}))
		})
	}
}

func TestEveryXMLIsWellFormed(t *testing.T) {
	each(t, func(t *testing.T, _ fs.FS, name string, content []byte) {
		if !strings.HasSuffix(name, ".xml") {
			return
		}
		decoder := xml.NewDecoder(bytes.NewReader(content))
		for {
			_, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, name)
		}
		require.NotContains(t, string(content), "{{", name)
	})
}

var quoted = regexp.MustCompile(`'([^']*)'`)

// list reads a list of texts from the manifest.
func list(t *testing.T, manifest, key string) []string {
	_, after, found := strings.Cut(manifest, "'"+key+"': [")
	require.True(t, found, key)
	inside, _, found := strings.Cut(after, "]")
	require.True(t, found, key)
	var items []string
	for _, m := range quoted.FindAllStringSubmatch(inside, -1) {
		items = append(items, m[1])
	}
	return items
}

// Files that Odoo finds by their place.
func foundByPlace(name string) bool {
	return strings.HasSuffix(name, ".py") || name == "data/neutralize.sql" || strings.HasPrefix(name, "i18n/") || strings.HasPrefix(name, "static/")
}

func TestTheManifestNamesEveryFileAndNoOther(t *testing.T) {
	for _, series := range addons.Series {
		files, err := addons.Files(os.DirFS(addons.Source(root)), series)
		require.NoError(t, err)
		manifest := string(files["__manifest__.py"])
		named := list(t, manifest, "data")
		for name := range files {
			require.True(t, foundByPlace(name) || slices.Contains(named, name), "%s is in no list of the manifest", name)
		}
		for _, name := range named {
			require.Contains(t, files, name, "the manifest names a file that is not there")
		}
		// The guide's structure.
		for _, name := range []string{"models/webhook_config.py", "models/sale_order.py", "models/account_move.py", "models/res_partner.py",
			"models/crm_lead.py", "services/webhook_service.py", "views/webhook_config_views.xml", "security/ir.model.access.csv"} {
			require.Contains(t, files, name)
		}
	}
}

func TestEveryPackageImportsItsModules(t *testing.T) {
	each(t, func(t *testing.T, folder fs.FS, name string, _ []byte) {
		dir, file := filepath.Split(name)
		if !strings.HasSuffix(name, ".py") || strings.HasPrefix(file, "__") || file == "common.py" || strings.HasPrefix(dir, "migrations") || dir == "" {
			return
		}
		packageFile, err := fs.ReadFile(folder, dir+"__init__.py")
		require.NoError(t, err)
		require.Regexp(t, `(?m)[ ,]`+strings.TrimSuffix(file, ".py")+`\b`, string(packageFile), "%s is imported by nobody", name)
	})
}

// entries reads a po file: the translation by its text.
func entries(t *testing.T, content string) map[string]string {
	found := map[string]string{}
	for block := range strings.SplitSeq(content, "\n\n") {
		var parts [2]strings.Builder
		at := -1
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			switch {
			case strings.HasPrefix(line, "#"), line == "":
				continue
			case strings.HasPrefix(line, "msgid "):
				at, line = 0, strings.TrimPrefix(line, "msgid ")
			case strings.HasPrefix(line, "msgstr "):
				at, line = 1, strings.TrimPrefix(line, "msgstr ")
			}
			require.True(t, at >= 0 && len(line) >= 2 && line[0] == '"' && line[len(line)-1] == '"', line)
			parts[at].WriteString(line[1 : len(line)-1])
		}
		found[parts[0].String()] = parts[1].String()
	}
	delete(found, "")
	return found
}

var placeholder = regexp.MustCompile(`%(\([a-z]+\))?[sd]`)

func TestTheFrenchIsComplete(t *testing.T) {
	read := func(name string) map[string]string {
		content, err := os.ReadFile(filepath.Join(addons.Source(root), "i18n", name))
		require.NoError(t, err)
		return entries(t, string(content))
	}
	template, french := read(addons.Module+".pot"), read("fr.po")
	require.NotEmpty(t, template)
	for text := range template {
		require.NotEmpty(t, french[text], "no French for %q", text)
		require.ElementsMatch(t, placeholder.FindAllString(text, -1), placeholder.FindAllString(french[text], -1), text)
	}
	for text := range french {
		require.Contains(t, template, text, "French for a text that is not there")
	}
	each(t, func(t *testing.T, _ fs.FS, name string, content []byte) {
		for _, text := range texts(name, string(content)) {
			require.Contains(t, template, text, "%s: export the texts anew", name)
		}
	})
}

var (
	inPython = regexp.MustCompile(`(?:\b_\(|string=|help=)"((?:[^"\\]|\\.)*)"`)
	inXML    = regexp.MustCompile(`\bstring="([^"]*)"|<menuitem [^>]*\bname="([^"]*)"`)
)

// texts finds what is shown to people.
func texts(name, content string) []string {
	var found []string
	switch {
	case strings.HasPrefix(name, "models/") && strings.HasSuffix(name, ".py"):
		for _, m := range inPython.FindAllStringSubmatch(content, -1) {
			found = append(found, m[1])
		}
	case strings.HasPrefix(name, "views/"):
		for _, m := range inXML.FindAllStringSubmatch(content, -1) {
			found = append(found, m[1]+m[2])
		}
	}
	return found
}

func TestNoPythonFileIsTooLong(t *testing.T) {
	each(t, func(t *testing.T, _ fs.FS, name string, content []byte) {
		if strings.HasSuffix(name, ".py") {
			require.LessOrEqual(t, bytes.Count(content, []byte("\n")), 400, name)
		}
	})
}

// grammar parses each file named on its input by the grammars of all Pythons
// that some supported Odoo runs on.
const grammar = `
import ast, sys
for name in sys.stdin.read().split():
    with open(name, encoding='utf-8') as f:
        text = f.read()
    for minor in (10, 11, 12, 13):
        ast.parse(text, name, feature_version=(3, minor))
    compile(text, name, 'exec')
`

func TestThePythonParsesFrom310To313(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	var names []string
	for _, series := range addons.Series {
		for _, pattern := range []string{"*.py", "*/*.py", "*/*/*.py"} {
			found, err := filepath.Glob(filepath.Join(addons.Folder(root, series), pattern))
			require.NoError(t, err)
			names = append(names, found...)
		}
	}
	require.Greater(t, len(names), 4*20)
	cmd := exec.Command(python, "-I", "-c", grammar)
	cmd.Stdin = strings.NewReader(strings.Join(names, "\n"))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}
