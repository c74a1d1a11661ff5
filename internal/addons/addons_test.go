package addons

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../../addons"

// TestTheFoldersAreUpToDate: what is committed is what the source makes.
func TestTheFoldersAreUpToDate(t *testing.T) {
	for _, series := range Series {
		made, err := Files(filepath.Join(root, "source", Module), series)
		require.NoError(t, err)
		there := map[string][]byte{}
		err = filepath.WalkDir(Folder(root, series), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				if d != nil && d.Name() == "__pycache__" {
					return fs.SkipDir
				}
				return err
			}
			name, err := filepath.Rel(Folder(root, series), path)
			require.NoError(t, err)
			there[filepath.ToSlash(name)], err = os.ReadFile(path)
			return err
		})
		require.NoError(t, err)
		for name, text := range made {
			require.Equal(t, string(text), string(there[name]), "%d: %s is old: go run ./internal/addons/generate", series, name)
			delete(there, name)
		}
		require.Empty(t, there, "%d: files without a source", series)
	}
}

// TestTheManifestListsItsFiles: Odoo loads what the manifest lists, and nothing
// else; each file there is well-formed.
func TestTheManifestListsItsFiles(t *testing.T) {
	listed := regexp.MustCompile(`"((?:security|data|views)/[a-z_.]+\.(?:xml|csv))"`)
	for _, series := range Series {
		files, err := Files(filepath.Join(root, "source", Module), series)
		require.NoError(t, err)
		names := map[string]bool{}
		for _, m := range listed.FindAllStringSubmatch(string(files["__manifest__.py"]), -1) {
			require.Contains(t, files, m[1], "%d", series)
			names[m[1]] = true
		}
		for name, text := range files {
			switch filepath.Ext(name) {
			case ".xml":
				require.True(t, names[name], "%d: the manifest does not list %s", series, name)
				require.NoError(t, wellFormed(text), "%d: %s", series, name)
			case ".csv":
				require.True(t, names[name], "%d: the manifest does not list %s", series, name)
				_, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
				require.NoError(t, err, "%d: %s", series, name)
			}
		}
	}
}

func wellFormed(text []byte) error {
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// TestPythonIsUnderstoodFrom310On: the oldest Python of the four series.
func TestPythonIsUnderstoodFrom310On(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: the module's syntax was not looked at")
	}
	var paths []string
	require.NoError(t, filepath.WalkDir(filepath.Join(root, "source"), func(path string, d fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".py") {
			paths = append(paths, path)
		}
		return err
	}))
	require.NotEmpty(t, paths)
	const check = "import ast, sys\nfor p in sys.argv[1:]:\n    ast.parse(open(p, encoding='utf-8').read(), p, feature_version=(3, 10))"
	out, err := exec.Command(python, append([]string{"-c", check}, paths...)...).CombinedOutput()
	require.NoError(t, err, string(out))
}
