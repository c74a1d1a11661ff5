// Package addons makes the Odoo module for each series of Odoo from one source.
//
// The Python is the same everywhere. Views and data files that must differ (a
// list view is a tree up to 17, attrs became expressions with 17) end in .tmpl
// and are filled in by text/template. The folders it makes are committed, so
// that they can be installed as they are; a test holds them to the source.
package addons

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// Series are the versions of Odoo that have a folder.
var Series = []int{16, 17, 18, 19}

// Module is the module's technical name.
const Module = "odoo_webhook_external_api"

// view is what a template is filled with.
type view struct {
	Series int
	List   string // the element of a list view, and its name among view modes
}

// invisible is the attribute that hides an element: an expression from 17 on, a
// domain before.
func invisible(series int, expression, domain string) string {
	if series >= 17 {
		return fmt.Sprintf("invisible=%q", expression)
	}
	return fmt.Sprintf(`attrs="{'invisible': %s}"`, domain)
}

// Files are a series' files by their path below the module's folder, made from
// the module's source in dir.
func Files(dir string, series int) (map[string][]byte, error) {
	v := view{Series: series, List: "list"}
	if series < 18 {
		v.List = "tree"
	}
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && d.Name() == "__pycache__" {
				return fs.SkipDir
			}
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if made, isTemplate := strings.CutSuffix(name, ".tmpl"); isTemplate {
			name = made
			if text, err = fill(name, text, v); err != nil {
				return err
			}
		}
		out[filepath.ToSlash(name)] = text
		return nil
	})
	return out, err
}

func fill(name string, text []byte, v view) ([]byte, error) {
	t, err := template.New(name).Option("missingkey=error").Funcs(template.FuncMap{"invisible": invisible}).Parse(string(text))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, v)
	return out.Bytes(), err
}

// Folder is where a series' module lies below root.
func Folder(root string, series int) string {
	return filepath.Join(root, fmt.Sprintf("%d.0", series), Module)
}

// Write makes the folders of all series below root anew, from root's source.
func Write(root string) error {
	for _, series := range Series {
		files, err := Files(filepath.Join(root, "source", Module), series)
		if err != nil {
			return err
		}
		if err := os.RemoveAll(Folder(root, series)); err != nil {
			return err
		}
		for name, text := range files {
			path := filepath.Join(Folder(root, series), filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(path, text, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
