// Package layers holds the house rules about imports, as a test: a package
// imports only from levels below its own, and some libraries live in one room.
package layers

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// levels is the architecture (docs/architecture.md). A new package gets its
// line here.
var levels = map[string]int{
	"internal/record": -1, // the vocabulary: below everything
	"odooclient":      0, "migrations": 0, "internal/answer": 0,
	"internal/realodoo": 0, // a tool of the tests
	"mapping":           1, "reconcile/merge": 1, "internal/mysqldb": 1,
	"configs": 2, "internal/queue": 2, "internal/logs": 2, "internal/store": 2, "internal/localdb": 2, "internal/capture": 2,
	"internal/figures": 2,
	"reconcile":        3, "webhooks": 3, "internal/admin": 3, "internal/alerts": 3, "internal/dbtest": 3, "internal/retention": 3, "internal/forget": 3,
	"reconcile/sweep": 4, "internal/openapitest": 4,
	"internal/app":     5,
	"internal/odoosim": 6, "internal/demo": 6,
	"internal/addons": 6, "internal/addons/generate": 7,
	"cmd/odoosync": 7, "internal/layers": 7,
}

// sameLevel are the exceptions: the demo drives the simulator.
var sameLevel = map[string]string{"internal/demo": "internal/odoosim"}

// rooms are libraries that only some packages may import.
var rooms = map[string][]string{
	"github.com/gin-gonic/gin":       {"webhooks", "internal/admin", "internal/answer"},
	"github.com/kolo/xmlrpc":         {"odooclient", "internal/odoosim"},
	"github.com/go-sql-driver/mysql": {"internal/mysqldb"},
	"github.com/go-co-op/gocron/v2":  {"internal/app"},
}

// strangers are libraries that some packages must not import.
var strangers = map[string][]string{"go.uber.org/zap": {"mapping", "reconcile/merge", "internal/record"}}

const module = "odoosync/"

func TestImportsGoDownward(t *testing.T) {
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "var" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		// Tests may look up: an engine's test needs a simulated Odoo.
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		checkFile(t, root, path)
		return nil
	})
	require.NoError(t, err)
}

func checkFile(t *testing.T, root, path string) {
	rel, err := filepath.Rel(root, filepath.Dir(path))
	require.NoError(t, err)
	name := filepath.ToSlash(rel)
	level, known := levels[name]
	if !known {
		t.Errorf("package %s has no level: add it to levels in internal/layers/layers_test.go and to docs/architecture.md", name)
		return
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	require.NoError(t, err)
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		if own, ours := strings.CutPrefix(imported, module); ours {
			if levels[own] >= level && sameLevel[name] != own {
				t.Errorf("%s (level %d) imports %s (level %d): imports go strictly downward", path, level, own, levels[own])
			}
			if own == "internal/dbtest" || own == "internal/openapitest" {
				t.Errorf("%s imports %s, which is for tests", path, own)
			}
		}
		checkRooms(t, path, name, imported)
	}
}

func checkRooms(t *testing.T, path, name, imported string) {
	for library, allowed := range rooms {
		if imported == library && !contains(allowed, name) {
			t.Errorf("%s imports %s, which lives in %s", path, library, strings.Join(allowed, " and "))
		}
	}
	for library, banned := range strangers {
		if imported == library && contains(banned, name) {
			t.Errorf("%s must not import %s", path, library)
		}
	}
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}
